/**
 * vm2. Cold: a new VM for every run. Warm: a new VM too, with the script compiled once. Its
 * timeout ends with the first await, so the outer timer is raced against the rest, and it runs on
 * the host's thread and heap.
 */
import { withDeadline } from '../lib/deadline.mjs'
import { importPeer, peerVersion } from '../lib/peers.mjs'

let api

const scriptText = (source) => `${source}\nmain(JSON.parse(inputText), host).then(JSON.stringify)`

async function execute(script, limits, { input, host }) {
  const vm = new api.VM({
    timeout: limits.timeoutMs,
    eval: false,
    wasm: false,
    bufferAllocLimit: 32 * 1024 * 1024,
    sandbox: { inputText: JSON.stringify(input), host: host ?? {} },
  })
  return JSON.parse(await withDeadline(Promise.resolve(vm.run(script)), limits.timeoutMs))
}

export default {
  name: 'vm2',
  boundary: undefined,
  engine: 'v8',
  onMainThread: true,
  warmGivesUp: "script compiled once; the host's own heap in both modes",
  version: () => peerVersion('vm2'),
  async load() {
    api = (await importPeer('vm2')).default
  },
  setup: async (limits) => ({ limits, scripts: new Map() }),
  runOnce: ({ limits }, codelet) => execute(scriptText(codelet.source), limits, codelet),
  runWarm({ limits, scripts }, codelet) {
    const known = scripts.get(codelet.source)
    const script = known ?? new api.VMScript(scriptText(codelet.source)).compile()
    scripts.set(codelet.source, script)
    return execute(script, limits, codelet)
  },
  parkedAtMost: 200,
  async holdIdle() {
    const machines = Array.from({ length: 100 }, () => new api.VM())
    return { count: machines.length, release: () => machines.splice(0) }
  },
  isTimeout: (error) => /timed out|outer timer/i.test(String(error?.message)),
}

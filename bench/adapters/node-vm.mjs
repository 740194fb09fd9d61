/**
 * node:vm, which Node documents as no security mechanism. Cold: a new context for every run.
 * Warm: a new context too, with the script compiled once. Its timeout ends with the first await,
 * so the outer timer is raced against the rest.
 */
import { createContext, Script } from 'node:vm'
import { withDeadline } from '../lib/deadline.mjs'

const scriptOf = (source) =>
  new Script(`${source}\nmain(JSON.parse(inputText), host).then(JSON.stringify)`)

async function execute(script, limits, { input, host }) {
  const context = createContext(
    { inputText: JSON.stringify(input), host: host ?? {} },
    { codeGeneration: { strings: false, wasm: false } },
  )
  const running = script.runInContext(context, { timeout: limits.timeoutMs })
  return JSON.parse(await withDeadline(running, limits.timeoutMs))
}

export default {
  name: 'node:vm',
  boundary: undefined,
  engine: 'v8',
  onMainThread: true,
  warmGivesUp: "script compiled once; the host's own heap in both modes",
  version: () => process.version,
  async load() {},
  setup: async (limits) => ({ limits, scripts: new Map() }),
  runOnce: async ({ limits }, codelet) => execute(scriptOf(codelet.source), limits, codelet),
  async runWarm({ limits, scripts }, codelet) {
    const script = scripts.get(codelet.source) ?? scriptOf(codelet.source)
    scripts.set(codelet.source, script)
    return await execute(script, limits, codelet)
  },
  parkedAtMost: 200,
  async holdIdle() {
    const contexts = Array.from({ length: 100 }, () => createContext({}))
    return { count: contexts.length, release: () => contexts.splice(0) }
  },
  isTimeout: (error) =>
    error?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT' || error?.name === 'DeadlineError',
}

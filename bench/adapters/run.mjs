/**
 * run (vercel-labs): a fresh QuickJS-WASM context in a pooled worker thread for every run.
 *
 * It has no input parameter and its default limits are small, so short inputs are written into
 * the source, longer ones are fetched through a host function, and the limits are raised. Its
 * pool refuses what is above its cap, so a queue stands in front of it.
 */
import { gateOf } from '../lib/gate.mjs'
import { importPeer, peerVersion } from '../lib/peers.mjs'

const WORKERS = 8
const INLINE_CHARACTERS = 1000
let api

async function execute({ runner, gate }, source, hostFunctions) {
  const result = await gate(() => runner.run({ source, hostFunctions }))
  if (result.status !== 'completed') throw new Error(`run ended as ${result.status}`)
  return result.value
}

const hostGroup = (host) => (host ? { host } : {})
const hostArgument = (host) => (host ? 'host' : 'undefined')

export default {
  name: 'run',
  boundary: 'WASM heap in a worker thread',
  engine: 'quickjs',
  onMainThread: false,
  warmGivesUp: undefined,
  version: () => peerVersion('run'),
  async load() {
    api = await importPeer('run')
  },
  async setup(limits) {
    api.setMaxWorkers(WORKERS)
    const runner = api.createRunner({
      limits: {
        timeoutMs: limits.timeoutMs,
        memoryLimitBytes: limits.memoryBytes,
        maxSourceBytes: 1024 * 1024,
        maxResultBytes: limits.payloadBytes * 2,
        maxHostFunctionArgumentsBytes: limits.payloadBytes * 2,
        maxHostFunctionOutputBytes: limits.payloadBytes * 2,
        maxBridgeRequests: limits.hostCalls + 1,
        maxInFlightBridgeRequests: limits.hostCalls + 1,
      },
    })
    return { runner, gate: gateOf(WORKERS) }
  },
  async runOnce(session, { source, input, host }) {
    const text = JSON.stringify(input)
    const inline = text.length <= INLINE_CHARACTERS
    const argument = inline ? text : 'JSON.parse(await payload.read())'
    const groups = { ...hostGroup(host), ...(!inline && { payload: { read: () => text } }) }
    const body = `${source}\nreturn JSON.stringify(await main(${argument}, ${hostArgument(host)}))`
    return JSON.parse(await execute(session, body, groups))
  },
  /** Its own value format instead of JSON text: objects go in and out as they are. */
  runNative(session, { source, input }) {
    const body = `${source}\nreturn main(await payload.read())`
    return execute(session, body, { payload: { read: () => input } })
  },
  parkedAtMost: WORKERS,
  isTimeout: (error) => /TIMEOUT/.test(String(error?.code)),
}

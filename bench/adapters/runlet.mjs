/**
 * runlet through its published face, resolved by name as any user would. Only the bare round trip
 * has a door of its own: see lib/bare-round-trip.mjs.
 *
 * Cold and warm differ only in the text: a codelet never seen has to be compiled, a known one is
 * in the runner's cache. Both start from the same pristine state.
 */
import { readFileSync } from 'node:fs'
import { openBareRoundTrip } from '../lib/bare-round-trip.mjs'
import { NotAvailableError } from '../lib/not-available.mjs'

let runlet

function settled(result) {
  if (result.ok) return result.value
  const error = new Error(`${result.error.code}: ${result.error.message}`)
  error.code = result.error.code
  throw error
}

const sourceOf = (source) => ({ type: 'string', code: `${source}\nexport { main }` })

async function run({ runner }, { source, input, host }) {
  const options = host ? { input, helpers: host } : { input }
  return settled(await runner.run(sourceOf(source), options))
}

/** Strings cross as they are in either mode of values, so they need no clone. */
async function runNative({ runner }, { source, input }) {
  const options = typeof input === 'string' ? { input } : { input, values: 'clone' }
  try {
    return settled(await runner.run(sourceOf(source), options))
  } catch (error) {
    if (error.code !== 'INVALID_ARGUMENT' || error.details?.field !== 'values') throw error
    throw new NotAvailableError(`this build refuses values: 'clone' (${error.message})`)
  }
}

export default {
  name: 'runlet',
  boundary: 'own heap on a thread of its own',
  engine: 'quickjs',
  onMainThread: false,
  hasReferences: true,
  warmGivesUp: 'nothing: every run starts from the pristine state',
  version: () =>
    JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version,
  async load() {
    runlet = await import('runlet')
  },
  async setup(limits) {
    const runner = runlet.createCodeletRunner({
      ...(limits.parkedRuns && { maxParked: limits.parkedRuns }),
      defaults: {
        timeout_ms: limits.timeoutMs,
        memory_limit_bytes: limits.memoryBytes,
        max_input_bytes: limits.payloadBytes,
        max_result_bytes: limits.payloadBytes,
        max_host_calls: limits.hostCalls,
        max_host_calls_in_flight: limits.hostCalls,
      },
    })
    return { runner, ping: undefined }
  },
  runOnce: run,
  runWarm: run,
  runNative,
  runPing(session) {
    session.ping ??= openBareRoundTrip()
    return session.ping()
  },
  /**
   * Isolates belong to the pool and cannot be held from outside. When enough runs have ended at
   * once, it keeps one for each thread, which the warm-up had it do, and as many again and four more.
   */
  async holdIdle({ runner }, park) {
    await (await park(8)).end() // all threads have started by now
    const { threads } = runner.stats()
    const kept = threads + 4
    for (let i = 0; i < 3; i++) await (await park(threads + kept)).end()
    return { count: kept, release() {} }
  },
  isTimeout: (error) => error?.code === 'TIMEOUT',
  teardown: ({ runner }) => runner.dispose(),
}

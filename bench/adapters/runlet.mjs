/**
 * runlet through its published face, resolved by name as any user would.
 *
 * Cold and warm differ only in the text: a codelet never seen has to be compiled, a known one is
 * in the runner's cache. Both start from the same pristine state.
 */
import { readFileSync } from 'node:fs'

let runlet

async function run(runner, { source, input, host }) {
  const result = await runner.run(
    { type: 'string', code: `${source}\nexport { main }` },
    host ? { input, helpers: host } : { input },
  )
  if (result.ok) return result.value
  const error = new Error(`${result.error.code}: ${result.error.message}`)
  error.code = result.error.code
  throw error
}

export default {
  name: 'runlet',
  boundary: 'own heap on a thread of its own',
  onMainThread: false,
  warmGivesUp: 'nothing: every run starts from the pristine state',
  version: () =>
    JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version,
  async load() {
    runlet = await import('runlet')
  },
  setup: async (limits) =>
    runlet.createCodeletRunner({
      defaults: {
        timeout_ms: limits.timeoutMs,
        memory_limit_bytes: limits.memoryBytes,
        max_input_bytes: limits.payloadBytes,
        max_result_bytes: limits.payloadBytes,
        max_host_calls: limits.hostCalls,
        max_host_calls_in_flight: limits.hostCalls,
      },
    }),
  runOnce: run,
  runWarm: run,
  isTimeout: (error) => error?.code === 'TIMEOUT',
  teardown: (runner) => runner.dispose(),
}

/**
 * quickjs-emscripten with a new WASM instance for every run: what it costs to keep one run's
 * engine abort from poisoning the next. Measured only where that difference shows.
 */
import quickjsEmscripten, { loadPackage, runInNewRuntime } from './quickjs-emscripten.mjs'

let api

export default {
  ...quickjsEmscripten,
  name: 'quickjs-emscripten, new instance',
  boundary: 'WASM heap, one instance per run',
  warmGivesUp: undefined,
  runWarm: undefined,
  runNative: undefined,
  onlyWorkloads: ['cold', 'warm', 'throughput', 'bun-cold', 'bun-warm'],
  async load() {
    api = await loadPackage()
  },
  setup: async (limits) => ({ limits }),
  async runOnce({ limits }, codelet) {
    return await runInNewRuntime(await api.newQuickJSWASMModule(), limits, codelet)
  },
}

/**
 * quickjs-emscripten, release build, one WASM instance. Cold: a new runtime and context for every
 * run. Warm: a new context in one shared runtime. Everything happens on the host's thread.
 */
import { withDeadline } from '../lib/deadline.mjs'
import { importPeer, peerVersion } from '../lib/peers.mjs'

const LARGE_BYTES = 1024 * 1024
let api

function toHandle(context, value) {
  if (typeof value === 'number') return context.newNumber(value)
  return context.newString(JSON.stringify(value))
}

/** Gives the guest `host`: every member returns a promise that the host settles later. */
function defineHost(context, host, pump) {
  const object = context.newObject()
  for (const [name, hostFunction] of Object.entries(host ?? {})) {
    const handle = context.newFunction(name, (...handles) => {
      const args = handles.map((argument) => context.dump(argument))
      const deferred = context.newPromise()
      hostFunction(...args).then((value) => {
        if (!context.alive) return
        toHandle(context, value).consume((result) => deferred.resolve(result))
        pump()
      })
      return deferred.handle
    })
    handle.consume((member) => context.setProp(object, name, member))
  }
  object.consume((member) => context.setProp(context.global, 'host', member))
}

/** How a value crosses: written into the guest, named there, and read back. */
const jsonText = {
  write: (context, input) => context.newString(JSON.stringify(input)),
  call: 'main(JSON.parse(inputValue), host).then(JSON.stringify)',
  read: (context, handle) => JSON.parse(context.getString(handle)),
}
const plainText = {
  write: (context, input) => context.newString(input),
  call: 'main(inputValue, host)',
  read: (context, handle) => context.getString(handle),
}
const bytes = {
  write: (context, input) => context.newArrayBuffer(input.buffer),
  call: 'main(new Uint8Array(inputValue), host).then((bytes) => bytes.buffer)',
  read: (context, handle) => context.getArrayBuffer(handle).consume((view) => view.value.slice()),
}

async function execute(context, { source, input, host }, form) {
  const { runtime } = context
  let fail
  const failed = new Promise((_, reject) => {
    fail = reject
  })
  const runJobs = () => {
    if (!context.alive) return
    const jobs = runtime.executePendingJobs()
    if (jobs.error) fail(new Error(jobs.error.consume((error) => context.dump(error)).message))
    else jobs.dispose()
  }
  // Replies that settle in one turn share one pump of the guest's job queue.
  let pumping = false
  const pump = () => {
    if (pumping) return
    pumping = true
    queueMicrotask(() => {
      pumping = false
      runJobs()
    })
  }
  defineHost(context, host, pump)
  form
    .write(context, input)
    .consume((handle) => context.setProp(context.global, 'inputValue', handle))
  const started = context.evalCode(`${source}\n${form.call}`)
  const settled = context
    .unwrapResult(started)
    .consume((promise) => context.resolvePromise(promise))
  runJobs()
  const result = context.unwrapResult(await Promise.race([settled, failed]))
  return result.consume((handle) => form.read(context, handle))
}

/** A run in a context of its own in `runtime`, under the runtime's interrupt handler. */
export async function runInRuntime(runtime, limits, codelet, form = jsonText) {
  runtime.setInterruptHandler(api.shouldInterruptAfterDeadline(Date.now() + limits.timeoutMs))
  const context = runtime.newContext()
  try {
    return await withDeadline(execute(context, codelet, form), limits.timeoutMs)
  } finally {
    context.dispose()
  }
}

/** A run in a new runtime of `wasm`, which is disposed afterwards. */
export async function runInNewRuntime(wasm, limits, codelet, form) {
  const runtime = wasm.newRuntime()
  try {
    runtime.setMemoryLimit(limits.memoryBytes)
    return await runInRuntime(runtime, limits, codelet, form)
  } finally {
    runtime.dispose()
  }
}

/**
 * Makes the WASM memory large before the first large document. Measured: when it grows for the
 * first time inside a guest job, disposing that runtime aborts the engine, and there would be no
 * figure to print. It costs the peer nothing inside the timed region.
 */
function growMemory(runtime, limits) {
  const context = runtime.newContext()
  context.unwrapResult(context.evalCode(`new ArrayBuffer(${limits.payloadBytes * 4})`)).dispose()
  context.dispose()
}

/**
 * Loads the package.
 * @returns {Promise<object>} its exports
 */
export async function loadPackage() {
  api = await importPeer('quickjs-emscripten')
  return api
}

export default {
  name: 'quickjs-emscripten',
  boundary: 'WASM heap, one instance for all runs',
  engine: 'quickjs',
  onMainThread: true,
  warmGivesUp: 'one runtime for all: heap, memory limit and interrupt handler shared',
  version: () => peerVersion('quickjs-emscripten'),
  load: loadPackage,
  async setup(limits) {
    const wasm = await api.getQuickJS()
    const shared = wasm.newRuntime()
    shared.setMemoryLimit(limits.memoryBytes)
    if (limits.payloadBytes > LARGE_BYTES) growMemory(shared, limits)
    return { wasm, limits, shared }
  },
  runOnce: ({ wasm, limits }, codelet) => runInNewRuntime(wasm, limits, codelet),
  runWarm: ({ shared, limits }, codelet) => runInRuntime(shared, limits, codelet),
  /** A string as it is, and bytes as an ArrayBuffer; the package has no path for other values. */
  nativeKinds: ['string', 'bytes'],
  runNative: ({ wasm, limits }, codelet) =>
    runInNewRuntime(wasm, limits, codelet, typeof codelet.input === 'string' ? plainText : bytes),
  parkedAtMost: 200,
  async holdIdle({ wasm }) {
    const held = Array.from({ length: 100 }, () => {
      const runtime = wasm.newRuntime()
      return { runtime, context: runtime.newContext() }
    })
    const release = () => {
      for (const { runtime, context } of held) {
        context.dispose()
        runtime.dispose()
      }
    }
    return { count: held.length, release }
  },
  isTimeout: (error) => /interrupted|outer timer/i.test(String(error?.message)),
}

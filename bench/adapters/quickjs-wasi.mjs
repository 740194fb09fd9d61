/**
 * quickjs-wasi. Cold: a new WASM instance for every run, from a module compiled once. Warm: a new
 * instance restored from a pristine snapshot; nothing is shared with the run before. Everything
 * happens on the host's thread.
 */
import { readFileSync } from 'node:fs'
import { withDeadline } from '../lib/deadline.mjs'
import { importPeer, peerVersion, resolvePeer } from '../lib/peers.mjs'

let api

function toHandle(vm, value) {
  return typeof value === 'number' ? vm.newNumber(value) : vm.newString(JSON.stringify(value))
}

/** Gives the guest `host`: every member returns a promise that the host settles later. */
function defineHost(vm, host, pump) {
  const object = vm.newObject()
  for (const [name, hostFunction] of Object.entries(host ?? {})) {
    const member = vm.newFunction(name, (...handles) => {
      const args = handles.map((argument) => vm.dump(argument))
      const deferred = vm.newPromise()
      hostFunction(...args).then((value) => {
        toHandle(vm, value).consume((result) => deferred.resolve(result))
        pump()
      })
      return deferred.handle
    })
    member.consume((handle) => vm.setProp(object, name, handle))
  }
  object.consume((handle) => vm.setProp(vm.global, 'host', handle))
}

/** How a value crosses: written into the guest, named there, and read back. */
const jsonText = {
  write: (vm, input) => vm.newString(JSON.stringify(input)),
  call: 'main(JSON.parse(inputValue), host).then(JSON.stringify)',
  read: (handle) => JSON.parse(handle.toString()),
}
const plainText = {
  write: (vm, input) => vm.newString(input),
  call: 'main(inputValue, host)',
  read: (handle) => handle.toString(),
}
const bytes = {
  write: (vm, input) => vm.newUint8Array(input),
  call: 'main(inputValue, host)',
  read: (handle) => handle.toUint8Array(),
}

async function execute(vm, { source, input, host }, form) {
  // Replies that settle in one turn share one pump of the guest's job queue.
  let pumping = false
  const pump = () => {
    if (pumping) return
    pumping = true
    queueMicrotask(() => {
      pumping = false
      vm.executePendingJobs()
    })
  }
  defineHost(vm, host, pump)
  form.write(vm, input).consume((handle) => vm.setProp(vm.global, 'inputValue', handle))
  const promise = vm.evalCode(`${source}\n${form.call}`)
  const settling = vm.resolvePromise(promise)
  vm.executePendingJobs()
  const settled = await settling
  if ('error' in settled) throw new Error(settled.error.consume((error) => error.toString()))
  return settled.value.consume((handle) => form.read(handle))
}

function optionsOf({ wasm, limits }) {
  const endsAt = Date.now() + limits.timeoutMs
  return {
    wasm,
    memoryLimit: limits.memoryBytes,
    interruptHandler: () => Date.now() > endsAt,
  }
}

async function runAndDispose(vm, limits, codelet, form = jsonText) {
  try {
    return await withDeadline(execute(vm, codelet, form), limits.timeoutMs)
  } finally {
    vm.dispose()
  }
}

function disposeAll(machines) {
  for (const vm of machines) vm.dispose()
}

export default {
  name: 'quickjs-wasi',
  boundary: 'WASM heap, one instance per run',
  engine: 'quickjs',
  onMainThread: true,
  warmGivesUp: 'nothing: restored from a pristine snapshot',
  version: () => peerVersion('quickjs-wasi'),
  async load() {
    api = await importPeer('quickjs-wasi')
  },
  async setup(limits) {
    const wasm = await WebAssembly.compile(readFileSync(resolvePeer('quickjs-wasi/quickjs.wasm')))
    const pristine = await api.QuickJS.create({ wasm })
    const snapshot = pristine.snapshot()
    pristine.dispose()
    return { wasm, limits, snapshot }
  },
  async runOnce(session, codelet) {
    const vm = await api.QuickJS.create(optionsOf(session))
    return await runAndDispose(vm, session.limits, codelet)
  },
  async runWarm(session, codelet) {
    const vm = await api.QuickJS.restore(session.snapshot, optionsOf(session))
    return await runAndDispose(vm, session.limits, codelet)
  },
  /** A string as it is, and bytes as a Uint8Array; dates, maps and sets cannot be handed in. */
  nativeKinds: ['string', 'bytes'],
  async runNative(session, codelet) {
    const vm = await api.QuickJS.create(optionsOf(session))
    const form = typeof codelet.input === 'string' ? plainText : bytes
    return await runAndDispose(vm, session.limits, codelet, form)
  },
  parkedAtMost: 50,
  async holdIdle(session) {
    const machines = []
    for (let i = 0; i < 20; i++) machines.push(await api.QuickJS.create(optionsOf(session)))
    return { count: machines.length, release: () => disposeAll(machines) }
  },
  isTimeout: (error) => /interrupted|outer timer/i.test(String(error?.message)),
}

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

async function execute(vm, { source, input, host }) {
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
  vm.newString(JSON.stringify(input)).consume((text) => vm.setProp(vm.global, 'inputText', text))
  const promise = vm.evalCode(`${source}\nmain(JSON.parse(inputText), host).then(JSON.stringify)`)
  const settling = vm.resolvePromise(promise)
  vm.executePendingJobs()
  const settled = await settling
  if ('error' in settled) throw new Error(settled.error.consume((error) => error.toString()))
  return JSON.parse(settled.value.consume((text) => text.toString()))
}

function optionsOf({ wasm, limits }) {
  const endsAt = Date.now() + limits.timeoutMs
  return {
    wasm,
    memoryLimit: limits.memoryBytes,
    interruptHandler: () => Date.now() > endsAt,
  }
}

async function runAndDispose(vm, limits, codelet) {
  try {
    return await withDeadline(execute(vm, codelet), limits.timeoutMs)
  } finally {
    vm.dispose()
  }
}

export default {
  name: 'quickjs-wasi',
  boundary: 'WASM heap, one instance per run',
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
  isTimeout: (error) => /interrupted|outer timer/i.test(String(error?.message)),
}

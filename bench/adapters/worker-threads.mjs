/**
 * worker_threads with node:vm inside. Cold: a new worker with resource limits for every run.
 * Warm: two workers kept, a new vm context per run. The outer timer terminates the worker.
 */
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { DeadlineError } from '../lib/deadline.mjs'
import { gateOf } from '../lib/gate.mjs'

const SLOTS = 8
const KEPT_WORKERS = 2
const guestPath = fileURLToPath(new URL('./worker-threads-guest.cjs', import.meta.url))

function startWorker(limits) {
  return new Worker(guestPath, {
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: Math.round(limits.memoryBytes / 1024 / 1024) },
  })
}

/** Sends one run to `worker` and answers its host calls until the result arrives. */
function runOn(worker, limits, { message, host }) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      end()
      worker.terminate()
      reject(new DeadlineError(limits.timeoutMs))
    }, limits.timeoutMs)
    const answerCall = async ({ call, name, args }) => {
      const value = await host[name](...args)
      worker.postMessage({ kind: 'reply', call, value })
    }
    const onMessage = (reply) => {
      if (reply.kind === 'call') return answerCall(reply)
      end()
      if (reply.kind === 'value') resolve(reply.value)
      else reject(new Error(reply.message))
    }
    const onEnd = (reason) => {
      end()
      reject(reason instanceof Error ? reason : new Error(`the worker ended with code ${reason}`))
    }
    function end() {
      clearTimeout(timer)
      worker.off('message', onMessage).off('error', onEnd).off('exit', onEnd)
    }
    worker.on('message', onMessage).on('error', onEnd).on('exit', onEnd)
    worker.postMessage(message)
  })
}

function messageOf({ source, input, host }, native) {
  return {
    kind: 'run',
    source,
    hostNames: Object.keys(host ?? {}),
    native,
    input: native ? input : JSON.stringify(input),
  }
}

function inNewWorker({ limits, gate }, codelet, native) {
  return gate(async () => {
    const worker = startWorker(limits)
    try {
      return await runOn(worker, limits, {
        message: messageOf(codelet, native),
        host: codelet.host,
      })
    } finally {
      await worker.terminate()
    }
  })
}

export default {
  name: 'worker_threads',
  boundary: 'V8 heap of a worker; an escape from the vm context reaches process',
  engine: 'v8',
  onMainThread: false,
  warmGivesUp: 'workers kept: their heap and process object are shared between runs',
  version: () => process.version,
  async load() {},
  async setup(limits) {
    const idle = []
    return { limits, gate: gateOf(SLOTS), keptGate: gateOf(KEPT_WORKERS), idle }
  },
  runOnce: async (session, codelet) => JSON.parse(await inNewWorker(session, codelet, false)),
  runWarm({ limits, keptGate, idle }, codelet) {
    return keptGate(async () => {
      const worker = idle.pop() ?? startWorker(limits)
      const message = messageOf(codelet, false)
      const text = await runOn(worker, limits, { message, host: codelet.host })
      idle.push(worker) // only a worker that answered is used again
      return JSON.parse(text)
    })
  },
  /** Structured clone instead of JSON text. */
  runNative: (session, codelet) => inNewWorker(session, codelet, true),
  /** An empty message to a worker that stays, and its answer. */
  async runPing({ limits, idle }) {
    const worker = idle.pop() ?? startWorker(limits)
    await runOn(worker, limits, { message: { kind: 'ping' } })
    idle.push(worker)
  },
  parkedAtMost: SLOTS,
  async holdIdle({ limits }) {
    const workers = Array.from({ length: SLOTS }, () => startWorker(limits))
    await Promise.all(workers.map((worker) => runOn(worker, limits, { message: { kind: 'ping' } })))
    return {
      count: workers.length,
      release: () => Promise.all(workers.map((worker) => worker.terminate())),
    }
  },
  isTimeout: (error) => error instanceof DeadlineError,
}

'use strict'

/** The worker's side of worker-threads.mjs: runs a codelet in a new vm context per message. */
const { createContext, Script } = require('node:vm')
const { parentPort } = require('node:worker_threads')

const pending = new Map()
let calls = 0

/** The guest's `host`: every member asks the parent and returns a promise of its reply. */
function hostObject(names) {
  const host = {}
  for (const name of names) {
    host[name] = (...args) =>
      new Promise((resolve) => {
        const call = ++calls
        pending.set(call, resolve)
        parentPort.postMessage({ kind: 'call', call, name, args })
      })
  }
  return host
}

async function run({ source, hostNames, native, input }) {
  const context = createContext(
    { input, host: hostObject(hostNames) },
    { codeGeneration: { strings: false, wasm: false } },
  )
  const call = native ? 'main(input, host)' : 'main(JSON.parse(input), host).then(JSON.stringify)'
  return await new Script(`${source}\n${call}`).runInContext(context)
}

parentPort.on('message', (message) => {
  if (message.kind === 'reply') {
    pending.get(message.call)(message.value)
    pending.delete(message.call)
    return
  }
  if (message.kind === 'ping') {
    parentPort.postMessage({ kind: 'value' })
    return
  }
  run(message).then(
    (value) => parentPort.postMessage({ kind: 'value', value }),
    (error) => parentPort.postMessage({ kind: 'error', message: String(error?.message) }),
  )
})

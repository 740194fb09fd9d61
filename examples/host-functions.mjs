// Functions of the host that a codelet may call: what crosses, what does not, and how many calls.
//
//   node examples/host-functions.mjs

import { HostError, hostFunction, runCodelet } from 'runlet'

const stock = new Map([
  ['LAMP-01', 14],
  ['DESK-11', 0],
])

const host = {
  warehouse: {
    /** A HostError's message reaches the codelet. */
    count: (sku) => {
      if (!stock.has(sku)) throw new HostError(`no such article: ${sku}`)
      return stock.get(sku)
    },
    /** Any other error's message stays here. */
    audit: () => {
      throw new Error('connect ECONNREFUSED db.internal:5432')
    },
  },
  /** With the context of the call: a signal, and a key for services that want one per request. */
  reserve: hostFunction(async (ctx, sku) => `${sku} reserved, call ${ctx.seq} of this run`),
}

async function show(label, body, options = {}) {
  const code = `export async function main(input, { warehouse, reserve }) {\n${body}\n}`
  const result = await runCodelet({ type: 'string', code }, { host, ...options })
  if (result.ok) console.log(`allowed  ${label.padEnd(15)} ${JSON.stringify(result.value)}`)
  else console.log(`refused  ${label.padEnd(15)} ${result.error.code}: ${result.error.message}`)
  return result
}

await show('in parallel', `return Promise.all(['LAMP-01', 'DESK-11'].map(warehouse.count))`)
await show('in sequence', `await warehouse.count('LAMP-01'); return reserve('LAMP-01')`)
await show('caught', `return warehouse.count('SOFA').catch((error) => error.message)`)

const failed = await show('not caught', `return warehouse.audit()`)
console.log(`         ${'for the host'.padEnd(15)} ${failed.error.cause.message}`)

await show('over budget', `for (;;) await warehouse.count('LAMP-01')`, { max_host_calls: 3 })
await show('no such helper', `return typeof warehouse.constructor`)

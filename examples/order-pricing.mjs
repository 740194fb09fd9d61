// Pricing rules written by five strangers, applied to 120 real orders.
//
//   node examples/order-pricing.mjs
//
// Each order is one run, with a state of its own. A rule that fails costs only itself.

import { readFileSync } from 'node:fs'
import { createCodeletRunner } from 'runlet'

const here = (path) => new URL(path, import.meta.url)
const orders = JSON.parse(readFileSync(here('data/orders.json'), 'utf8'))

const runner = createCodeletRunner({ defaults: { timeout_ms: 250 } })
const options = {
  modules: { cart: readFileSync(here('codelets/cart.mjs'), 'utf8') },
  globals: { rates: { standard: 0, silver: 3, gold: 8 } },
}

/** Applies one rule to all orders, or stops at the first order that it fails on. */
async function apply(path) {
  const source = { type: 'file', path: here(`codelets/${path}`) }
  const started = performance.now()
  let discountCents = 0
  let notes = 0
  for (const order of orders) {
    const { ok, value, error, logs } = await runner.run(source, { ...options, input: order })
    if (!ok) return { order: order.id, error }
    discountCents += value.discountCents
    notes += logs.length
  }
  return { discountCents, notes, ms: performance.now() - started }
}

const euros = (cents) => `EUR ${(cents / 100).toFixed(2)}`

console.log(`${orders.length} orders, one run each\n`)
for (const rule of [
  'volume-discount.ts',
  'loyalty.mjs',
  'coupon.mjs',
  'best-price.mjs',
  'phone-home.mjs',
]) {
  const { error, order, discountCents, notes, ms } = await apply(rule)
  if (error) {
    const place = error.line === undefined ? '' : `, line ${error.line}`
    console.log(`refused  ${rule.padEnd(18)} ${error.code} on ${order}${place}: ${error.message}`)
  } else {
    const note = notes > 0 ? `, ${notes} log entries` : ''
    console.log(
      `allowed  ${rule.padEnd(18)} ${euros(discountCents)} off${note}, ${ms.toFixed(1)} ms`,
    )
  }
}
runner.dispose()

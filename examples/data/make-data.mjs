// Writes the example data, the same bytes every time: orders.json and sales.csv.
//
//   node examples/data/make-data.mjs [FOLDER]     default: the folder of this file

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ORDERS = 120
const SALES = 3000

/** A small linear congruential generator: good enough for data, the same on every machine. */
function generator(seed) {
  let state = seed >>> 0
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const catalogue = [
  { sku: 'LAMP-01', name: 'Desk lamp', unitCents: 3490 },
  { sku: 'CHAIR-02', name: 'Chair, oak', unitCents: 12900 },
  { sku: 'CHAIR-07', name: 'Chair, "tall" back', unitCents: 15900 },
  { sku: 'DESK-11', name: 'Desk 160 x 80', unitCents: 34900 },
  { sku: 'MAT-03', name: 'Floor mat', unitCents: 1990 },
  { sku: 'RACK-05', name: 'Cable rack', unitCents: 890 },
]
const tiers = ['standard', 'standard', 'standard', 'silver', 'gold']
const countries = ['AT', 'DE', 'FR', 'NL', 'PL']
const regions = ['north', 'south', 'east', 'west']

const day = (index) => new Date(Date.UTC(2026, 0, 1 + index)).toISOString().slice(0, 10)

function makeOrders() {
  const pick = generator(2026)
  return Array.from({ length: ORDERS }, (_, index) => {
    const lines = Array.from({ length: 1 + pick(4) }, () => {
      const { sku, unitCents } = catalogue[pick(catalogue.length)]
      return { sku, quantity: 1 + pick(12), unitCents }
    })
    const customer = { tier: tiers[pick(tiers.length)], country: countries[pick(countries.length)] }
    const order = { id: `A-${1001 + index}`, placed: day(index % 90), customer, lines }
    return pick(4) === 0 ? { ...order, coupon: 'SPRING10' } : order
  })
}

function makeSales() {
  const pick = generator(48)
  const field = (text) => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  const rows = Array.from({ length: SALES }, (_, index) => {
    const { sku, name, unitCents } = catalogue[pick(catalogue.length)]
    const units = 1 + pick(9)
    // One row in fifty came back; its amount is negative.
    const sign = pick(50) === 0 ? -1 : 1
    const amount = ((sign * units * unitCents) / 100).toFixed(2)
    return [day(Math.floor(index / 9)), regions[pick(4)], sku, field(name), units, amount].join(',')
  })
  return `${['date,region,sku,product,units,amount', ...rows].join('\n')}\n`
}

const folder = process.argv[2] ?? fileURLToPath(new URL('.', import.meta.url))
const write = (name, text) => writeFileSync(join(folder, name), text)

write('orders.json', `${JSON.stringify(makeOrders(), null, 2)}\n`)
write('sales.csv', makeSales())

// A JSON document of 1 MB, reshaped by a stranger's script. The first try shows the limit.
//
//   node examples/json-transform.mjs

import { runCodelet } from 'runlet'

const MIB = 1024 ** 2

/** A catalogue of shops, shelves and items; the same text every time. */
function makeCatalogue() {
  const item = (shop, shelf, index) => ({
    sku: `${shop}-${shelf}-${index}`,
    title: `Item ${index} on shelf ${shelf} of shop ${shop}`,
    cents: ((shop * 31 + shelf * 17 + index * 7) % 400) * 25 + 99,
    stock: (shop + shelf * 3 + index * 5) % 11,
    tags: ['new', 'sale', 'oak', 'steel'].slice(0, (index % 4) + 1),
  })
  const shelf = (shop, code) => ({
    code: `S${code}`,
    items: Array.from({ length: 50 }, (_, index) => item(shop, code, index)),
  })
  const shop = (number) => ({
    name: `shop ${number}`,
    shelves: Array.from({ length: 10 }, (_, code) => shelf(number, code)),
  })
  return { shops: Array.from({ length: 20 }, (_, number) => shop(number)) }
}

const source = { type: 'file', path: new URL('codelets/flatten-catalogue.mjs', import.meta.url) }
const input = makeCatalogue()
const mib = (value) => `${(JSON.stringify(value).length / MIB).toFixed(2)} MiB`

const narrow = await runCodelet(source, { input })
console.log(`refused  ${narrow.error.code}: ${narrow.error.message}`)

const wide = await runCodelet(source, { input, max_result_bytes: 4 * MIB, timeout_ms: 10_000 })
if (!wide.ok) throw new Error(`${wide.error.code}: ${wide.error.message}`)

const { items, bySku } = wide.value
console.log(`allowed  ${mib(input)} in, ${mib(wide.value)} out, ${items.length} items`)
console.log(`         item 19-9-49: ${JSON.stringify(items[bySku['19-9-49']])}`)
console.log(`         took ${wide.usage.wallMs.toFixed(0)} ms on its own thread`)

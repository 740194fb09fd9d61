// A stranger's script sums up a CSV file of 3,000 rows. It gets the text, not the file.
//
//   node examples/csv-summary.mjs

import { readFileSync } from 'node:fs'
import { runCodelet } from 'runlet'

const csv = readFileSync(new URL('data/sales.csv', import.meta.url), 'utf8')
const source = { type: 'file', path: new URL('codelets/csv-summary.mjs', import.meta.url) }

const result = await runCodelet(source, { input: csv, memory_limit_bytes: 16 * 1024 * 1024 })
if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`)

const { rows, returned, regions, best } = result.value
const cents = (value) => (value / 100).toLocaleString('en', { minimumFractionDigits: 2 })

console.log(`${rows} rows, ${returned} of them returns\n`)
console.log('region   rows  units        amount')
for (const [name, total] of Object.entries(regions).sort()) {
  const columns = [name.padEnd(7), String(total.rows).padStart(5), String(total.units).padStart(6)]
  console.log(`${columns.join(' ')} ${cents(total.cents).padStart(13)}`)
}
console.log(`\nbest: ${best.product}, ${cents(best.cents)}`)

const { wallMs, peakMemoryBytes } = result.usage
console.log(`took ${wallMs.toFixed(1)} ms and ${(peakMemoryBytes / 1024 ** 2).toFixed(1)} MiB`)

// Sums a CSV file up: the text comes in as one string, a small object goes out.

/** One line's fields; quotes may hold commas, and a doubled quote stands for one. */
function fieldsOf(line) {
  const matches = line.matchAll(/(?<=^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)
  return Array.from(matches, ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain)
}

export function main(csv) {
  const [head, ...lines] = csv.trimEnd().split(/\r?\n/)
  const names = fieldsOf(head)
  const column = (name) => names.indexOf(name)
  const [region, product, units, amount] = ['region', 'product', 'units', 'amount'].map(column)
  const regions = {}
  const products = {}
  let returned = 0
  for (const line of lines) {
    const row = fieldsOf(line)
    // Cents, because sums of fractions drift.
    const cents = Math.round(Number(row[amount]) * 100)
    if (cents < 0) returned++
    regions[row[region]] ??= { rows: 0, units: 0, cents: 0 }
    const total = regions[row[region]]
    total.rows++
    total.units += Number(row[units]) * Math.sign(cents)
    total.cents += cents
    products[row[product]] = (products[row[product]] ?? 0) + cents
  }
  const [best] = Object.entries(products).sort(([, a], [, b]) => b - a)
  return { rows: lines.length, returned, regions, best: { product: best[0], cents: best[1] } }
}

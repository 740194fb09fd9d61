// Tools over files of a project. Each call of one has a process of its own.

import { readFile } from 'node:fs/promises'

/** One line's fields; quotes may hold commas, and a doubled quote stands for one. */
function fieldsOf(line) {
  const matches = line.matchAll(/(?<=^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)
  return Array.from(matches, ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain)
}

/** Rows of a CSV file as objects, by the names in its first line. */
async function rowsOf(path) {
  const [head, ...lines] = (await readFile(path, 'utf8')).trimEnd().split(/\r?\n/)
  const names = fieldsOf(head)
  return lines.map((line) => {
    const fields = fieldsOf(line)
    return Object.fromEntries(names.map((name, index) => [name, fields[index]]))
  })
}

/** `{ path }` to rows and amounts by region; the config names the currency. */
export async function summarize({ path }, { currency }) {
  const rows = await rowsOf(path)
  const cents = {}
  for (const { region, amount } of rows) {
    // Cents, because sums of fractions drift.
    cents[region] = (cents[region] ?? 0) + Math.round(Number(amount) * 100)
  }
  console.log(`${rows.length} rows of ${path}`)
  return { rows: rows.length, currency, cents }
}

/** `{ path }` to the average amount. Its author forgot to round: see the example. */
export async function average({ path }) {
  const rows = await rowsOf(path)
  const sum = rows.reduce((total, { amount }) => total + Number(amount), 0)
  return { rows: rows.length, cents: (sum * 100) / rows.length }
}

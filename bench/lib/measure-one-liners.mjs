/**
 * Hostile one-liners: how long after its deadline each of them ends, run inside a cell. The corpus
 * and the way of running it are in one-liners.mjs.
 * @module
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { NotAvailableError } from './not-available.mjs'

const corpus = new URL('./one-liners.mjs', import.meta.url)

/** @returns {Promise<object>} `count`, `p50`, `p99`, `max` in ms past the deadline */
export async function oneLiners({ effort }) {
  if (!existsSync(fileURLToPath(corpus))) {
    throw new NotAvailableError('the corpus bench/lib/one-liners.mjs is not there')
  }
  const exported = await import(corpus.href)
  const functions = Object.values(exported).filter((value) => typeof value === 'function')
  const measure = exported.default ?? exported.measureOneLiners ?? functions[0]
  if (typeof measure !== 'function') throw new Error('one-liners.mjs exports no function')
  const { count, p50, p99, max } = await measure({ budgetMs: effort.budgetMs })
  for (const [name, value] of Object.entries({ count, p50, p99, max })) {
    if (!Number.isFinite(value)) throw new Error(`one-liners.mjs gave ${name} = ${value}`)
  }
  return { count, p50, p99, max }
}

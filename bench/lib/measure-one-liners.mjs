/**
 * Hostile one-liners: how long after its deadline each of them ends, run inside a cell. The corpus
 * and the way of running it are in one-liners.mjs.
 * @module
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { NotAvailableError } from './not-available.mjs'

const corpus = new URL('./one-liners.mjs', import.meta.url)

/**
 * @returns {Promise<object>} `count` programs, `late` of them ended at their deadline; of those
 *   `p50`, `p99`, `max` in ms past it, and `latest`, the name of the last
 * @throws NotAvailableError when this copy of the repository has no corpus
 */
export async function oneLiners() {
  if (!existsSync(fileURLToPath(corpus))) {
    throw new NotAvailableError('the corpus bench/lib/one-liners.mjs is not there')
  }
  const { measureOneLiners } = await import(corpus.href)
  const { count, late, p50, p99, max, latest } = await measureOneLiners()
  for (const [name, value] of Object.entries({ count, p50, p99, max })) {
    if (!Number.isFinite(value)) throw new Error(`the corpus gave ${name} = ${value}`)
  }
  return { count, late, p50, p99, max, latest }
}

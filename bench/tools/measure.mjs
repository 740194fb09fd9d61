/**
 * Measures ways to run a tool in turns: in each round every way makes one call, in an order that
 * moves on, so that a machine that slows down does so for all.
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { median } from '../lib/statistics.mjs'

/** What a pool of single-use processes needs to be full again, before its next call. */
export const REFILL_MS = 700

/** Calls of a way in its turn. */
export const BURST = 8

async function once(way, input) {
  const start = performance.now()
  const value = await way.call('echo', input)
  const ms = performance.now() - start
  if (value.length !== input.payload.length || value.payload !== input.payload) {
    throw new Error('a way gave another value than the tool')
  }
  return ms
}

/**
 * @param {Record<string, {open: () => unknown, paced?: boolean}>} ways
 * @param {number} bytes size of the input's payload
 * @param {number} rounds calls of each way
 * @returns {Promise<Record<string, {median: number, min: number, first: number, n: number}|{problem: string}>>} ms
 */
export async function inTurns(ways, bytes, rounds) {
  const input = { payload: 'x'.repeat(bytes) }
  const open = {}
  const samples = {}
  for (const [id, way] of Object.entries(ways)) {
    try {
      open[id] = await way.open()
      if (way.paced) await sleep(3 * REFILL_MS)
      for (let warmUp = 0; warmUp < 3; warmUp++) await once(open[id], input)
      samples[id] = []
    } catch (error) {
      samples[id] = { problem: String(error?.message ?? error).split('\n')[0] }
    }
  }
  const ids = Object.keys(samples).filter((id) => Array.isArray(samples[id]))
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < ids.length; turn++) {
      const id = ids[(round + turn) % ids.length]
      if (ways[id].paced) await sleep(REFILL_MS)
      // As many at a time as the pool holds; the others get as many, so that all are as warm.
      for (let call = 0; call < BURST; call++) samples[id].push(await once(open[id], input))
    }
  }
  const rows = {}
  for (const [id, found] of Object.entries(samples)) {
    rows[id] = Array.isArray(found)
      ? {
          median: median(found),
          min: Math.min(...found),
          first: median(found.filter((_, at) => at % BURST === 0)),
          n: found.length,
        }
      : found
  }
  for (const id of ids) await open[id].close()
  return rows
}

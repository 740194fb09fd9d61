/**
 * Measures ways to do one thing in turns: in each round every way has its turn, in an order that moves
 * on, so that a machine that slows down does so for all.
 * @module
 */
import { median } from '../lib/statistics.mjs'

/** @typedef {{rounds: number[][], median: number, min: number, n: number}} Figures times in ms */

async function once(row, handle, id, number) {
  await row.prepare?.(handle, number)
  const start = performance.now()
  const value = await row.run(handle, number)
  const ms = performance.now() - start
  const problem = row.check?.(value, id)
  if (problem) throw new Error(problem)
  return ms
}

const firstLine = (error) => String(error?.message ?? error).split('\n')[0]

/**
 * @param {Record<string, object>} handles what each way has opened, by id; `{problem}` where it has not
 * @param {{run: Function, prepare?: Function, check?: Function, rounds: number, burst?: number,
 *   every?: Record<string, number>}} row what is done. `prepare` is not timed; `check` gives what is
 *   wrong with a value; a way with `every` n has a turn in one of n rounds only
 * @returns {Promise<Record<string, Figures|{problem: string}>>}
 */
export async function inTurns(handles, row) {
  const { rounds, burst = 1, every = {} } = row
  const samples = {}
  const problems = {}
  let number = 0
  for (const [id, handle] of Object.entries(handles)) {
    if (handle.problem !== undefined) problems[id] = handle.problem
    else samples[id] = []
  }
  const ids = Object.keys(samples)
  for (let round = -1; round < rounds; round++) {
    for (let turn = 0; turn < ids.length; turn++) {
      const id = ids[(round + 1 + turn) % ids.length]
      if (problems[id] !== undefined || (round > 0 && round % (every[id] ?? 1) !== 0)) continue
      try {
        const times = []
        // The first round warms up, and so does the first call of a turn that has several.
        for (let call = burst > 1 ? -1 : 0; call < burst; call++) {
          const ms = await once(row, handles[id], id, number++)
          if (call >= 0) times.push(ms)
        }
        if (round >= 0) samples[id].push(times)
      } catch (error) {
        problems[id] = firstLine(error)
      }
    }
  }
  const found = {}
  for (const id of Object.keys(handles)) {
    found[id] = problems[id] === undefined ? figures(samples[id]) : { problem: problems[id] }
  }
  return found
}

/**
 * @param {number[][]} rounds samples of each round
 * @returns {Figures}
 */
export function figures(rounds) {
  const all = rounds.flat()
  return { rounds, median: median(all), min: Math.min(...all), n: all.length }
}

/**
 * @param {Figures} one
 * @param {Figures} other with as many rounds
 * @returns {number} the median of what `one` took more than `other` within a round
 */
export const added = (one, other) =>
  median(one.rounds.map((times, round) => median(times) - median(other.rounds[round])))

/**
 * Opens ways, each by itself: one that is not there keeps nobody away.
 * @param {Record<string, {open: Function}>} ways
 * @param {unknown[]} args for `open`
 * @returns {Promise<Record<string, object>>} handles, or `{problem}`
 */
export async function openAll(ways, ...args) {
  const handles = {}
  for (const [id, way] of Object.entries(ways)) {
    try {
      handles[id] = await way.open(...args)
    } catch (error) {
      handles[id] = { problem: firstLine(error) }
    }
  }
  return handles
}

/** @param {Record<string, object>} handles */
export async function closeAll(handles) {
  for (const handle of Object.values(handles)) await handle.close?.()
}

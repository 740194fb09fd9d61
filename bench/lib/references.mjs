/**
 * References: what runlet's own rows are read against, taken in turns with the row's samples in
 * the same process, so that both meet the machine in the same mood.
 * @module
 */
import { openBareRoundTrip } from './bare-round-trip.mjs'
import { ownCpuMs } from './process-tree.mjs'

/** After this much measured time, or so many samples, it is the references' turn. */
const TURN_MS = 2
const BLOCK = 50

/** The functions to time; each makes one call. */
function callsOf(names, { run, job }) {
  const all = {
    ping: () => openBareRoundTrip(),
    warm: () => () => run({ source: job.source, input: job.input(0), host: job.host }),
  }
  return names.map((name) => ({ name, call: all[name](), samplesMs: [] }))
}

/**
 * @param {string[]} names `ping`, `warm`
 * @param {{run: Function, job: object}} cell
 * @returns {{after(elapsedMs: number): Promise<number>, samples(): object}} `after` is told of each
 *   sample and gives the CPU ms it used itself; `samples` gives the references' samples by name
 */
export function takeReferences(names, cell) {
  const references = callsOf(names, cell)
  let sinceLast = 0
  let samples = 0
  return {
    async after(elapsedMs) {
      sinceLast += elapsedMs
      samples++
      if (references.length === 0 || (sinceLast < TURN_MS && samples < BLOCK)) return 0
      sinceLast = 0
      samples = 0
      const cpuBefore = ownCpuMs()
      for (const { call, samplesMs } of references) {
        for (let i = 0; i < BLOCK; i++) {
          const startedAt = performance.now()
          await call()
          samplesMs.push(performance.now() - startedAt)
        }
      }
      return ownCpuMs() - cpuBefore
    },
    samples: () => Object.fromEntries(references.map(({ name, samplesMs }) => [name, samplesMs])),
  }
}

/**
 * `node bench/isolation.mjs [runs]`: what a process around the engine costs.
 *
 * The same codelet on a runner of threads and on one of processes, in one process and in turns, so that
 * a machine that slows down does so for both. Every value is checked. Decides nothing: it prints.
 */

import { createCodeletRunner } from 'runlet'

const RUNS = Number(process.argv[2] ?? 5000)
const ROUND = 250
const AT_ONCE = 64

const trivial = { type: 'string', code: 'export default (input) => input.value * 2' }
const calling = {
  type: 'string',
  code: 'export default async (input, { next }) => (await next(input.value)) + input.value',
}
const host = { next: (value) => value }
const large = 'x'.repeat(100_000)
const echoing = { type: 'string', code: 'export default (input) => input' }

/** Each gives the time of one run in microseconds. */
const WORKLOADS = {
  'a trivial run': (runner, value) => check(runner.run(trivial, { input: { value } }), value * 2),
  'one call of a host function': (runner, value) =>
    check(runner.run(calling, { input: { value }, host }), value * 2),
  '100 KB there and back': (runner) => check(runner.run(echoing, { input: large }), large),
}

async function check(run, expected) {
  const result = await run
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`)
  if (result.value !== expected) throw new Error('a wrong value')
}

async function timed(work) {
  const began = performance.now()
  await work()
  return (performance.now() - began) * 1000
}

function spread(times) {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
  return [at(0), at(0.5), at(0.95)].map((time) => time.toFixed(1).padStart(9)).join('')
}

const runners = {
  thread: createCodeletRunner({ isolation: 'thread' }),
  process: createCodeletRunner({ isolation: 'process' }),
}

console.log(`µs per run${' '.repeat(38)}min   median      p95`)
for (const [name, work] of Object.entries(WORKLOADS)) {
  const times = { thread: [], process: [] }
  for (const runner of Object.values(runners)) {
    for (let warm = 0; warm < 20; warm++) await work(runner, warm)
  }
  for (let done = 0; done < RUNS; done += ROUND) {
    for (const [place, runner] of Object.entries(runners)) {
      for (let value = 0; value < ROUND; value++) {
        times[place].push(await timed(() => work(runner, value)))
      }
    }
  }
  for (const [place, all] of Object.entries(times)) {
    console.log(`${name.padEnd(30)}${place.padEnd(10)}${spread(all)}`)
  }
}

for (const [place, runner] of Object.entries(runners)) {
  const started = performance.now()
  let next = 0
  const lane = async () => {
    while (next < RUNS) await WORKLOADS['a trivial run'](runner, next++)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  const each = ((performance.now() - started) * 1000) / RUNS
  console.log(
    `${`${AT_ONCE} at once, per run`.padEnd(30)}${place.padEnd(10)}${each.toFixed(1).padStart(18)}`,
  )
}

const cold = await timed(async () => {
  const runner = createCodeletRunner({ isolation: 'process' })
  await WORKLOADS['a trivial run'](runner, 1)
  runner.dispose()
})
console.log(
  `${'first run of a runner'.padEnd(30)}${'process'.padEnd(10)}${cold.toFixed(1).padStart(18)}`,
)
for (const runner of Object.values(runners)) runner.dispose()

// A soak: very many runs of all kinds in one process, every outcome checked, nothing left behind.

import assert from 'node:assert/strict'
import { createCodeletRunner } from 'runlet'
import { kinds } from './kinds.mjs'
import { activeResources, counts, residentMiB } from './process-facts.mjs'
import { randomOf } from './random.mjs'

/** Runs under way at once, over the soak's own runners. */
const LANES = 64
/** Each runner with bounds of its own; the second has a small cache that churns. */
const RUNNERS = [{}, { cacheEntries: 4 }, { maxConcurrent: 1 }, { maxParked: 8 }]
const SAMPLES = 100
/** Share of the runs after which memory should have found its level. */
const WARM_UP = 0.05
/** Nothing ends for so long: something hangs. */
const SILENCE_MS = 60_000

const total = Object.values(kinds).reduce((sum, { weight }) => sum + weight, 0)

function kindAt(share) {
  let left = share * total
  const found = Object.entries(kinds).find(([, { weight }]) => {
    left -= weight
    return left < 0
  })
  return found ?? Object.entries(kinds)[0]
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]
}

/** The larger of two counts, where the system tells. */
const most = (a, b) => (a === undefined ? undefined : Math.max(a, b))

/** Median of each tenth of the samples, in their order. */
function tenths(samples) {
  return Array.from({ length: 10 }, (_, at) =>
    median(samples.slice((samples.length * at) / 10, (samples.length * (at + 1)) / 10)),
  )
}

/**
 * Performs `runs` runs chosen by `seed`. `maxGrowthMiB` bounds how much the median of resident
 * memory in the last tenth may lie above that of the second. `onProgress` is told about every
 * hundredth part: `{ done, runs, seconds, resident }`.
 *
 * Resolves to `{ runs, seconds, codes, resident, growthMiB, stats }`: `codes` counts the codes of
 * each kind, `resident` holds a median for each tenth. Rejects with the seed, the number and the
 * kind of the first run that gave what it must not, or with what was left behind.
 */
export async function soak({ runs, seed, maxGrowthMiB, onProgress = () => {} }) {
  const runners = RUNNERS.map((options) =>
    createCodeletRunner({ maxQueued: 2 * LANES, ...options }),
  )
  const submitted = runners.map(() => 0)
  const codes = Object.fromEntries(Object.keys(kinds).map((name) => [name, {}]))
  const open = new Map()
  const samples = []
  const started = performance.now()
  const step = Math.max(1, Math.floor(runs / SAMPLES))
  let next = 0
  let done = 0
  let quiet = started
  let early

  async function perform(index) {
    const random = randomOf(seed, index)
    const [name, { perform: act }] = kindAt(random())
    const which = Math.floor(random() * runners.length)
    const run = (code, options) => {
      submitted[which]++
      return runners[which].run({ type: 'string', code }, options)
    }
    open.set(index, name)
    try {
      for (const code of [await act({ run, random, index })].flat()) {
        codes[name][code] = (codes[name][code] ?? 0) + 1
      }
    } catch (cause) {
      throw new Error(`seed ${seed}, run ${index} (${name}): ${cause.message}`, { cause })
    }
    open.delete(index)
    done++
    quiet = performance.now()
    if (done % step === 0) {
      const resident = residentMiB()
      samples.push(resident)
      onProgress({ done, runs, seconds: (quiet - started) / 1000, resident })
    }
    // The most of a few counts: one process that comes or goes between two looks makes one too small.
    const since = done - Math.ceil(runs * WARM_UP)
    if (since === 0) early = counts()
    else if (since > 0 && since <= 50)
      early = { ...early, files: most(early.files, counts().files) }
  }
  let failed = false
  const lane = async () => {
    while (next < runs && !failed) await perform(next++)
  }
  let watch
  const silence = new Promise((_, reject) => {
    watch = setInterval(() => {
      if (performance.now() - quiet < SILENCE_MS) return
      const stuck = [...open].map(([index, name]) => `${index} (${name})`).join(', ')
      reject(new Error(`seed ${seed}: nothing ended for ${SILENCE_MS} ms; open: ${stuck}`))
    }, 1000)
  })
  try {
    await Promise.race([Promise.all(Array.from({ length: LANES }, lane)), silence])
  } finally {
    failed = true
    clearInterval(watch)
  }
  const seconds = (performance.now() - started) / 1000

  let late = counts()
  // A process that is being started holds more files, for a moment.
  for (let left = 50; late.files > early.files && left > 0; left--) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    late = counts()
  }
  assert.equal(late.threads, early.threads, 'threads after the warm-up and at the end')
  // Fewer where processes were being started after the warm-up.
  const files = `${early.files} files open after the warm-up, ${late.files} at the end`
  assert.ok(late.files === undefined || late.files <= early.files, files)
  const stats = runners.map((runner) => runner.stats())
  stats.forEach(({ queued, running, parked, runs: ended, runsByCode }, at) => {
    assert.deepEqual({ queued, running, parked }, { queued: 0, running: 0, parked: 0 })
    assert.equal(ended, submitted[at], 'runs counted and runs submitted')
    const sum = Object.values(runsByCode).reduce((all, count) => all + count, 0)
    assert.equal(sum, ended, 'runs by code and runs')
  })
  for (const runner of runners) runner.dispose()
  // Timers of aborts that came too late may still be due.
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.deepEqual(activeResources() ?? [], [], 'what still holds the event loop')

  const resident = tenths(samples)
  const growthMiB = resident[9] - resident[1]
  const curve = resident.map((mib) => mib.toFixed(0)).join(' ')
  assert.ok(
    growthMiB <= maxGrowthMiB,
    `resident memory grew by ${growthMiB.toFixed(1)} MiB, more than ${maxGrowthMiB}: ${curve}`,
  )
  return { runs, seconds, codes, resident, growthMiB, counts: late, stats }
}

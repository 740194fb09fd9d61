/**
 * The ways of measuring times, run inside a cell. Each takes a `run` function that takes a
 * codelet to its value, and checks every value it gets.
 * @module
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { startHeartbeat } from './heartbeat.mjs'
import { ownCpuMs, startCpuClock } from './process-tree.mjs'
import { takeReferences } from './references.mjs'

/** Warm-up: both at least, so that the host's engine has compiled what every run of a peer needs. */
const WARM_UP_RUNS = 3
const WARM_UP_MS = 100
const MIN_SAMPLES = 3

/**
 * Builds the codelet of one sample. In mode `once` the text is new every time, so that no cache,
 * ours or theirs, has seen it; the other modes repeat one text, which is what they are for.
 */
export function codeletOf(job, mode, sample) {
  const source =
    mode === 'once' ? `${job.source}\n// sample ${process.pid}:${sample}\n` : job.source
  return { source, input: job.input(sample), host: job.host }
}

export function refuse(problem, value) {
  const shown = JSON.stringify(value)?.slice(0, 200)
  throw new Error(`wrong value: ${problem}, got ${shown}`)
}

/** Runs that nobody measures. */
async function warmUp(once) {
  const endsAt = performance.now() + WARM_UP_MS
  for (let run = 0; run < WARM_UP_RUNS || performance.now() < endsAt; run++) await once()
}

/**
 * Sequential awaits: samples one run at a time until there are enough of them or time is up.
 * @returns {Promise<object>} `firstMs`, `samplesMs`, `cpuMs` (all runs together), `references`
 */
export async function serial({ run, job, mode, effort, references }) {
  let firstMs
  let sample = 0
  let checkCpuMs = 0
  const once = async () => {
    const codelet = codeletOf(job, mode, sample++)
    const startedAt = performance.now()
    const value = await run(codelet)
    const elapsedMs = performance.now() - startedAt
    const cpuBefore = ownCpuMs()
    const problem = job.check(value, codelet.input)
    if (problem) refuse(problem, value)
    checkCpuMs += ownCpuMs() - cpuBefore
    return elapsedMs
  }
  await warmUp(async () => {
    const elapsedMs = await once()
    firstMs ??= elapsedMs
  })
  checkCpuMs = 0
  const samplesMs = []
  const beside = takeReferences(references, { run, job })
  const cpu = startCpuClock()
  const endsAt = performance.now() + effort.budgetMs
  while (samplesMs.length < effort.samples) {
    if (samplesMs.length >= MIN_SAMPLES && performance.now() > endsAt) break
    const elapsedMs = await once()
    samplesMs.push(elapsedMs)
    checkCpuMs += await beside.after(elapsedMs)
  }
  // Comparing a large document is the benchmark's own work, so it is taken off the CPU time.
  const cpuMs = Math.max(0, cpu.stop() - checkCpuMs)
  return { firstMs, samplesMs, cpuMs, references: beside.samples() }
}

/** The timer on this process while nothing runs: what can be kept at all. */
async function idleBeat(periodMs, forMs) {
  const heartbeat = startHeartbeat(periodMs)
  await sleep(forMs)
  return heartbeat.stop()
}

/**
 * Keeps `effort.inFlight` runs going at once beside a 5 ms timer. Before that come the same timer
 * with nothing beside it, and some runs one after the other, to read the figures against.
 *
 * Every run starts in its own turn of the event loop, as it would in a server that gets requests.
 * Without that, an engine on the host's thread would chain its runs through microtasks and starve
 * the timer through the driver's fault rather than its own.
 * @returns {Promise<object>} `runs`, `elapsedMs`, `cpuMs`, `heartbeat`, `idle`, `serialMs`
 */
export async function throughput({ run, job, mode, effort }) {
  let sample = 0
  const once = async () => {
    const codelet = codeletOf(job, mode, sample++)
    const value = await run(codelet)
    const problem = job.check(value, codelet.input)
    if (problem) refuse(problem, value)
  }
  await warmUp(once)
  const serialMs = []
  const serialEndsAt = performance.now() + effort.serialMs
  while (serialMs.length < effort.serialSamples && performance.now() < serialEndsAt) {
    const startedAt = performance.now()
    await once()
    serialMs.push(performance.now() - startedAt)
  }
  const idle = await idleBeat(5, effort.idleMs)
  let runs = 0
  const cpu = startCpuClock()
  const heartbeat = startHeartbeat(5)
  const startedAt = performance.now()
  const isDone = () => {
    const elapsedMs = performance.now() - startedAt
    return elapsedMs >= effort.maxMs || (elapsedMs >= effort.minMs && runs >= effort.runs)
  }
  const lane = async () => {
    while (!isDone()) {
      await nextTurn()
      await once()
      runs++
    }
  }
  await Promise.all(Array.from({ length: effort.inFlight }, lane))
  const elapsedMs = performance.now() - startedAt
  const beat = heartbeat.stop()
  return { runs, elapsedMs, cpuMs: cpu.stop(), heartbeat: beat, idle, serialMs }
}

/**
 * Starts endless loops together beside a 10 ms timer and waits until each has been stopped, then
 * looks for another second whether anything still burns.
 * @returns {Promise<object>} `runs`, `stopped`, `otherErrors`, `elapsedMs`, `heartbeat`, `idle`,
 *   `afterCpuMs`
 */
export async function loops({ run, job, mode, effort, isTimeout, onMainThread }) {
  const runs = onMainThread ? effort.runsOnMainThread : effort.runs
  const idle = await idleBeat(10, effort.idleMs)
  const heartbeat = startHeartbeat(10)
  const startedAt = performance.now()
  const ended = await Promise.allSettled(
    Array.from({ length: runs }, async (_, i) => {
      await nextTurn()
      return run(codeletOf(job, mode, i))
    }),
  )
  const elapsedMs = performance.now() - startedAt
  const beat = heartbeat.stop()
  const returned = ended.filter((end) => end.status === 'fulfilled').length
  if (returned > 0) throw new Error(`wrong value: ${returned} endless loops returned a value`)
  const errors = ended.map((end) => end.reason)
  const strangers = errors.filter((error) => !isTimeout(error))
  const cpu = startCpuClock()
  await sleep(1000)
  return {
    runs,
    stopped: runs - strangers.length,
    otherErrors: [...new Set(strangers.map((error) => String(error?.message ?? error)))].slice(
      0,
      3,
    ),
    elapsedMs,
    heartbeat: beat,
    idle,
    afterCpuMs: cpu.stop(),
  }
}

/** The same 5 ms timer on a host that does nothing: what 100 % looks like on this machine. */
export async function idle({ effort }) {
  return { heartbeat: await idleBeat(5, effort.minMs) }
}

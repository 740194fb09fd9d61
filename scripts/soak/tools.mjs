// A soak of tools: very many calls in processes of their own, each outcome checked, nothing left.

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createToolRuntime } from 'runlet'
import { counts, residentMiB } from './process-facts.mjs'

/** Calls under way at once. */
const LANES = 8
/** Share of the calls after which memory, threads and files should have found their level. */
const WARM_UP = 0.1
const SAMPLES = 50
/** Only a hang takes longer. */
const PATIENCE_MS = 60_000

const ENTRYPOINT = `
import { spawn } from 'node:child_process'
import { writeSync } from 'node:fs'
const never = () => new Promise((resolve) => setTimeout(resolve, 2 ** 31 - 1))
export const echo = (input) => input
export const bytes = (length) => 'x'.repeat(length)
export const prints = (lines) => { for (let at = 0; at < lines; at++) console.log('line', at) }
export const throws = () => { throw new RangeError('no') }
export const exits = () => { writeSync(2, 'last words'); process.exit(3) }
export const kills = () => { process.kill(process.pid, 'SIGKILL'); return never() }
export const opens = () => { setInterval(() => {}, 1); return 'open' }
export const starts = () => { spawn('/bin/sleep', ['600'], { stdio: 'ignore' }).unref(); return 'started' }
export const forges = () => { writeSync(3, Buffer.alloc(21, 17)); process.exit(0) }
`

/** Each kind of call, how often it comes, and what it must come to. */
const KINDS = [
  { id: 'echo', weight: 60, input: { text: 'x'.repeat(1000), list: [1, null] }, code: 'OK' },
  { id: 'bytes', weight: 8, input: 300_000, code: 'OK' },
  { id: 'prints', weight: 8, input: 50, onLog: () => {}, code: 'OK' },
  { id: 'opens', weight: 5, code: 'OK' },
  { id: 'starts', weight: 3, code: 'OK' },
  { id: 'throws', weight: 6, code: 'RUNTIME_ERROR' },
  { id: 'exits', weight: 3, code: 'PROCESS_EXIT' },
  { id: 'kills', weight: 3, code: 'PROCESS_EXIT' },
  { id: 'forges', weight: 2, code: 'PROTOCOL_ERROR' },
  { id: 'nothing', weight: 2, code: 'INVALID_ARGUMENT' },
]
const order = KINDS.flatMap((kind) => Array(kind.weight).fill(kind))

/** Pids of children of this process, with their states; empty where the system does not tell. */
function children() {
  try {
    return readdirSync('/proc').flatMap((name) => {
      if (!/^\d+$/.test(name)) return []
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        return Number(parent) === process.pid ? [state] : []
      } catch {
        return []
      }
    })
  } catch {
    return []
  }
}

async function until(what, holds) {
  const end = Date.now() + PATIENCE_MS
  while (!holds()) {
    if (Date.now() > end) throw new Error(`never: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/**
 * Makes `calls` calls, all warm if `warm` or all cold, and checks each. `onProgress` is told about
 * every fiftieth part: `{ done, calls, seconds, resident }`.
 *
 * Resolves to `{ calls, seconds, codes, resident, growthMiB, counts, pool }`; `resident` holds a
 * sample for each fiftieth part, in MiB. Rejects with the first call that came to what it must not, or
 * with what was left behind: memory above `maxGrowthMiB`, threads, open files, processes.
 */
export async function soakTools({ runtimeType, calls, warm, maxGrowthMiB, onProgress = () => {} }) {
  const projectRoot = mkdtempSync(join(tmpdir(), 'runlet-soak-'))
  writeFileSync(join(projectRoot, 'tools.mjs'), ENTRYPOINT)
  const tools = createToolRuntime({
    projectRoot,
    runtimeType,
    entrypointPath: './tools.mjs',
    permissions: ['--allow-read', '--allow-write', '--allow-net', '--allow-run'],
    maxConcurrent: LANES,
    warm: { size: warm ? 4 : 0 },
  })
  const idle = warm ? 4 : 0
  // Besides the idle ones, the one process that watches over all others.
  const quiet = () => {
    const states = children()
    return states.length <= idle + 1 && !states.includes('Z')
  }
  const codes = {}
  const resident = []
  const step = Math.max(1, Math.floor(calls / SAMPLES))
  const started = performance.now()
  let next = 0
  let done = 0

  const lane = async (last) => {
    while (next < last) {
      const at = next++
      // Steps that share no factor with the length: kinds come mixed.
      const { id, code, weight, ...given } = order[(at * 37) % order.length]
      const result = await tools.executeTool(id, { ...given, timeoutMs: PATIENCE_MS })
      const got = result.ok ? 'OK' : result.error.code
      assert.equal(got, code, `call ${at} of ${id}: ${result.error?.message}`)
      codes[got] = (codes[got] ?? 0) + 1
      if (++done % step === 0) {
        resident.push(residentMiB())
        const seconds = (performance.now() - started) / 1000
        onProgress({ done, calls, seconds, resident: resident.at(-1) })
      }
    }
  }
  const upTo = async (last) => {
    await Promise.all(Array.from({ length: LANES }, () => lane(last)))
    await until('processes of ended calls are gone', quiet)
  }
  try {
    await upTo(Math.ceil(calls * WARM_UP))
    const early = counts()
    await upTo(calls)
    const late = counts()
    const seconds = (performance.now() - started) / 1000
    for (const name of ['threads', 'files']) {
      if (early[name] === undefined) continue
      const told = `${name}: ${early[name]} after the warm-up, ${late[name]} at the end`
      assert.ok(late[name] <= early[name] + 2, told)
    }
    const { queued, running, executions, pool } = tools.stats()
    assert.deepEqual({ queued, running }, { queued: 0, running: 0 })
    assert.equal(executions.success + executions.error + executions.timeout, calls)
    if (warm) assert.ok(pool.hits > 0, 'no call found an idle worker')
    await tools.dispose()
    await until('no process is left', () => children().length <= 1)
    const tenth = Math.max(1, Math.floor(resident.length / 10))
    const median = (part) => [...part].sort((a, b) => a - b)[part.length >> 1] ?? 0
    const growthMiB = median(resident.slice(-tenth)) - median(resident.slice(tenth, 2 * tenth))
    assert.ok(
      growthMiB <= maxGrowthMiB,
      `resident memory grew by ${growthMiB.toFixed(1)} MiB, more than ${maxGrowthMiB}`,
    )
    return { calls, seconds, codes, resident, growthMiB, counts: late, pool }
  } finally {
    await tools.dispose()
    rmSync(projectRoot, { recursive: true, force: true })
  }
}

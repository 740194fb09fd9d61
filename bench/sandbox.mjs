/**
 * `npm run bench:sandbox`: what it costs that the kernel keeps a tool's permissions. The same calls
 * with everything granted, which is no sandbox, and with rules, in turns: each round has every set once,
 * in an order that changes, and what is more or less is told as the median of the rounds' differences.
 *
 *   node bench/sandbox.mjs [--quick] [--publish]
 *
 * `--publish` writes docs/benchmarks-sandbox.md.
 */
import { fork } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { findBun, noBun } from '../scripts/bun.mjs'
import { describeMachine } from './lib/machine.mjs'
import { median } from './lib/statistics.mjs'

const known = new Set(['--quick', '--publish'])
const given = new Set(process.argv.slice(2))
for (const flag of given) {
  if (!known.has(flag)) {
    process.stderr.write(`unknown flag ${flag}; there are ${[...known].join(', ')}\n`)
    process.exit(2)
  }
}
const bun = findBun()
if (bun === undefined) {
  process.stderr.write(`${noBun()}\n`)
  process.exit(1)
}
const rounds = given.has('--quick') ? 6 : 30
/** A start takes long and varies much: more of them are needed to see a millisecond. */
const coldRounds = 4 * rounds
const WARM = 8
const CONNECTS = 50
const HOST = '127.0.0.1'

const { createToolRuntime } = createRequire(import.meta.url)('..')
const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const sets = {
  open: { title: 'everything granted, no sandbox', permissions: ['--allow-all'] },
  files: { title: 'no files, no network, no programs', permissions: [] },
  network: { title: 'the same, and one host', permissions: [`--allow-net=${HOST}`] },
}

function runtime(runtimeType, permissions, warm) {
  return createToolRuntime({
    projectRoot: here('sandbox'),
    entrypointPath: './tool.mjs',
    runtimeType,
    bunPath: bun.path,
    nodePath: process.execPath,
    permissions,
    storeDir: here('sandbox/.runlet'),
    ...(warm && { warm: { size: WARM } }),
  })
}

async function timed(tools, tool, input) {
  const start = performance.now()
  const output = await tools.executeToolOrThrow(tool, { input })
  return { ms: performance.now() - start, output }
}

/** The names of what is compared, in an order that is another one each round. */
function turned(ids, round) {
  const first = (round + ids.length * 2) % ids.length
  return [...ids.slice(first), ...ids.slice(0, first)]
}

/** Calls of every set in turns, `burst` at a time after a pause: one list of times for each round. */
async function calls(type, { rounds, warm, burst, pauseMs }) {
  const open = {}
  const samples = {}
  for (const [id, { permissions }] of Object.entries(sets)) {
    open[id] = runtime(type, permissions, warm)
    samples[id] = []
  }
  const input = { payload: 'x'.repeat(1024) }
  for (let round = -2; round < rounds; round++) {
    for (const id of turned(Object.keys(sets), round)) {
      const times = []
      await sleep(pauseMs)
      for (let call = 0; call < burst; call++) times.push((await timed(open[id], 'echo', input)).ms)
      if (round >= 0) samples[id].push(times)
    }
  }
  for (const tools of Object.values(open)) await tools.dispose()
  return samples
}

/** Connections to a server in another process, by a tool that measures them. */
async function connections(type, tool) {
  const server = fork(here('sandbox/server.mjs'))
  const port = await new Promise((resolve) => server.once('message', resolve))
  const input = { host: HOST, port, count: CONNECTS }
  const samples = { open: [], network: [] }
  for (let round = 0; round < rounds; round++) {
    for (const id of turned(['open', 'network'], round)) {
      const tools = runtime(type, sets[id].permissions, false)
      const { output } = await timed(tools, tool, input)
      // The first ones compile the code that makes them.
      samples[id].push(output.times.slice(10))
      await tools.dispose()
    }
  }
  server.kill()
  return samples
}

/** The median of what a set's rounds took more than those without a sandbox. */
const added = (samples, id) =>
  median(samples[id].map((times, round) => median(times) - median(samples.open[round])))

const shown = (ms) => (ms >= 10 ? ms.toFixed(1) : ms.toFixed(3))
const cell = (samples) => {
  if (samples === undefined) return ''
  const all = samples.flat()
  return `${shown(median(all))} (${shown(Math.min(...all))})`
}

const machine = describeMachine(process.execPath, bun)
const lines = [
  '# Benchmark: what a sandbox costs',
  '',
  'The same calls with everything granted and with rules that the kernel keeps, in turns within one',
  'pass: `npm run bench:sandbox -- --publish`. Medians (minima) in ms; what is more is the median of the',
  'differences within a round.',
  '',
  `${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}, Node ${machine.node}, Bun ${machine.bun}.`,
  '',
  `| | ${Object.values(sets)
    .map(({ title }) => title)
    .join(' | ')} |`,
  '|---|---:|---:|---:|',
]
const targets = []
const verdict = (met, text) => targets.push(`- ${met ? 'met' : 'missed'}: ${text}`)
for (const [type, name] of [
  ['bun', 'Bun'],
  ['node', 'Node'],
]) {
  process.stderr.write(`measuring ${name} ...\n`)
  const cold = await calls(type, { rounds: coldRounds, warm: false, burst: 1, pauseMs: 20 })
  const warm = await calls(type, { rounds, warm: true, burst: WARM, pauseMs: 700 })
  const connect = await connections(type, 'connects')
  // Only Bun can make the system call itself.
  const call = type === 'bun' ? await connections(type, 'connectCalls') : undefined
  const row = (what, samples) =>
    lines.push(
      `| ${name}, ${what} | ${Object.keys(sets)
        .map((id) => cell(samples[id]))
        .join(' | ')} |`,
    )
  row('cold call of 1 KB', cold)
  row('warm call of 1 KB', warm)
  row('connection, until the program hears of it', connect)
  if (call !== undefined) row('`connect` itself', call)
  for (const id of ['files', 'network']) {
    const start = added(cold, id)
    const what = `${name}, ${sets[id].title}`
    verdict(start <= 1, `${what}: a start takes at most 1 ms more: ${shown(start)} ms`)
  }
  const full = median(warm.network.flat())
  verdict(full <= 0.5, `${name}: a warm call in a sandbox takes at most 0.5 ms: ${shown(full)} ms`)
  for (const [samples, what] of [
    [connect, 'a supervised connection'],
    [call, 'a supervised `connect`'],
  ]) {
    if (samples === undefined) continue
    const micro = 1000 * added(samples, 'network')
    verdict(micro <= 30, `${name}: ${what} takes at most 30 µs more: ${micro.toFixed(0)} µs`)
  }
}
const text = `${[...lines, '', '## Targets', '', ...targets].join('\n')}\n`
process.stdout.write(text)
if (given.has('--publish')) writeFileSync(here('../docs/benchmarks-sandbox.md'), text)

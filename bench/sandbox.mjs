/**
 * `npm run bench:sandbox`: what it costs that the kernel keeps a tool's permissions. The same calls
 * with everything granted, which is no sandbox, and with rules, in turns.
 *
 *   node bench/sandbox.mjs [--quick] [--publish]
 *
 * `--publish` writes docs/benchmarks-sandbox.md.
 */
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
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

/** Calls of every set in turns, `burst` at a time after a pause. */
async function calls(type, { warm, burst, pauseMs }) {
  const open = {}
  const samples = {}
  for (const [id, { permissions }] of Object.entries(sets)) {
    open[id] = runtime(type, permissions, warm)
    samples[id] = []
  }
  const input = { payload: 'x'.repeat(1024) }
  for (let round = -2; round < rounds; round++) {
    for (const id of Object.keys(sets)) {
      await sleep(pauseMs)
      for (let call = 0; call < burst; call++) {
        const { ms } = await timed(open[id], 'echo', input)
        if (round >= 0) samples[id].push(ms)
      }
    }
  }
  for (const tools of Object.values(open)) await tools.dispose()
  return samples
}

/** Connections to a server on this machine. */
async function connections(type) {
  const server = createServer((socket) => socket.on('error', () => {}).resume())
  await new Promise((resolve) => server.listen(0, HOST, resolve))
  const input = { host: HOST, port: server.address().port, count: CONNECTS }
  const samples = { open: [], network: [] }
  for (let round = 0; round < rounds; round++) {
    for (const id of ['open', 'network']) {
      const tools = runtime(type, sets[id].permissions, false)
      const { output } = await timed(tools, 'connects', input)
      // The first ones compile the code that makes them.
      samples[id].push(...output.times.slice(10))
      await tools.dispose()
    }
  }
  server.close()
  return samples
}

const shown = (ms) => (ms >= 10 ? ms.toFixed(1) : ms.toFixed(3))
const cell = (samples) =>
  samples === undefined ? '' : `${shown(median(samples))} (${shown(Math.min(...samples))})`

const machine = describeMachine(process.execPath, bun)
const lines = [
  '# Benchmark: what a sandbox costs',
  '',
  'The same calls with everything granted and with rules that the kernel keeps, in turns within one',
  'pass: `npm run bench:sandbox -- --publish`. Medians (minima) in ms.',
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
  const cold = await calls(type, { warm: false, burst: 1, pauseMs: 20 })
  const warm = await calls(type, { warm: true, burst: WARM, pauseMs: 700 })
  const connect = await connections(type)
  const row = (what, samples) =>
    lines.push(
      `| ${name}, ${what} | ${Object.keys(sets)
        .map((id) => cell(samples[id]))
        .join(' | ')} |`,
    )
  row('cold call of 1 KB', cold)
  row('warm call of 1 KB', warm)
  row('connection', connect)
  const start = median(cold.files) - median(cold.open)
  verdict(start <= 1, `${name}: a sandboxed start takes at most 1 ms more: ${shown(start)} ms`)
  const call = median(warm.network)
  verdict(call <= 0.5, `${name}: a warm call in a sandbox takes at most 0.5 ms: ${shown(call)} ms`)
  const micro = 1000 * (median(connect.network) - median(connect.open))
  verdict(
    micro <= 30,
    `${name}: a supervised connect takes at most 30 µs more: ${micro.toFixed(0)} µs`,
  )
}
const text = `${[...lines, '', '## Targets', '', ...targets].join('\n')}\n`
process.stdout.write(text)
if (given.has('--publish')) writeFileSync(here('../docs/benchmarks-sandbox.md'), text)

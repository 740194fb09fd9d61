/**
 * `npm run bench:docker`: commands and files of a workspace in a container, beside the plain client of the
 * engine, in one pass. Within a round all take turns, in an order that changes.
 *
 *   node bench/docker.mjs [--quick] [--install] [--publish]
 *
 * --publish writes what came of it into docs/docker.md, between its marks.
 * It starts an engine of its own where none answers; see scripts/docker-engine.mjs.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { capture, root as repository } from '../scripts/command.mjs'
import { startEngine } from '../scripts/docker-engine.mjs'
import { describeMachine } from './lib/machine.mjs'
import { median } from './lib/statistics.mjs'

const known = new Set(['--quick', '--install', '--publish'])
const given = new Set(process.argv.slice(2))
for (const flag of given) {
  if (!known.has(flag)) {
    process.stderr.write(`unknown flag ${flag}; there are ${[...known].join(', ')}\n`)
    process.exit(2)
  }
}
const quick = given.has('--quick')
if (quick && given.has('--publish')) {
  process.stderr.write('a quick pass has no figures to publish\n')
  process.exit(2)
}
const [coldRounds, warmRounds, fileRounds] = quick ? [3, 10, 50] : [10, 60, 500]
const TEXT = 'one line of a file\n'.repeat(200)

const require = createRequire(import.meta.url)
const { createRuntime } = require('../dist/index.js')
const { dockerRuntime } = require('../dist/docker.js')

/** Runs the client to its end, and checks what it printed. */
function client(engine, args, expected) {
  return new Promise((resolve, reject) => {
    const child = spawn(engine.client, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let out = ''
    child.stdout.on('data', (chunk) => {
      out += chunk
    })
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0 && (expected === undefined || out === expected)) resolve()
      else reject(new Error(`${args.join(' ')} ended with ${code}: ${out.slice(0, 200)}`))
    })
  })
}

function check(have, wanted, what) {
  if (have !== wanted) throw new Error(`${what} gave ${JSON.stringify(have).slice(0, 200)}`)
}

async function timed(work) {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** Medians of all ways, in turns. */
async function inTurns(ways, rounds) {
  const names = Object.keys(ways)
  const samples = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = -1; round < rounds; round++) {
    const first = (round + names.length) % names.length
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      const { before, work, after } = ways[name]
      await before?.()
      const ms = await timed(work)
      await after?.()
      // The first of each warms up.
      if (round >= 0) samples[name].push(ms)
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(samples[name])]))
}

/** Rows of the page. */
const rows = []

function show(title, rounds, medians) {
  const [[, base]] = Object.entries(medians)
  process.stdout.write(`\n${title}, medians of ${rounds}\n`)
  for (const [name, ms] of Object.entries(medians)) {
    const shown = ms < 10 ? ms.toFixed(3) : ms.toFixed(1)
    const ratio = (ms / base).toFixed(ms / base < 10 ? 2 : 0)
    process.stdout.write(`  ${name.padEnd(44)} ${shown.padStart(10)} ms  ${ratio.padStart(8)}\n`)
    rows.push(`| ${title} | ${name} | ${shown} | ${ratio} |`)
  }
}

async function measure(engine, root) {
  const quiet = () => {}
  const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet }
  const options = { image: engine.image, docker: engine.client, pull: 'never' }
  const provider = dockerRuntime({ ...options, prefix: 'runlet-bench' })
  const guest = dockerRuntime({ ...options, prefix: 'runlet-bench-guest', files: 'guest' })
  const runtime = createRuntime({ root, provider, logger })
  const within = createRuntime({ root, provider: guest, logger })
  const name = 'runlet-bench-plain'
  const start = ['run', '-d', '--name', name, '--network', 'none', '--pull', 'never']
  const rest = ['-v', `${root}:/workspace`, '--workdir', '/workspace', engine.image]
  const plainStart = () => client(engine, [...start, ...rest, 'sleep', 'infinity'])
  const plainEnd = () => client(engine, ['rm', '-f', name])
  const plain = (command, out) => client(engine, ['exec', '-i', name, 'bash', '-lc', command], out)
  const bash = async (command, out) => check((await runtime.bash({ command })).out, out, command)
  try {
    const first = {
      'runlet: first command, hardened': {
        before: () => runtime.stop(),
        work: () => bash('echo hi', 'hi\n'),
      },
      'plain client: run -d, then exec': {
        work: async () => {
          await plainStart()
          await plain('echo hi', 'hi\n')
        },
        after: plainEnd,
      },
      'plain client: run --rm': {
        work: () =>
          client(engine, ['run', '--rm', ...start.slice(4), ...rest, 'echo', 'hi'], 'hi\n'),
      },
    }
    show('first command', coldRounds, await inTurns(first, coldRounds))
    await plainStart()
    const warm = {
      'runlet: warm command': { work: () => bash('echo hi', 'hi\n') },
      'plain client: exec': { work: () => plain('echo hi', 'hi\n') },
      'runlet: warm command that leaves one behind': {
        work: () => bash('sleep 9 & echo hi', 'hi\n'),
      },
    }
    show('warm command', warmRounds, await inTurns(warm, warmRounds))
    const late = {
      'runlet: ended at 200 ms, container kept': {
        work: async () => {
          const { code } = await runtime.bash({ command: 'sleep 60 & sleep 60', timeoutMs: 200 })
          check(code, 124, 'a late command')
        },
      },
      'plain client: container removed and started': {
        before: () => new Promise((resolve) => setTimeout(resolve, 0)),
        work: async () => {
          await new Promise((resolve) => setTimeout(resolve, 200))
          await plainEnd()
          await plainStart()
        },
      },
    }
    show('a command that is ended', coldRounds, await inTurns(late, coldRounds))
    writeFileSync(join(root, 'file.txt'), TEXT)
    const path = 'file.txt'
    const read = async (from) => check((await from.read({ path })).text, TEXT, 'read')
    const host = { 'runlet: read, by the host': { work: () => read(runtime) } }
    const reads = await inTurns(host, fileRounds)
    const inside = {
      'plain client: exec cat': { work: () => plain('cat file.txt', TEXT) },
      'runlet: read, by a script inside': { work: () => read(within) },
    }
    show(`read of ${TEXT.length} bytes`, `${fileRounds} and ${warmRounds}`, {
      ...reads,
      ...(await inTurns(inside, warmRounds)),
    })
  } finally {
    await runtime.close()
    await within.close()
    await provider.close()
    await guest.close()
    await plainEnd().catch(quiet)
  }
}

/** Puts the table between the marks of the page. */
function publish({ processor, cores, memoryGiB, system, node }, version) {
  const page = join(repository, 'docs', 'docker.md')
  const [open, close] = ['<!-- figures -->', '<!-- end of figures -->']
  const [before, rest = ''] = readFileSync(page, 'utf8').split(open)
  const [, after] = rest.split(close)
  if (after === undefined) throw new Error(`${page} lacks its marks`)
  const machine = `${processor}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node ${node}, engine ${version}.`
  const head = `Medians of one pass, in turns; the ratio is to the first row of its kind. ${machine}`
  const lines = [head, '', '| | way | ms | ratio |', '|---|---|---:|---:|', ...rows]
  writeFileSync(page, `${before}${open}\n${lines.join('\n')}\n${close}${after}`)
}

const engine = await startEngine({ install: given.has('--install') })
if (engine.why !== undefined) {
  process.stderr.write(`${engine.why}\n`)
  process.exit(1)
}
Object.assign(process.env, engine.env)
const root = mkdtempSync(join(tmpdir(), 'runlet-bench-'))
try {
  const machine = describeMachine(process.execPath)
  process.stdout.write(`${JSON.stringify(machine)}\n`)
  if (quick) process.stdout.write('a first look, no figures to publish\n')
  await measure(engine, root)
  if (given.has('--publish')) {
    const asked = ['version', '--format', '{{.Server.Version}}']
    publish(machine, capture(engine.client, asked).stdout.trim())
  }
} finally {
  rmSync(root, { recursive: true, force: true })
  await engine.stop()
}

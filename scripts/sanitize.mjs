// Proves the engine's memory sound: builds it with AddressSanitizer, poisons all of an arena that is
// not handed out, and runs the Rust tests of the room that way. Among them are those that end runs
// and compilations at single allocations, and one that runs damaged programs.
//
//   node scripts/sanitize.mjs [--long] [--minutes N] [--seed N] [--replay FILE]
//
//   --long         every allocation instead of a sample, and minutes of damaged programs
//   --minutes N    how many minutes of them (10 with --long)
//   --seed N       what the damage follows from (1; with --long a new one each time)
//   --replay FILE  runs the one input that a failure left behind, or any source text
//
// It needs Linux, and a C compiler that has the sanitizer's runtime. Where that is missing the tests
// are skipped with the reason; where CI is set they fail.

import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { capture, root, run } from './command.mjs'
import { cargoTotals, finish } from './totals.mjs'

/** What the engine's C code is built with. Optimised less than usual: it builds in half the time. */
const cFlags = '-fsanitize=address -fno-omit-frame-pointer -fsanitize-coverage=trace-pc -O1 -g1'

/** Sampled of each program, and damaged programs, unless --long is given. */
const short = { allocations: '24', inputs: '4000', seed: '1' }
const longMinutes = '10'

/** Tests whose promise an instrumented engine cannot keep, and why. */
const skipped = {
  each_layer_of_the_deadline_does_its_own_part:
    'the engine is too slow to look at its clock in time',
  hostile_one_liners_end_and_leave_no_byte_behind:
    'larger stack frames end recursions before their deadline',
}

const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target')
/** Inputs that failed or under which the process ended; a folder of this run's own. */
const left = join(target, 'tmp', 'fuzz', String(process.pid))

/** A program that needs all that the tests need; src/codelet/engine/sanitize.c is its model. */
const probeSource = `
__attribute__((no_sanitize_address, no_sanitize_coverage)) void __sanitizer_cov_trace_pc(void) {}
int main(void) { return 0; }
`

/** Compiles and runs a small program; the output says what is missing. */
function probe(leaks) {
  const folder = mkdtempSync(join(tmpdir(), 'runlet-sanitize-'))
  try {
    const source = join(folder, 'probe.c')
    const program = join(folder, 'probe')
    writeFileSync(source, probeSource)
    const compiler = (process.env.CC ?? 'cc').split(' ')
    const flags = [...cFlags.split(' '), '-nodefaultlibs', source, '-o', program]
    const args = [...compiler.slice(1), ...flags, '-lasan', '-lgcc_s', '-lc']
    const built = capture(compiler[0], args)
    if (built.code !== 0) return `${compiler.join(' ')} cannot link with it: ${built.stderr.trim()}`
    const ran = capture(program, [], { env: { ASAN_OPTIONS: `detect_leaks=${leaks ? 1 : 0}` } })
    return ran.code === 0 ? undefined : `a program built with it fails: ${ran.stderr.trim()}`
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Why AddressSanitizer cannot be used here; undefined where it can. */
function problem() {
  if (process.platform !== 'linux') return `only for Linux so far, and this is ${process.platform}`
  const found = probe(false)
  return found && `AddressSanitizer is not usable: ${found}`
}

/** Settings of the two forms, as the tests read them from the environment. */
function settings({ long, minutes, seed, replay }) {
  const env = {
    CFLAGS: [process.env.CFLAGS, cFlags].filter(Boolean).join(' '),
    RUNLET_INJECT: long ? 'all' : short.allocations,
    RUNLET_FUZZ_SEED: seed ?? (long ? String(Date.now()) : short.seed),
    RUNLET_FUZZ_INPUTS: short.inputs,
    RUNLET_FUZZ_FOLDER: left,
    RUNLET_FUZZ_MINUTES: minutes ?? (long ? longMinutes : ''),
  }
  if (replay) env.RUNLET_FUZZ_REPLAY = resolve(replay)
  const leaks = probe(true)
  if (leaks) console.log(`leaks are not looked for: ${leaks.split('\n')[0]}`)
  // The guard below a worker's stack is ours, and so are the handler of a fault in it and the stack
  // of that handler.
  env.ASAN_OPTIONS = `detect_leaks=${leaks ? 0 : 1}:allow_user_segv_handler=1:use_sigaltstack=0`
  return env
}

/** Says which inputs were left behind; a folder without any goes. */
function showLeft() {
  const files = existsSync(left) ? readdirSync(left) : []
  for (const file of files) {
    console.log(`repeat with: node scripts/sanitize.mjs --replay ${join(left, file)}`)
  }
  if (files.length === 0) rmSync(left, { recursive: true, force: true })
}

function readOptions() {
  const options = {
    long: { type: 'boolean' },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    replay: { type: 'string' },
  }
  const { values } = parseArgs({ options })
  for (const name of ['minutes', 'seed']) {
    if (values[name] !== undefined && !/^\d{1,15}$/.test(values[name])) {
      throw new Error(`--${name} takes a whole number, not "${values[name]}"`)
    }
  }
  return values
}

async function sanitize(options) {
  const why = problem()
  if (why) {
    console.log(why)
    const counts = process.env.CI ? { failed: 1, skipped: 0 } : { failed: 0, skipped: 1 }
    return { passed: 0, ...counts, note: why.split('\n')[0] }
  }
  const targets = options.replay ? [] : ['--lib']
  const args = ['test', '--no-default-features', '--features', 'sanitize', '--no-fail-fast']
  args.push(...targets, '--test', 'fuzz_source', '--', '--nocapture')
  for (const [name, reason] of Object.entries(skipped)) {
    args.push('--skip', name)
    console.log(`left out: ${name} (${reason})`)
  }
  const env = settings(options)
  const first = await once(args, env)
  if (!first.leaksOnly) return first.row
  // What a thread holds that is ending just when the process does is in no list of threads any more,
  // and looks lost. A leak of ours is there again.
  console.log('leaks, and nothing else: once more, to see whether they are there again')
  const second = await once(args, env)
  if (second.row.failed > 0) return second.row
  return { ...second.row, note: 'leaks in the first of two runs, none in the second' }
}

/** One run: its row, and whether leaks are all that was found. */
async function once(args, env) {
  const { code, startError, output } = await run('cargo', args, { env })
  showLeft()
  if (startError) return { row: { passed: 0, failed: 1, skipped: 0, note: startError.message } }
  const totals = cargoTotals(output) ?? { passed: 0, failed: 0, skipped: 0 }
  const reports = [...output.matchAll(/ERROR: (?:AddressSanitizer|LeakSanitizer): .*/g)].flat()
  if (code === 0 && reports.length === 0 && totals.passed > 0) return { row: totals }
  const leaksOnly = totals.failed === 0 && reports.length > 0 && reports.every(isLeak)
  const note = reports[0] ?? (totals.failed === 0 ? `exit code ${code}` : '')
  return { row: { ...totals, failed: Math.max(totals.failed, 1), note }, leaksOnly }
}

function isLeak(report) {
  return report.startsWith('ERROR: LeakSanitizer: detected memory leaks')
}

let options
try {
  options = readOptions()
} catch (error) {
  console.error(error.message)
  process.exit(2)
}
const started = Date.now()
const row = await sanitize(options)
finish([{ runner: 'sanitizer', ...row, seconds: (Date.now() - started) / 1000 }])

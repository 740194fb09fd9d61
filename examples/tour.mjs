// The tour that `npm start` gives: strangers' code on real input, tools in processes of their own, an
// agent's shell and files, then strangers' attacks.
//
//   node examples/tour.mjs
//
// Every line states what was expected; one that comes out otherwise is marked, and the exit code
// is 1.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  capabilities,
  createCodeletRunner,
  createRuntime,
  createToolRuntime,
  localWorkspace,
  RunletError,
} from 'runlet'

const here = (path) => new URL(path, import.meta.url)
const text = (path) => readFileSync(here(path), 'utf8')
const file = (path) => ({ type: 'file', path: here(`codelets/${path}`) })
const main = (body) => ({
  type: 'string',
  code: `export async function main(input, helpers) {\n${body}\n}`,
})

const orders = JSON.parse(text('data/orders.json'))
const runner = createCodeletRunner()

let lines = 0
let surprises = 0

/** Prints one line: what came of it, what was tried, how long it took. */
function report({ word, code = '', what, note = '', ms, expected }) {
  lines++
  if (!expected) surprises++
  const outcome = `${word.padEnd(10)}${code.padEnd(18)}`
  const time = ms === undefined ? '' : `${ms.toFixed(1)} ms`
  const mark = expected ? '' : '  NOT AS EXPECTED'
  console.log(`  ${outcome}${what.padEnd(40)}${note.padEnd(28)}${time.padStart(9)}${mark}`)
}

/** Code that is welcome: `describe` turns its value into a note. */
async function work(what, source, options, describe) {
  const result = await runner.run(source, options)
  const { ok, value, error, duration_ms: ms } = result
  if (ok) report({ word: 'allowed', what, note: describe(value, result), ms, expected: true })
  else report({ word: 'refused', code: error.code, what, note: error.message, ms, expected: false })
}

/** A tool that reads the CSV file itself, in a process of its own. */
async function tool(runtimeType, what) {
  let runtime
  try {
    runtime = createToolRuntime({
      runtimeType,
      projectRoot: fileURLToPath(here('.')),
      entrypointPath: 'tools/entrypoints/sales.mjs',
      permissions: ['--allow-read=./data'],
      tools: { summarize: { config: { currency: 'EUR' } } },
    })
  } catch (error) {
    if (!(error instanceof RunletError) || error.code !== 'RUNTIME_NOT_FOUND') throw error
    console.log(`  skipped   ${what}: ${error.message}`)
    return
  }
  const input = { path: 'data/sales.csv' }
  const { ok, output, error, durationMs: ms } = await runtime.executeTool('summarize', { input })
  const note = ok
    ? `${output.rows} rows, ${Object.keys(output.cents).length} regions`
    : error.message
  report({ word: ok ? 'allowed' : 'refused', code: error?.code, what, note, ms, expected: ok })
  await runtime.dispose()
}

/** A command of an agent; `describe` says what came of it, or nothing if that is not what should. */
async function command(runtime, what, { text, timeoutMs, code, word = 'refused', describe }) {
  const result = await runtime.bash({ command: text, timeoutMs })
  const { ms, error } = result
  const note = describe(result)
  const expected = error?.code === code && note !== undefined
  report({ word, code: error?.code, what, note: note ?? result.err, ms, expected })
}

/** A folder for an agent with the CSV file in it, and two shells over it: a virtual one, and bash. */
async function workspaces() {
  const root = mkdtempSync(join(tmpdir(), 'runlet-tour-'))
  const logger = { debug() {}, info() {}, warn() {}, error() {} }
  const virtual = createRuntime({ root, logger })
  const guarded = createRuntime({ root, name: 'guarded-bash', logger })
  const { virtualShell, bash, sandbox } = capabilities().workspaces
  const hasVirtual = virtualShell.native.usable || virtualShell['just-bash'].usable
  const count = {
    text: 'tail -n +2 sales.csv | cut -d , -f 2 | sort | uniq -c | tee report.txt | wc -l',
    word: 'allowed',
    describe: ({ out }) => (out.trim() === '4' ? '3000 rows, 4 regions' : undefined),
  }
  try {
    await localWorkspace(root).write('sales.csv', text('data/sales.csv'))
    if (hasVirtual) {
      await command(virtual, 'the CSV file, counted in virtual bash', count)
      await command(virtual, 'an endless loop in virtual bash', {
        text: 'while :; do :; done',
        timeoutMs: 250,
        code: 'TIMEOUT',
        describe: () => 'stopped at its deadline',
      })
    } else console.log(`  skipped   virtual bash: ${virtualShell.native.why}`)

    const { hits } = await virtual.grep({ query: ',Desk lamp,9,', maxResults: 1000 })
    report({
      word: 'allowed',
      what: 'grep in the CSV file',
      note: `${hits.length} hits`,
      expected: hits.length > 0,
    })
    const error = await virtual.read({ path: '../secret.txt' }).catch((error) => error)
    report({
      word: 'refused',
      code: error.code,
      what: 'a file beside the folder',
      note: 'no path leads out',
      expected: error.code === 'PERMISSION_DENIED',
    })

    if (!bash.usable) return console.log(`  skipped   guarded bash: ${bash.why}`)
    await command(guarded, 'the CSV file, counted in real bash', count)
    await command(guarded, 'a shell with sleepers behind it', {
      text: 'nohup sleep 60 & sleep 60',
      timeoutMs: 250,
      code: 'TIMEOUT',
      describe: ({ leftover }) => (leftover === undefined ? 'all of it ended' : undefined),
    })
    await command(guarded, 'rm -rf / in real bash', {
      text: 'rm -rf /',
      code: 'POLICY_VIOLATION',
      describe: ({ guard }) => (guard.risk === 'block' ? 'blocked by the guard' : undefined),
    })
    if (!sandbox.usable) return console.log(`  skipped   the sandbox: ${sandbox.why}`)
    await command(guarded, 'cat /etc/shadow in real bash', {
      text: 'cat /etc/shadow',
      describe: ({ out, err }) =>
        out === '' && /denied/.test(err) ? 'refused by the kernel' : undefined,
    })
  } finally {
    await virtual.close()
    await guarded.close()
    rmSync(root, { recursive: true })
  }
}

/** Code that must end with this error. */
async function attack(code, what, body, options = {}) {
  const { ok, error, usage, duration_ms: ms } = await runner.run(main(body), options)
  const stopped = {
    interrupt: 'stopped at its deadline',
    kill: 'stopped at its deadline',
    allocator: 'stopped at 64 MiB',
  }
  const capability = error?.details?.capability
  const note = stopped[usage.stoppedBy] ?? (capability ? `denied: ${capability}` : error?.name)
  const word = ok ? 'allowed' : 'refused'
  report({ word, code: error?.code, what, note, ms, expected: error?.code === code })
}

const { engine, threads, hardKill } = capabilities()
console.log(`runlet: ${engine.name} ${engine.commit}, ${threads} threads of its own\n`)

// A timer of the host: if a codelet ever held the event loop, its beat would stop.
let beats = 0
let longest = 0
let last = performance.now()
const heart = setInterval(() => {
  const now = performance.now()
  longest = Math.max(longest, now - last)
  last = now
  beats++
}, 10)

console.log('Work: code of strangers, on real input')
await work(
  'pricing rule with a module, 120 orders',
  main(`
    const { subtotal } = await import('cart')
    return input.reduce((sum, { lines, customer }) => sum + subtotal(lines) * rates[customer.tier] / 100, 0)
  `),
  {
    input: orders,
    modules: { cart: text('codelets/cart.mjs') },
    globals: { rates: { standard: 0, silver: 3, gold: 8 } },
  },
  (cents) => `EUR ${(cents / 100).toFixed(2)} off`,
)
await work(
  'TypeScript with an enum, one order',
  file('volume-discount.ts'),
  { input: orders[1] },
  ({ discountCents }) => `EUR ${(discountCents / 100).toFixed(2)} off`,
)
await work(
  'CSV summary, 141 KB',
  file('csv-summary.mjs'),
  { input: text('data/sales.csv') },
  ({ rows, regions }) => `${rows} rows, ${Object.keys(regions).length} regions`,
)
await work(
  'host functions, 100 calls at once',
  main('return (await Promise.all(input.map(helpers.stock))).reduce((a, b) => a + b)'),
  { input: Array.from({ length: 100 }, (_, index) => index), host: { stock: (id) => id % 7 } },
  (sum, { usage }) => `${usage.hostCalls} calls, sum ${sum}`,
)

console.log('\nTools: functions of a file, each call in a process of its own')
await tool('bun', 'the CSV file, read by a tool on Bun')
await tool('node', 'the CSV file, read by a tool on Node')

console.log('\nWorkspaces: bash and files of an agent, in one folder')
await workspaces()

console.log('\nAttacks: the door of the codelets, nothing granted')
const soon = { timeout_ms: 250 }
await attack('TIMEOUT', 'while (true) {}', 'while (true) {}', soon)
await attack('TIMEOUT', 'a loop of promises', 'for (;;) await null', soon)
// Without the hard kill, the deadline waits for the next poll; this one would take minutes.
if (hardKill) {
  const endless = 'Array.prototype.reverse.call({ length: 2 ** 53 - 1 })'
  await attack('TIMEOUT', 'a built-in that never looks up', endless, soon)
}
await attack(
  'MEMORY_LIMIT',
  'an array without end',
  'for (const a = []; ; ) a.push("x".repeat(9999) + a.length)',
  { timeout_ms: 30_000 },
)
await attack('POLICY_VIOLATION', "require('node:fs')", "return require('node:fs')")
await attack('POLICY_VIOLATION', "await import('node:fs')", "return await import('node:fs')")
await attack('POLICY_VIOLATION', "eval('1 + 1')", "return eval('1 + 1')")
await attack(
  'POLICY_VIOLATION',
  '(async () => {}).constructor(code)',
  'return (async () => {}).constructor("return 1")()',
)
await attack(
  'POLICY_VIOLATION',
  "fetch('https://example.com')",
  "return fetch('https://example.com')",
)
await attack(
  'POLICY_VIOLATION',
  'globalThis.JSON = hook',
  'globalThis.JSON = { parse: () => "mine" }',
)
await attack(
  'RUNTIME_ERROR',
  'recursion without end',
  'const deeper = () => deeper() + 1\nreturn deeper()',
)

const pollution = await runner.run(main('Object.prototype.admin = true\nreturn {}.admin'))
const after = await runner.run(main('return typeof {}.admin'))
report({
  word: 'contained',
  what: 'Object.prototype.admin = true',
  note: 'gone in the next run',
  ms: pollution.duration_ms,
  expected: pollution.value === true && after.value === 'undefined' && !('admin' in {}),
})

const flood = await runner.run(main('for (let i = 0; i < 100_000; i++) console.log("line", i)'))
report({
  word: 'contained',
  what: '100,000 log lines',
  note: `${flood.logs.length} kept, ${flood.usage.logsDropped} counted`,
  ms: flood.duration_ms,
  expected: flood.logs.length === 100 && flood.usage.logsDropped === 99_900,
})

clearInterval(heart)
runner.dispose()

console.log(
  `\nMeanwhile a 10 ms timer of this process beat ${beats} times; its longest gap was ${longest.toFixed(1)} ms.`,
)
console.log(`${lines - surprises} of ${lines} came out as expected.`)
process.exitCode = surprises === 0 ? 0 : 1

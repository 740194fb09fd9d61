// The kinds of runs a soak is made of. Each performs one run (or a few) and holds the outcome
// against what that kind must give; it throws at anything else and returns the codes it got.

import assert from 'node:assert/strict'
import { createCodeletRunner, RunletError } from 'runlet'
import { oneLiners } from '../../tests/hostile/one-liners.mjs'
import { below, oneOf } from './random.mjs'

/** No run that should end well may take longer; only a hang does. */
const PATIENCE = { timeout_ms: 60_000 }
const hostile = oneLiners()
const MIB = 2 ** 20

const host = {
  add: async (n) => n + 1,
  later: (n) => new Promise((resolve) => setTimeout(resolve, 1, n * 2)),
  refuse: () => {
    throw refusal
  },
  never: () => new Promise(() => {}),
}
const refusal = new Error('refused by the host')

function ended(result, ...codes) {
  const code = result.error?.code ?? 'OK'
  assert.ok(codes.includes(code), `${code} where ${codes} was due: ${JSON.stringify(result.error)}`)
  assert.equal(result.ok, code === 'OK')
  assert.ok(result.duration_ms >= 0 && result.usage.peakMemoryBytes >= 0)
  return code
}

function gave(result, value) {
  const code = ended(result, 'OK')
  assert.deepEqual(result.value, value)
  return code
}

function timedOut(result, limit) {
  const code = ended(result, 'TIMEOUT')
  assert.equal(result.error.details.limit, limit)
  return code
}

const bombs = [
  'const a = []; for (;;) a.push({ a: [] })',
  "let s = 'x'; for (;;) { s += s; s.charCodeAt(1) }",
  'const m = new Map(); for (let i = 0; ; i++) m.set(i, i)',
  'const a = []; for (;;) a.push(new Uint8Array(1e5))',
  "'x'.repeat(2 ** 29)",
  'const a = []; for (;;) { try { a.push(Array(1e4).fill(0)) } catch {} }',
  "'x'.repeat(1e7).replace(/x/g, 'yyyyyyyyyy')",
]

/** `perform` gets `{ run, random, index }`; `run(code, options)` uses one of the soak's runners. */
export const kinds = {
  'a value': {
    weight: 400,
    perform: async ({ run, index }) =>
      gave(await run('export const main = (n) => n + 1', { input: index, ...PATIENCE }), index + 1),
  },
  'a source never seen': {
    weight: 80,
    perform: async ({ run, index }) =>
      gave(await run(`export const main = () => ${index} * 2`, PATIENCE), index * 2),
  },
  TypeScript: {
    weight: 40,
    perform: async ({ run, random, index }) => {
      const fresh = random() < 0.25 ? `// ${index}\n` : ''
      const code = `${fresh}enum Unit { One = 1 }\ninterface Input { n: number }\nexport const main = ({ n }: Input): number => n + Unit.One`
      return gave(await run(code, { input: { n: index }, ...PATIENCE }), index + 1)
    },
  },
  modules: {
    weight: 15,
    perform: async ({ run, index }) => {
      const modules = { 'lib/a.js': 'export const a = (n) => n - 1' }
      const code = "import { a } from 'lib/a.js'; export const main = (n) => a(n)"
      return gave(await run(code, { input: index, modules, ...PATIENCE }), index - 1)
    },
  },
  logs: {
    weight: 50,
    perform: async ({ run, random, index }) => {
      const lines = 1 + below(random, 120)
      const live = []
      const listen = random() < 0.5
      const code = `export const main = (n) => { for (let i = 0; i < n; i++) console.log('line', i, { n }) }`
      const result = await run(code, {
        input: lines,
        ...(listen ? { on_log: (entry) => live.push(entry) } : {}),
        ...PATIENCE,
      })
      assert.equal(result.logs.length, Math.min(lines, 100), `run ${index}`)
      assert.equal(result.usage.logsDropped, Math.max(0, lines - 100))
      result.logs.forEach(({ message }, at) => {
        assert.equal(message, `line ${at} { n: ${lines} }`)
      })
      if (listen) assert.deepEqual(live, result.logs)
      return gave(result, undefined)
    },
  },
  throws: {
    weight: 50,
    perform: async ({ run, index }) => {
      const code = "export const main = (n) => {\n  throw new RangeError('no ' + n)\n}"
      const result = await run(code, { input: index, ...PATIENCE })
      const { name, message, line } = result.error ?? {}
      assert.deepEqual(
        { name, message, line },
        { name: 'RangeError', message: `no ${index}`, line: 2 },
      )
      return ended(result, 'RUNTIME_ERROR')
    },
  },
  'syntax errors': {
    weight: 25,
    perform: async ({ run, random, index }) => {
      const fresh = random() < 0.5 ? ` // ${index}` : ''
      return ended(await run(`export const main = (${fresh}`, PATIENCE), 'SYNTAX_ERROR')
    },
  },
  'denied attempts': {
    weight: 20,
    perform: async ({ run, random }) => {
      const attempts = ["eval('1')", "require('fs')", "fetch('http://x')", 'globalThis.x = 1']
      const code = `export const main = () => ${oneOf(random, attempts)}`
      return ended(await run(code, PATIENCE), 'POLICY_VIOLATION')
    },
  },
  'endless recursion': {
    weight: 5,
    perform: async ({ run }) => {
      const code = 'export const main = () => { const f = () => f() + 1; return f() }'
      const result = await run(code, PATIENCE)
      assert.equal(result.error?.name, 'RangeError')
      return ended(result, 'RUNTIME_ERROR')
    },
  },
  'host calls in turn': {
    weight: 50,
    perform: async ({ run, index }) => {
      const code =
        'export const main = async (n, { add }) => { for (let i = 0; i < 3; i++) n = await add(n); return n }'
      const result = await run(code, { input: index, host, ...PATIENCE })
      assert.equal(result.usage.hostCalls, 3)
      return gave(result, index + 3)
    },
  },
  'host calls at once': {
    weight: 40,
    perform: async ({ run, random }) => {
      const count = 1 + below(random, 48)
      const code =
        'export const main = (n, { later }) => Promise.all(Array.from({ length: n }, (_, i) => later(i)))'
      const result = await run(code, { input: count, host, ...PATIENCE })
      assert.equal(result.usage.hostCalls, count)
      return gave(
        result,
        Array.from({ length: count }, (_, at) => at * 2),
      )
    },
  },
  'host calls refused': {
    weight: 30,
    perform: async ({ run }) => {
      const code = 'export const main = (n, { refuse }) => refuse()'
      const result = await run(code, { host, ...PATIENCE })
      assert.equal(result.error?.cause, refusal)
      return ended(result, 'HOST_CALL_ERROR')
    },
  },
  'host calls never answered': {
    weight: 10,
    perform: async ({ run, random }) => {
      const code = 'export const main = (n, { never }) => never()'
      return timedOut(await run(code, { host, timeout_ms: 1 + below(random, 20) }), 'wall')
    },
  },
  timers: {
    weight: 30,
    perform: async ({ run, random, index }) => {
      const code = 'export const main = ([n, ms]) => new Promise((done) => setTimeout(done, ms, n))'
      const input = [index, below(random, 4)]
      return gave(await run(code, { input, allow: { timers: true }, ...PATIENCE }), index)
    },
  },
  'promises nobody resolves': {
    weight: 10,
    perform: async ({ run }) =>
      timedOut(await run('export const main = () => new Promise(() => {})', PATIENCE), 'stalled'),
  },
  'endless loops': {
    weight: 20,
    perform: async ({ run, random }) => {
      const loops = [
        'for (;;) {}',
        'for (;;) await null',
        'for (;;) { try { for (;;) {} } catch {} }',
      ]
      const code = `export const main = async () => { ${oneOf(random, loops)} }`
      return timedOut(await run(code, { timeout_ms: 1 + below(random, 3) }), 'wall')
    },
  },
  'built-ins without end': {
    weight: 30,
    perform: async ({ run, random }) => {
      const { name, code } = oneOf(random, hostile)
      const result = await run(code, { timeout_ms: 1 + below(random, 5) })
      assert.ok(['TIMEOUT', 'MEMORY_LIMIT'].includes(result.error?.code), name)
      return ended(result, 'TIMEOUT', 'MEMORY_LIMIT')
    },
  },
  'memory bombs': {
    weight: 30,
    perform: async ({ run, random }) => {
      const limit = MIB + below(random, 7 * MIB)
      const code = `export const main = () => { ${oneOf(random, bombs)} }`
      const result = await run(code, { memory_limit_bytes: limit, ...PATIENCE })
      assert.ok(result.usage.peakMemoryBytes <= limit)
      return ended(result, 'MEMORY_LIMIT')
    },
  },
  'results beyond their limit': {
    weight: 5,
    perform: async ({ run }) =>
      ended(await run("export const main = () => 'x'.repeat(2 ** 21)", PATIENCE), 'OUTPUT_LIMIT'),
  },
  'large inputs and results': {
    weight: 8,
    perform: async ({ run, random, index }) => {
      const input = Array.from({ length: 500 + below(random, 5000) }, (_, at) => ({
        at,
        text: `${index}:${at}`.padEnd(60, 'x'),
      }))
      const code = 'export const main = (list) => list.reverse()'
      return gave(await run(code, { input, ...PATIENCE }), input.toReversed())
    },
  },
  'deterministic runs': {
    weight: 10,
    perform: async ({ run, random }) => {
      const code = 'export const main = () => [Math.random(), Date.now(), Math.random()]'
      const options = { deterministic: { seed: below(random, 1000), now: 5 }, ...PATIENCE }
      const [one, two] = await Promise.all([run(code, options), run(code, options)])
      ended(one, 'OK')
      return gave(two, one.value)
    },
  },
  aborts: {
    weight: 40,
    perform: async ({ run, random }) => {
      const abort = new AbortController()
      const reason = { reason: 'the soak' }
      const wait = below(random, 6) - 2
      if (wait === -2) abort.abort(reason)
      const body = oneOf(random, [
        'for (;;) {}',
        'await h.never()',
        'for (;;) await null',
        'return h.later(1)',
        'return 1',
      ])
      const running = run(`export const main = async (i, h) => { ${body} }`, {
        host,
        signal: abort.signal,
        ...PATIENCE,
      })
      if (wait === -1) abort.abort(reason)
      else setTimeout(() => abort.abort(reason), Math.max(0, wait))
      const result = await running
      // Only a run that ends by itself may have been quicker.
      const codes = body.startsWith('return') ? ['OK', 'CANCELLED'] : ['CANCELLED']
      const got = ended(result, ...codes)
      if (got === 'CANCELLED') assert.equal(result.error.cause, reason)
      return got
    },
  },
  'runners made and disposed': {
    weight: 1,
    perform: async ({ random, index }) => {
      const runner = createCodeletRunner({ maxConcurrent: 1 + below(random, 2), maxQueued: 4 })
      const source = (body) => ({
        type: 'string',
        code: `export const main = async (i, h) => { ${body} }`,
      })
      const bodies = [
        'for (;;) {}',
        'await h.never()',
        `return ${index}`,
        'return 1',
        'return 2',
        'return 3',
        'return 4',
        'return 5',
      ]
      const runs = bodies.map((body) => runner.run(source(body), { host, ...PATIENCE }))
      if (random() < 0.5) await new Promise((resolve) => setTimeout(resolve, below(random, 3)))
      runner.dispose()
      const codes = (await Promise.all(runs)).map((result) => {
        const code = ended(result, 'OK', 'CANCELLED', 'OVERLOADED')
        if (code === 'CANCELLED') assert.equal(result.error.details.by, 'dispose')
        return code
      })
      assert.ok(codes[0] !== 'OK' && codes[1] !== 'OK')
      await assert.rejects(runner.run(source('return 1')), (error) => {
        return error instanceof RunletError && error.code === 'DISPOSED'
      })
      const { queued, running, parked } = runner.stats()
      assert.deepEqual({ queued, running, parked }, { queued: 0, running: 0, parked: 0 })
      return codes
    },
  },
}

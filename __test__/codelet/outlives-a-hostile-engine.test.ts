import { spawn } from 'node:child_process'
import { chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type CodeletRunOptions, capabilities } from 'runlet'

/**
 * The program of engine processes, replaced by a script that speaks as one that was taken over would.
 * src/codelet/remote/wire.rs describes the frames.
 */
const onLinux = process.platform === 'linux' ? describe : describe.skip

const u8 = (value: number) => Buffer.from([value])
const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer)
const u64 = (value: number | bigint) => Buffer.from(BigUint64Array.of(BigInt(value)).buffer)
const f64 = (value: number) => Buffer.from(Float64Array.of(value).buffer)
const bytes = (text: string) => Buffer.concat([u32(Buffer.byteLength(text)), Buffer.from(text)])

function frame(kind: number, ...fields: Buffer[]): Buffer {
  const content = Buffer.concat([u8(kind), ...fields])
  return Buffer.concat([u32(content.length), content])
}

const JSON_FORM = 1
const TEXT_FORM = 2
const CLONE_FORM = 3
const payload = (form: number, text: string) => Buffer.concat([u8(form), bytes(text), u32(0)])

/** The number of the host's first run, which the first test checks. */
const RUN = u64(2)
const ready = frame(16, bytes(capabilities().version))
const entry = (message: string, time = 1) =>
  Buffer.concat([u8(0), u8(0), f64(time), bytes(message)])
const log = (message: string, time?: number) => frame(18, RUN, entry(message, time))
const call = (seq: number, args = '[]', form = JSON_FORM, index = 0) =>
  frame(19, RUN, u32(1), u32(seq), u32(index), payload(form, args))
const waits = (yes: number) => frame(20, RUN, u8(yes))

/** The end of a run; every part of it may be another one than an engine's. */
function done({
  run = RUN,
  form = JSON_FORM,
  value = '1' as string | undefined,
  failure = undefined as object | undefined,
  logs = [] as string[],
  duration = 0,
  cpu = 0,
  peak = 0n,
  calls = 0,
  resultBytes = Buffer.byteLength(value ?? ''),
  gauge = 0n,
} = {}): Buffer {
  return frame(
    21,
    run,
    value === undefined ? u8(0) : payload(form, value),
    failure === undefined ? u8(0) : Buffer.concat([u8(1), bytes(JSON.stringify(failure))]),
    u32(logs.length),
    ...logs.map((message) => entry(message)),
    f64(duration),
    ...[cpu, 0, 0, 0].map(f64),
    u64(peak),
    u32(calls),
    u32(0),
    ...[resultBytes, 0, 0, 0].map(u64),
    u8(0),
    u8(0),
    ...[gauge, gauge, gauge, gauge].map(u64),
  )
}

const failed = (code: string, retryable: boolean) =>
  done({ value: undefined, failure: { code, message: 'said so', retryable } })

/** A line of a script that says these bytes. */
const say = (...all: Buffer[]) => {
  const octal = [...Buffer.concat(all)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`)
  return `printf '${octal.join('')}' >&3\n`
}
const MARK = 'the end of the code'
const awaitRun = `while IFS= read -r line <&3; do case $line in *'${MARK}'*) break;; esac; done\n`
const awaitLine = 'IFS= read -r line <&3\n'
const awaitEnd = 'while read -r line <&3; do :; done\n'
const forever = 'while :; do :; done\n'

interface Said {
  run: { value?: string; code?: string; reason?: string; retryable?: boolean; logs: number }
  rejected?: string
  beside: number
  after: string
  calls: number
  heard: number
  counts: Record<string, number>
  /** Processes that are left when the run has ended, if that was waited for. */
  left?: number
  threads: number
  polluted: string[]
}

let dist = ''
beforeAll(() => {
  dist = join(mkdtempSync(join(tmpdir(), 'runlet-hostile-')), 'dist')
  cpSync(join(__dirname, '..', '..', 'dist'), dist, { recursive: true })
})
afterAll(() => rmSync(join(dist, '..'), { recursive: true, force: true }))

/** What a host says of a run in such a process, of one on a thread beside it, and of one after it. */
async function hostOf(script: string, options: CodeletRunOptions = {}, reply = ''): Promise<Said> {
  rmSync(join(dist, 'runlet-engine'))
  writeFileSync(join(dist, 'runlet-engine'), `#!/bin/sh\n${say(ready)}${awaitRun}${script}`)
  chmodSync(join(dist, 'runlet-engine'), 0o755)
  const waitsForNone = options.values === 'clone'
  const host = `const { createCodeletRunner } = require(${JSON.stringify(dist)})
    const { inspect } = require('node:util')
    const source = { type: 'string', code: 'export default () => 1\\n//${MARK}\\n' }
    const said = { calls: 0, heard: 0 }
    const options = { timeout_ms: 20000, ...${JSON.stringify(options)},
      host: { ask: () => { said.calls += 1; return ${reply === '' ? 'undefined' : reply} } },
      onLog: () => { said.heard += 1 } }
    const brief = ({ ok, value, error, logs }) => ok ? { value: inspect(value), logs: logs.length }
      : { code: error.code, reason: error.details?.reason, retryable: error.retryable, logs: logs.length }
    async function main() {
      const runner = createCodeletRunner({ isolation: 'process', maxConcurrent: 1 })
      const thread = createCodeletRunner({ isolation: 'thread' })
      const run = runner.run(source, options).then(brief, (error) => { said.rejected = error.code })
      said.beside = (await thread.run(source, { timeout_ms: 20000 })).value
      said.run = await run
      const left = () => runner.stats().threads - thread.stats().threads
      for (let turns = 1000; ${waitsForNone} && said.run.code === 'WORKER_LOST' && left() > 0 && turns > 0; turns--) {
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      said.left = left()
      said.after = (await runner.run(source, { timeout_ms: 1 }).then(brief, brief)).code
      const stats = runner.stats()
      said.counts = Object.fromEntries(Object.entries(stats.runsByCode).filter(([, count]) => count))
      said.threads = Number.isSafeInteger(stats.imageBytes) ? stats.running + stats.parked : -1
      said.polluted = Object.keys(Object.prototype)
      runner.dispose()
      console.log(JSON.stringify(said))
    }
    main()`
  const env = { ...process.env, NODE_OPTIONS: '', BUN_OPTIONS: '' }
  const child = spawn(process.execPath, ['-e', host], { env })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  child.stderr.on('data', (chunk) => {
    output += chunk
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`the host ended with ${code}: ${output}`)
  return JSON.parse(output)
}

/** A lost process, and nothing else: no internal error, no other run, no count that is wrong. */
function expectLost(said: Said, retryable = true) {
  expect(said.rejected).toBeUndefined()
  expect(said.run).toEqual({ code: 'WORKER_LOST', reason: 'PROTOCOL', retryable, logs: 0 })
  expect(said.beside).toBe(1)
  expect(said.counts.WORKER_LOST).toBeGreaterThan(0)
  expect(said.threads).toBe(0)
  expect(said.polluted).toEqual([])
}

onLinux('an engine process that was taken over', () => {
  it('is tested with one that says what an engine says', async () => {
    expect(capabilities().processIsolation).toBe(true)
    const said = await hostOf(say(waits(1), waits(0), call(0), done({ calls: 1 })) + awaitEnd)
    expect(said.run).toEqual({ value: '1', logs: 0 })
    expect([said.calls, said.heard, said.threads]).toEqual([1, 0, 0])
  })

  it.each<[string, Buffer]>([
    ['an empty frame', u32(0)],
    ['a frame that says it is longer than all memory', Buffer.concat([u32(2 ** 32 - 1), u8(21)])],
    ['a kind of frame that there is not', frame(99)],
    ['an order', frame(1, RUN)],
    ['that it is ready, again', ready],
    ['a frame with too much in it', frame(20, RUN, u8(1), u8(1))],
    ['a result that is no JSON', done({ value: '{"a":' })],
    ['a result in a form that was not asked for', done({ form: CLONE_FORM, value: '["m",[]]' })],
    ['the end of another run', done({ run: u64(3) })],
    ['the end of a run that there never was', done({ run: u64(0) })],
    ['a failure that only a host can have', failed('POLICY_UNENFORCEABLE', false)],
    ['a failure that may be tried again', failed('TIMEOUT', true)],
    ['a failure of no code', failed('__proto__', false)],
    ['a time that is no number', done({ cpu: Number.NaN })],
    ['a time before the beginning', done({ duration: -5 })],
    ['a time without end', done({ duration: Number.POSITIVE_INFINITY })],
    ['more time than there was', done({ cpu: 1e300 })],
    ['more memory than there is', done({ peak: 2n ** 64n - 1n })],
    ['calls that nobody may make', done({ calls: 2 ** 32 - 1 })],
    ['a size that is not its own', done({ resultBytes: 9 })],
    ['that it holds more than there is', done({ gauge: 2n ** 64n - 1n })],
    ['log entries that nobody hears', done({ logs: Array(101).fill('x') })],
    ['longer logs than may be', done({ logs: Array(90).fill('x'.repeat(8000)) })],
    ['a log entry at no time', log('x', Number.NaN)],
  ])('is lost when it says %s', async (_what, said) => {
    expectLost(await hostOf(say(said) + awaitEnd))
  })

  it('is not heard after the end of its run', async () => {
    const said = await hostOf(say(done(), call(0)) + awaitEnd)
    expect(said.run).toEqual({ value: '1', logs: 0 })
    expect([said.calls, said.rejected]).toEqual([0, undefined])
  })

  it.each<[string, Buffer]>([
    ['of a function that was not offered', call(0, '[]', JSON_FORM, 1)],
    ['with arguments that are no JSON', call(0, '[')],
    ['with arguments that are no list', call(0, '{}')],
    ['with arguments that end the list they become part of', call(0, '[]],[1,0,[]')],
    ['with a text', call(0, '[1]', TEXT_FORM)],
    ['in a form that was not asked for', call(0, '["a",[]]', CLONE_FORM)],
    ['twice', Buffer.concat([call(0), call(0)])],
    ['of which more are under way than may be', Buffer.concat([call(0), call(1), call(2)])],
  ])('is lost when it makes a call %s', async (_what, said) => {
    const options = { maxHostCallsInFlight: 2, maxHostCalls: 100 }
    const heard = await hostOf(say(said) + awaitEnd, options, 'new Promise(() => {})')
    expectLost(heard, false)
    expect(heard.calls).toBeLessThanOrEqual(2)
  })

  it('cannot fill the host with log entries', async () => {
    const flood = say(...Array(64).fill(log('x'.repeat(1000))))
    const said = await hostOf(`while :; do\n${flood}done\n`, {
      maxLogEntries: 100_000,
      maxLogBytes: 9000,
    })
    expectLost(said)
    expect(said.heard).toBeLessThan(64)
  })

  it('cannot fill the host with answers that it does not read', async () => {
    // It hears the first line of the first answer, and no more.
    const script = say(call(0)) + awaitLine + say(call(1)) + forever
    const options = { maxHostCallsInFlight: 1 }
    expectLost(await hostOf(script, options, "'x\\n' + 'y'.repeat(4_000_000)"), false)
  })

  it('cannot keep the host from anything by never being silent', async () => {
    const flood = say(...Array(2000).fill(Buffer.concat([waits(1), waits(0)])))
    const said = await hostOf(`while :; do\n${flood}done\n`, { timeout_ms: 300 })
    expect(said.run).toMatchObject({ code: 'TIMEOUT' })
    expect([said.beside, said.threads]).toEqual([1, 0])
  })

  it('is ended at the deadline after it has closed its channel', async () => {
    const said = await hostOf(`exec 3>&-\n${forever}`, { timeout_ms: 100 })
    expect(['TIMEOUT', 'WORKER_LOST']).toContain(said.run.code)
    expect(said.threads).toBe(0)
  })

  it.each<[string, string]>([
    ['an unknown mark', '["?"]'],
    ['a container that is none', '[0,5]'],
    ['a reference to nothing', '["r",0]'],
    ['an index beyond the end', '["s",1,{"7":1}]'],
    ['a BigInt of other digits', '["i","zz"]'],
    ['a buffer that is not there', '["b",0]'],
    ['a view of no buffer', '["v","Uint8Array",["n","NaN"],0,1]'],
    ['an error of no class', '["e","Function",{}]'],
    ['no marks at all', '{}'],
  ])('is lost when its value holds %s', async (_what, value) => {
    // Well-formed text, which only its reader can know to be wrong.
    const said = await hostOf(say(done({ form: CLONE_FORM, value })) + awaitEnd, {
      values: 'clone',
    })
    expectLost(said)
    expect(said.left).toBe(0)
  })

  it('gives values that are nothing but values', async () => {
    const value =
      '["o",{"__proto__":["a",[["n","NaN"]]],"constructor":["o",{"prototype":[0,{"polluted":1}]}]}]'
    const said = await hostOf(say(done({ form: CLONE_FORM, value })) + awaitEnd, {
      values: 'clone',
    })
    expect(said.run.value).toMatch(/^\{\s*\['__proto__'\]: \[ NaN \],\s*constructor:/)
    expect(said.polluted).toEqual([])
  })
})

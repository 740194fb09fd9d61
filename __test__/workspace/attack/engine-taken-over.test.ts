import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'

const dist = join(__dirname, '../../../dist')
const inUse = process.platform !== 'win32'
let folder = ''

/** What a program in the engine's place may say: `frame(kind, text)` writes one, `order` is the script's. */
const LIES: [string, string][] = [
  ['a message that is no JSON', `frame('J', '{')`],
  ['a message that is no object', `frame('J', 'null'); frame('J', '7')`],
  ['a frame of no kind', `frame('X', 'x')`],
  ['a frame of four gigabytes', `process.stdout.write(Buffer.from([255, 255, 255, 255, 74]))`],
  ['an end without a code', `frame('J', JSON.stringify({ ended: order.run }))`],
  ['an end with a code that is none', `end({ code: '0', limited: [], tooMuch: false })`],
  ['an end with bounds that are none', `end({ code: 0, limited: 'x', tooMuch: false })`],
  ['a call of nothing', `frame('J', JSON.stringify({ call: 1 }))`],
  ['more calls than a script makes', `for (let n = 0; n < 9e3; n++) call(n)`],
  ['more than a script may print', `for (let n = 0; n < 400; n++) frame('O', 'x'.repeat(65536))`],
]

/** Says what each lie comes to, and that the host goes on. */
const HOST = `
const { openVirtualShell } = require('./dist/workspace/virtual.js')
const given = { root: process.cwd() + '/root', maxOutputBytes: 1e6, maxFileBytes: 1e6 }
const wait = { name: 'wait', execute: () => new Promise(() => {}) }
;(async () => {
  for (let lie = 0; lie < ${LIES.length}; lie++) {
    const shell = openVirtualShell({ ...given, justBash: { engine: 'native', customCommands: [wait] } })
    const { error, ended, out } = await shell.exec(String(lie), { timeoutMs: 20000 })
    console.log(lie, ended ?? error?.code, out.length <= 3e6)
    const honest = await shell.exec('honest', { timeoutMs: 20000 })
    console.log(lie, honest.code, honest.out)
    await shell.close()
  }
})()`

const PROGRAM = `#!${process.execPath}
const frame = (kind, text) => {
  const head = Buffer.alloc(5)
  head.writeUInt32LE(Buffer.byteLength(text))
  head.write(kind, 4)
  require('node:fs').writeSync(1, Buffer.concat([head, Buffer.from(text)]))
}
frame('J', '{"ready":true,"enforced":[]}')
let pending = Buffer.alloc(0)
process.stdin.on('data', (piece) => {
  pending = Buffer.concat([pending, piece])
  while (pending.length >= 5 && pending.length >= 5 + pending.readUInt32LE(0)) {
    const end = 5 + pending.readUInt32LE(0)
    const order = JSON.parse(pending.subarray(5, end))
    pending = pending.subarray(end)
    if (order.run !== undefined) answer(order)
  }
})
process.stdin.on('end', () => process.exit())
function answer(order) {
  const end = (more) => frame('J', JSON.stringify({ ended: order.run, ...more }))
  const context = { cwd: '/', env: [], exportedEnv: {}, stdin: { bytes: '' } }
  const call = (n) =>
    frame('J', JSON.stringify({ call: n, name: 'command', args: [n, 'wait', [], context] }))
  switch (order.text) {
${LIES.map(([, lie], number) => `    case '${number}': ${lie}; break`).join('\n')}
    default:
      frame('O', 'on')
      end({ code: 300, limited: [], tooMuch: false })
  }
}
`

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'runlet-taken-')))
  const filter = (path: string) => !/\.node$|runlet-(engine|bash)$/.test(path)
  cpSync(dist, join(folder, 'dist'), { recursive: true, filter })
  mkdirSync(join(folder, 'node_modules'))
  mkdirSync(join(folder, 'root'))
  writeFileSync(join(folder, 'dist', 'runlet-bash'), PROGRAM)
  chmodSync(join(folder, 'dist', 'runlet-bash'), 0o755)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('an engine of the virtual shell that somebody has taken over', () => {
  it('ends its process by what it says, and neither the host nor the next script', () => {
    if (!inUse) {
      console.log('not checked: this system has no native shell')
      return
    }
    const options = { cwd: folder, encoding: 'utf8' as const, timeout: 120_000 }
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', HOST], options)
    const expected = LIES.flatMap(([name], lie) => [
      [name, `${lie} RUNTIME_ERROR true`],
      [name, `${lie} 44 on`],
    ])
    const lines = stdout.trim().split('\n')
    expect(lines.map((line, at) => [expected[at]?.[0], line])).toEqual(expected)
    expect(stderr).toBe('')
  }, 150_000)
})

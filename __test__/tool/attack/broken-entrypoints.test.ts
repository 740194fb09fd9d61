import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { runPlain } from '../plain-peer'
import { codeOf, inArena, RUNTIMES } from './arena'

const BROKEN: [string, string | undefined, string][] = [
  ['not there', undefined, 'RUNTIME_ERROR'],
  ['not a program', 'export default {', 'SYNTAX_ERROR'],
  ['throws an error', "throw new Error('at import')", 'RUNTIME_ERROR'],
  ['throws nothing', 'throw undefined', 'RUNTIME_ERROR'],
  [
    'throws a trap',
    'throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 2 } })',
    'RUNTIME_ERROR',
  ],
  ['imports what is not there', "import './missing.mjs'", 'RUNTIME_ERROR'],
  ['never loads', 'await new Promise(() => setInterval(() => {}, 1000))', 'TIMEOUT'],
  ['has no exports', '', 'INVALID_ARGUMENT'],
  ['has none by that name', 'export default { other() {} }', 'INVALID_ARGUMENT'],
  [
    'has exports that are traps',
    'export default new Proxy({}, { ownKeys() { throw 1 }, getOwnPropertyDescriptor() { throw 2 } })',
    'RUNTIME_ERROR',
  ],
  [
    'has a getter that throws',
    "export default { get tool() { throw new Error('x') } }",
    'INVALID_ARGUMENT',
  ],
  ['exports null', 'export default null', 'INVALID_ARGUMENT'],
]

describe.each(RUNTIMES)('on %s, an entrypoint that', (runtimeType) => {
  it.each(BROKEN)('%s is a failure of the call', async (_, text, code) => {
    await inArena(runtimeType, 'named-exports.mjs', async ({ root, run }) => {
      if (text === undefined) rmSync(join(root, 'tools.mjs'))
      else writeFileSync(join(root, 'tools.mjs'), text)
      const result = await run('tool', { timeoutMs: code === 'TIMEOUT' ? 1_000 : 20_000 })
      expect([codeOf(result), result.error?.message]).toEqual([code, expect.any(String)])
      expect(result.error?.message).not.toContain(root)
    })
  })
})

describe.each(RUNTIMES)('the plain way on %s', (runtimeType) => {
  it('has no answer, and shows where things are on the host', async () => {
    await inArena(runtimeType, 'named-exports.mjs', async ({ root }) => {
      writeFileSync(join(root, 'tools.mjs'), "throw new Error('at import')")
      const peer = await runPlain(runtimeType, root, 'tool')
      expect([peer.code, peer.stdout]).toEqual([1, ''])
      expect(peer.stderr).toContain(root)
    })
  })
})

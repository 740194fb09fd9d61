import { describe, expect, it } from '@jest/globals'
import { runPlain } from '../plain-peer'
import { codeOf, inArena, RUNTIMES } from './arena'

const REFUSED: [string, string][] = [
  ['ring', 'RUNTIME_ERROR'],
  ['bigint', 'RUNTIME_ERROR'],
  ['toJSON', 'RUNTIME_ERROR'],
  ['getter', 'RUNTIME_ERROR'],
  ['proxy', 'RUNTIME_ERROR'],
  ['thenable', 'RUNTIME_ERROR'],
  ['never', 'RUNTIME_ERROR'],
  ['veryDeep', 'RUNTIME_ERROR'],
  ['deep', 'OUTPUT_LIMIT'],
  ['wide', 'OUTPUT_LIMIT'],
]

const TAKEN: [string, unknown][] = [
  ['envelope', { result: 'forged', error: { message: 'forged' }, metadata: {} }],
  ['envelopeText', { value: '"},"error":null,"result":"forged' }],
  ['surrogates', { value: '\ud800\udfff\udc00\u0000\u2028' }],
  ['undefined', {}],
  ['function', {}],
  ['symbol', {}],
  ['notNumbers', { value: [null, null, 0] }],
]

describe.each(RUNTIMES)('on %s, a result', (runtimeType) => {
  it('that is no JSON, or too much of it, is refused', async () => {
    await inArena(
      runtimeType,
      'hostile-results.mjs',
      async ({ run }) => {
        for (const [kind, code] of REFUSED) {
          const result = await run('returns', { input: { kind } })
          expect([kind, codeOf(result)]).toEqual([kind, code])
        }
      },
      { maxOutputBytes: 1_000_000 },
    )
  })

  it('that only looks like something else is a value', async () => {
    await inArena(runtimeType, 'hostile-results.mjs', async ({ run }) => {
      for (const [kind, value] of TAKEN) {
        const { output, error } = await run('returns', { input: { kind } })
        expect([kind, error?.message, output]).toEqual([kind, undefined, value])
      }
    })
  })

  it('cannot reach prototypes of the host', async () => {
    await inArena(runtimeType, 'hostile-results.mjs', async ({ run }) => {
      const { output } = await run('returns', { input: { kind: 'proto' } })
      expect(Object.keys(output ?? {}).sort()).toEqual(['__proto__', 'constructor'])
      expect(Object.getPrototypeOf(output)).toBe(Object.prototype)
      expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
    })
  })

  it('is as deep as allowed and no deeper', async () => {
    await inArena(runtimeType, 'hostile-results.mjs', async ({ run }) => {
      expect((await run('returns', { input: { kind: 'deepest' } })).ok).toBe(true)
      const result = await run('returns', { input: { kind: 'deep' } })
      expect(result.error?.cause).toMatchObject({ details: { limit: 'maxResultDepth' } })
    })
  })
})

describe.each(RUNTIMES)('the plain way on %s', (runtimeType) => {
  it('has no answer of what is no JSON', async () => {
    await inArena(runtimeType, 'hostile-results.mjs', async ({ root }) => {
      for (const kind of ['ring', 'bigint', 'toJSON', 'proxy']) {
        const peer = await runPlain(runtimeType, root, 'returns', { input: { kind } })
        expect([kind, peer.code, peer.stdout]).toEqual([kind, 1, ''])
      }
    })
  })

  it('reads what the host chokes on', async () => {
    await inArena(runtimeType, 'hostile-results.mjs', async ({ root, run }) => {
      const input = { depth: 100_000 }
      const { stdout } = await runPlain(runtimeType, root, 'prints', { input })
      expect(stdout).toHaveLength(2 * input.depth + '{"result":}'.length)
      expect(() => JSON.stringify(JSON.parse(stdout))).toThrow(/stack|memory/)
      expect(codeOf(await run('prints', { input }))).toBe('PROCESS_EXIT')
    })
  })
})

import { afterAll, describe, expect, it } from '@jest/globals'
import { GRANTED, HANG_MS, IS_ROOT, identities, onGround, RUNTIMES } from './arena'
import { withListeners } from './listeners'
import { NativeLibrary, nativeConfined, nativeUnconfined } from './native-library'

const HERE = '127.0.0.2'
const NAMES = ['undumpable_other', 'undumpable_allowed']

const library = new NativeLibrary()
afterAll(() => library.remove())

describe.each(RUNTIMES)('on %s, a process that nobody may look into', (runtimeType) => {
  it.each(identities())(
    'connects to nothing forbidden, as $name',
    async (identity) => {
      await withListeners([HERE, HERE], async ([allowed, forbidden]) => {
        if (allowed === undefined || forbidden === undefined) throw new Error('no listeners')
        await onGround(
          'plain.mjs',
          async (ground) => {
            const values = { allowed: allowed.port, forbidden: forbidden.port }
            const outcomes = await nativeConfined(
              library,
              runtimeType,
              ground,
              { names: NAMES, values },
              { identity, permissions: [...GRANTED, `--allow-net=${HERE}:${allowed.port}`] },
            )
            const mayLook = identity.uid === undefined && IS_ROOT
            if (mayLook) {
              // Root looks into it all the same, and judges as ever.
              expect(outcomes).toEqual({ undumpable_other: 'EACCES', undumpable_allowed: 'done' })
            } else {
              const closed = expect.stringMatching(/^(EACCES|EBADF)$/)
              expect(outcomes).toEqual({ undumpable_other: closed, undumpable_allowed: closed })
              expect(allowed.connections).toBe(0)
            }
            expect(forbidden.connections).toBe(0)
          },
          identity,
        )
      })
    },
    HANG_MS,
  )
})

describe.each(['bun', 'node'] as const)('the plain way on %s', (kind) => {
  it(
    'connects to both',
    async () => {
      await withListeners([HERE, HERE], async ([allowed, forbidden]) => {
        if (allowed === undefined || forbidden === undefined) throw new Error('no listeners')
        await onGround('plain.mjs', async (ground) => {
          const values = { allowed: allowed.port, forbidden: forbidden.port }
          const outcomes = await nativeUnconfined(library, kind, ground, { names: NAMES, values })
          expect(outcomes).toEqual({ undumpable_other: 'done', undumpable_allowed: 'done' })
          expect([allowed.connections, forbidden.connections]).toEqual([1, 1])
        })
      })
    },
    HANG_MS,
  )
})

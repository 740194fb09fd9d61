import { afterAll, describe, expect, it } from '@jest/globals'
import { GRANTED, HANG_MS, identities, onGround, RUNTIMES } from './arena'
import { withListeners } from './listeners'
import { NativeLibrary, nativeConfined, nativeUnconfined } from './native-library'

const HERE = '127.0.0.2'

const library = new NativeLibrary()
afterAll(() => library.remove())

describe.each(RUNTIMES)('on %s, an address that changes while it is judged', (runtimeType) => {
  it.each(identities())(
    'leads only to what was judged, as $name',
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
              { names: ['race'], values },
              { identity, permissions: [...GRANTED, `--allow-net=${HERE}:${allowed.port}`] },
            )
            // Some connections were made and some refused: both addresses were seen.
            expect(outcomes).toEqual({ race: 'EALREADY' })
            expect(allowed.connections).toBeGreaterThan(0)
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
    'leads to both',
    async () => {
      await withListeners([HERE, HERE], async ([allowed, forbidden]) => {
        if (allowed === undefined || forbidden === undefined) throw new Error('no listeners')
        await onGround('plain.mjs', async (ground) => {
          const values = { allowed: allowed.port, forbidden: forbidden.port }
          const order = { names: ['race'], values }
          expect(await nativeUnconfined(library, kind, ground, order)).toEqual({ race: 'done' })
          expect(allowed.connections).toBeGreaterThan(0)
          expect(forbidden.connections).toBeGreaterThan(0)
        })
      })
    },
    HANG_MS,
  )
})

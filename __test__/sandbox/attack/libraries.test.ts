import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import {
  confined,
  each,
  type Ground,
  HANG_MS,
  identities,
  named,
  onGround,
  others,
  RUNTIMES,
  unconfined,
} from './arena'
import { NativeLibrary } from './native-library'

const FIXTURE = 'libraries.mjs'
const REFUSED = {
  read_outside: 'EACCES',
  write_outside: 'EACCES',
  link_outside: 'EXDEV',
  chmod_outside: 'EPERM',
  libc_fork: 'EPERM',
  execve_other: 'EACCES',
  tcp: 'EACCES',
  udp: 'EACCES',
  memfd_create: 'EPERM',
  kill_host: 'EPERM',
}

const library = new NativeLibrary()
afterAll(() => library.remove())

function order(ground: Ground): Record<string, unknown> {
  const bytes = readFileSync(library.path).toString('base64')
  return { bytes, names: Object.keys(REFUSED), values: ground }
}

const outcomesOf = (output: unknown) => named((output as { native: Record<string, number> }).native)

describe.each(RUNTIMES)('on %s, a library that the tool wrote itself', (runtimeType) => {
  it.each(identities())(
    'may no more than the tool, as $name',
    async (identity) => {
      await onGround(
        FIXTURE,
        async (ground) => {
          const options = { identity, input: order(ground) }
          const output = await confined(runtimeType, ground, 'brought', options)
          expect(outcomesOf(output)).toEqual(REFUSED)
        },
        identity,
      )
    },
    HANG_MS,
  )

  it(
    'is not taken for an addon',
    async () => {
      await onGround(FIXTURE, async (ground) => {
        const input = { library: library.putInto(ground.data) }
        expect(await confined(runtimeType, ground, 'addon', { input })).toEqual({
          addon: 'ERR_DLOPEN_DISABLED',
        })
      })
    },
    HANG_MS,
  )
})

describe('on bun, databases that were not granted', () => {
  it.each(identities())(
    'are not opened, attached or made, as $name',
    async (identity) => {
      await onGround(
        FIXTURE,
        async (ground) => {
          await unconfined('bun', ground, 'keep')
          const outcomes = await confined('bun', ground, 'databases', { identity })
          expect(others(outcomes, 'SQLITE_CANTOPEN')).toEqual({ extension: expect.anything() })
          expect(existsSync(join(ground.outside, 'new.sqlite'))).toBe(false)
          expect(existsSync(join(ground.outside, 'vacuum.sqlite'))).toBe(false)
        },
        identity,
      )
    },
    HANG_MS,
  )
})

describe.each(['bun', 'node'] as const)('the plain way on %s', (kind) => {
  it(
    'lets a library do all of it',
    async () => {
      await onGround(FIXTURE, async (ground) => {
        const output = await unconfined(kind, ground, 'brought', { input: order(ground) })
        expect(outcomesOf(output)).toEqual(each(Object.keys(REFUSED), 'done'))
      })
    },
    HANG_MS,
  )
})

describe('the plain way on bun', () => {
  it(
    'opens every database, whatever flags say',
    async () => {
      await onGround(FIXTURE, async (ground) => {
        await unconfined('bun', ground, 'keep')
        const outcomes = await unconfined('bun', ground, 'databases')
        expect(others(outcomes, 'done')).toEqual({ extension: expect.anything() })
        expect(existsSync(join(ground.outside, 'vacuum.sqlite'))).toBe(true)
      })
    },
    HANG_MS,
  )
})

describe("Node's own permissions", () => {
  it(
    'refuse to load it',
    async () => {
      await onGround(FIXTURE, async (ground) => {
        const loading = unconfined('node-permission', ground, 'brought', { input: order(ground) })
        await expect(loading).rejects.toThrow(/permission model/)
      })
    },
    HANG_MS,
  )
})

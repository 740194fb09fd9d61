import { statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import {
  alike,
  confined,
  each,
  type Ground,
  HANG_MS,
  identities,
  onGround,
  others,
  RUNTIMES,
  unconfined,
} from './arena'
import { NativeLibrary, nativeConfined, nativeUnconfined } from './native-library'

const FIXTURE = 'metadata-writes.mjs'
const NATIVE = [
  'chmod_outside',
  'chmod_own',
  'chmod_by_proc',
  'fchmod_readable',
  'chown_outside',
  'utimensat_outside',
  'futimens_readable',
  'setxattr_outside',
  'removexattr_outside',
  'lsetxattr_outside',
  'setxattr_own',
  'fsetxattr_readable',
  'setflags_readable',
  'fssetxattr_readable',
]
/** Of Linux 6.6, 6.13 and 6.17: an older kernel has none of them. */
const NEWER = [
  'fchmodat2_outside',
  'setxattrat_outside',
  'removexattrat_outside',
  'file_setattr_outside',
]
const NAMES = [...NATIVE, ...NEWER]
/** Modes and times are set where files may be written, and never through a link; attributes nowhere. */
const REFUSED = {
  ...each(NAMES, 'EPERM'),
  ...each(
    NAMES.filter((name) => name.includes('xattr') && name !== 'fssetxattr_readable'),
    'EOPNOTSUPP',
  ),
  // By the number alone: ELOOP if the host, too, has a descriptor of that number.
  chmod_by_proc: expect.stringMatching(/^(ELOOP|ENOENT)$/),
  chmod_own: 'done',
}
/** What may be written may be given a mode, but not one that hands on whose file it is. */
const OF_OWN = {
  ...each(['chmod own', 'times own', 'timesOfLink'], 'done'),
  setuidOwn: 'stripped',
}

const library = new NativeLibrary()
afterAll(() => library.remove())

function metadata({ outside, data }: Ground): unknown[] {
  const files = [join(outside, 'victim.txt'), join(data, 'allowed.txt'), outside]
  return files.map((path) => {
    const { mode, mtimeMs, uid, gid, ctimeMs } = statSync(path)
    return { path, mode, mtimeMs, uid, gid, ctimeMs }
  })
}

describe.each(RUNTIMES)('on %s, modes, owners, times and attributes', (runtimeType) => {
  it.each(identities())(
    'stay as they are, as $name',
    async (identity) => {
      await onGround(
        FIXTURE,
        async (ground) => {
          const before = metadata(ground)
          const outcomes = await confined(runtimeType, ground, 'change', { identity })
          expect(others(outcomes, 'EPERM')).toEqual(OF_OWN)
          const order = { names: NAMES }
          expect(await nativeConfined(library, runtimeType, ground, order, { identity })).toEqual(
            REFUSED,
          )
          expect(metadata(ground)).toEqual(before)
        },
        identity,
      )
    },
    HANG_MS,
  )
})

describe.each(['bun', 'node'] as const)('the plain way on %s', (kind) => {
  it(
    'changes them all',
    async () => {
      await onGround(FIXTURE, async (ground) => {
        const before = metadata(ground)
        expect(others(await unconfined(kind, ground, 'change'), 'done')).toEqual({})
        expect(metadata(ground)).not.toEqual(before)
        const outcomes = await nativeUnconfined(library, kind, ground, { names: NATIVE })
        expect(others(outcomes, 'done')).toEqual({})
        const newer = await nativeUnconfined(library, kind, ground, { names: NEWER })
        expect(alike(REFUSED, newer)).toEqual([])
      })
    },
    HANG_MS,
  )
})

describe("Node's own permissions", () => {
  it(
    'refuse all but what may be written anyway, and what a link of the project leads to',
    async () => {
      await onGround(FIXTURE, async (ground) => {
        const { mode } = statSync(join(ground.outside, 'victim.txt'))
        const outcomes = await unconfined('node-permission', ground, 'change')
        const names = ['chmod', 'chown', 'times'].flatMap((what) => [
          `${what} own`,
          `${what} through`,
        ])
        expect(others(outcomes, 'ERR_ACCESS_DENIED')).toEqual(
          each([...names, 'timesOfLink', 'chownOfLink', 'setuidOwn'], 'done'),
        )
        expect(statSync(join(ground.outside, 'victim.txt')).mode).not.toBe(mode)
      })
    },
    HANG_MS,
  )
})

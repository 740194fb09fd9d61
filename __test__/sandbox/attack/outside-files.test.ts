import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import {
  alike,
  confined,
  each,
  type Ground,
  HANG_MS,
  IS_ROOT,
  identities,
  onGround,
  others,
  RUNTIMES,
  unconfined,
} from './arena'
import { NativeLibrary, nativeConfined, nativeUnconfined } from './native-library'

const FIXTURE = 'outside-files.mjs'
/** A file may be linked into a folder only with all rights that it would have there. */
const WRITES = { hardLinkReadOnly: 'EXDEV', hardLinkOutside: 'EXDEV' }
const NATIVE = [
  'read_users',
  'read_outside',
  'read_by_openat2',
  'read_by_name_descriptor',
  'write_outside',
  'truncate_outside',
  'link_outside',
  'link_by_descriptor',
  'exchange',
  'climb',
  'nameless_outside',
]
const NATIVE_OUTCOMES = {
  ...each(NATIVE, 'EACCES'),
  link_outside: 'EXDEV',
  link_by_descriptor: 'EXDEV',
}
/** Only root may look at another user's process at all, and not on every machine. */
const OF_FIRST = ['firstEnvironment', 'firstRoot']

const library = new NativeLibrary()
afterAll(() => library.remove())

/** All that the attacks must leave as it is. */
function untouched({ root, data, outside }: Ground): Record<string, string> {
  const files: Record<string, string> = {}
  const visit = (folder: string) => {
    // The host keeps something of its own in the project.
    for (const name of readdirSync(folder).filter((name) => name !== '.runlet')) {
      const path = join(folder, name)
      const entry = lstatSync(path)
      files[path] = entry.isFile() ? readFileSync(path, 'utf8') : 'no file'
    }
  }
  for (const folder of [root, data, outside]) visit(folder)
  return files
}

describe.each(RUNTIMES)('on %s, files that were not granted', (runtimeType) => {
  describe.each(identities())('as $name', (identity) => {
    it(
      'cannot be read',
      async () => {
        await onGround(
          FIXTURE,
          async (ground) => {
            const outcomes = await confined(runtimeType, ground, 'read', { identity })
            expect(others(outcomes, 'EACCES')).toEqual({})
          },
          identity,
        )
      },
      HANG_MS,
    )

    it(
      'cannot be changed, made, moved or removed',
      async () => {
        await onGround(
          FIXTURE,
          async (ground) => {
            const before = untouched(ground)
            const outcomes = await confined(runtimeType, ground, 'write', { identity })
            expect(others(outcomes, 'EACCES')).toEqual(WRITES)
            expect(untouched(ground)).toEqual(before)
          },
          identity,
        )
      },
      HANG_MS,
    )

    it(
      'are not opened by system calls either',
      async () => {
        await onGround(
          FIXTURE,
          async (ground) => {
            const order = { names: NATIVE }
            const outcomes = await nativeConfined(library, runtimeType, ground, order, { identity })
            expect(outcomes).toEqual(NATIVE_OUTCOMES)
          },
          identity,
        )
      },
      HANG_MS,
    )
  })

  it(
    'show that they are there, and nothing else',
    async () => {
      await onGround(FIXTURE, async (ground) => {
        const outcomes = await confined(runtimeType, ground, 'look')
        expect(outcomes).toEqual({ stat: 'done', exists: 'true', readlink: 'done' })
      })
    },
    HANG_MS,
  )
})

describe.each(['bun', 'node'] as const)('the plain way on %s', (kind) => {
  it(
    'reads and writes them all, whatever flags say',
    async () => {
      await onGround(FIXTURE, async (ground) => {
        const read = others(await unconfined(kind, ground, 'read'), 'done')
        expect(Object.keys(read).filter((name) => !OF_FIRST.includes(name))).toEqual([])
        const before = untouched(ground)
        expect(others(await unconfined(kind, ground, 'write'), 'done')).toEqual({})
        expect(untouched(ground)).not.toEqual(before)
      })
    },
    HANG_MS,
  )

  it(
    'opens them all by system calls',
    async () => {
      await onGround(FIXTURE, async (ground) => {
        const outcomes = await nativeUnconfined(library, kind, ground, { names: NATIVE })
        expect(alike(NATIVE_OUTCOMES, outcomes)).toEqual([])
        // Whoever is not root may link only by a path; since 6.10, what he has opened himself, too.
        const { link_by_descriptor: linked, ...rest } = outcomes
        expect(others(rest, 'done')).toEqual({})
        expect(IS_ROOT ? ['done'] : ['done', 'ENOENT']).toContain(linked)
      })
    },
    HANG_MS,
  )
})

describe("Node's own permissions", () => {
  it(
    'refuse all but links that came with the project',
    async () => {
      await onGround(FIXTURE, async (ground) => {
        const through = { plantedLink: 'done', plantedFolder: 'done' }
        const read = await unconfined('node-permission', ground, 'read')
        expect(others(read, 'ERR_ACCESS_DENIED')).toEqual(through)
        const written = await unconfined('node-permission', ground, 'write')
        expect(others(written, 'ERR_ACCESS_DENIED')).toEqual({ plantedLink: 'done' })
        expect(readFileSync(join(ground.outside, 'victim.txt'), 'utf8')).toContain('through a link')
      })
    },
    HANG_MS,
  )
})

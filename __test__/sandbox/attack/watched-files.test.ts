import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { confined, HANG_MS, identities, onGround, others, RUNTIMES, unconfined } from './arena'
import { NativeLibrary, nativeConfined, nativeUnconfined } from './native-library'

const FIXTURE = 'watched-files.mjs'
const REFUSED = {
  inotify_outside: 'EACCES',
  // What is told is which names are used how, and a rule for files says nothing of that.
  inotify_readable: 'EACCES',
  dnotify_outside: 'EACCES',
  getxattr_outside: 'EOPNOTSUPP',
  lgetxattr_outside: 'EOPNOTSUPP',
  listxattr_outside: 'EOPNOTSUPP',
  getxattrat_outside: 'EOPNOTSUPP',
}
/** Of Linux 6.13. */
const NEWER = ['getxattrat_outside']

const library = new NativeLibrary()
afterAll(() => library.remove())

/** Makes files in a folder, one after the other, for as long as somebody may watch it. */
async function whileFilesAppear<T>(folder: string, work: () => Promise<T>): Promise<T> {
  let count = 0
  const timer = setInterval(() => writeFileSync(join(folder, `told-${count++}`), ''), 20)
  try {
    return await work()
  } finally {
    clearInterval(timer)
  }
}

describe.each(RUNTIMES)('on %s, folders that were not granted', (runtimeType) => {
  it.each(identities())(
    'are not watched, as $name',
    async (identity) => {
      await onGround(
        FIXTURE,
        async (ground) => {
          const watch = (tool: string, folder: string) =>
            whileFilesAppear(folder, () => confined(runtimeType, ground, tool, { identity }))
          expect(await watch('watch', ground.outside)).toEqual({ watch: 'EACCES' })
          expect(await watch('watchReadable', ground.data)).toEqual({ watch: 'EACCES' })
          // There is an attribute to be seen.
          await nativeUnconfined(library, 'bun', ground, { names: ['setxattr_outside'] })
          const order = { names: Object.keys(REFUSED) }
          expect(await nativeConfined(library, runtimeType, ground, order, { identity })).toEqual(
            REFUSED,
          )
        },
        identity,
      )
    },
    HANG_MS,
  )

  it(
    'are watched by whom everything may be read',
    async () => {
      await onGround(FIXTURE, async (ground) => {
        const outcome = await whileFilesAppear(ground.outside, () =>
          confined(runtimeType, ground, 'watch', { permissions: ['--allow-read'] }),
        )
        expect(outcome).toEqual({ watch: expect.stringMatching(/^saw told-/) })
      })
    },
    HANG_MS,
  )
})

describe.each(['bun', 'node'] as const)('the plain way on %s', (kind) => {
  it(
    'tells of all that happens there',
    async () => {
      await onGround(FIXTURE, async (ground) => {
        const outcome = await whileFilesAppear(ground.outside, () =>
          unconfined(kind, ground, 'watch'),
        )
        expect(outcome).toEqual({ watch: expect.stringMatching(/^saw told-/) })
        const older = Object.keys(REFUSED).filter((name) => !NEWER.includes(name))
        const order = { names: ['setxattr_outside', ...older] }
        const outcomes = await nativeUnconfined(library, kind, ground, order)
        expect(others(outcomes, 'done')).toEqual({})
      })
    },
    HANG_MS,
  )
})

describe("Node's own permissions", () => {
  it(
    'refuse to watch',
    async () => {
      await onGround(FIXTURE, async (ground) => {
        const outcome = await whileFilesAppear(ground.outside, () =>
          unconfined('node-permission', ground, 'watch'),
        )
        expect(outcome).toEqual({ watch: 'ERR_ACCESS_DENIED' })
      })
    },
    HANG_MS,
  )
})

import { afterAll, describe, expect, it } from '@jest/globals'
import {
  alike,
  confined,
  each,
  HANG_MS,
  IS_CONTAINED,
  IS_ROOT,
  identities,
  onGround,
  others,
  RUNTIMES,
  unconfined,
} from './arena'
import { NativeLibrary, nativeConfined, nativeUnconfined } from './native-library'

const FIXTURE = 'processes.mjs'
const FORKS = ['raw_fork', 'raw_vfork', 'libc_fork', 'raw_clone', 'clone_parent', 'clone_vm']
const NAMESPACES = [
  'clone_user_namespace',
  'clone_net_namespace',
  'unshare_user',
  'unshare_mounts',
  'unshare_net',
  'unshare_files',
]
const PROGRAMS = ['execve_other', 'execveat_descriptor', 'execve_written']
const REFUSED = {
  ...each([...FORKS, ...NAMESPACES, 'posix_spawn'], 'EPERM'),
  ...each(PROGRAMS, 'EACCES'),
  // The C library goes on with clone.
  raw_clone3: 'ENOSYS',
  // There is no file of memory to execute.
  fexecve_memory: 'EPERM',
}
const NAMES = Object.keys(REFUSED)

const library = new NativeLibrary()
afterAll(() => library.remove())

describe.each(RUNTIMES)('on %s, without a grant to run anything', (runtimeType) => {
  describe.each(identities())('as $name', (identity) => {
    it(
      'no form of the runtime starts a process',
      async () => {
        await onGround(
          FIXTURE,
          async (ground) => {
            const outcomes = await confined(runtimeType, ground, 'start', { identity })
            // The shell of Bun tells it on stderr, and of its own only that it failed.
            const failed = 'ShellError: Failed with exit code 1'
            expect(others(outcomes, 'EPERM')).toEqual(
              runtimeType === 'bun' ? each(['bunShell', 'bunShellFromPath'], failed) : {},
            )
          },
          identity,
        )
      },
      HANG_MS,
    )

    it(
      'no system call does, nor does one become another program',
      async () => {
        await onGround(
          FIXTURE,
          async (ground) => {
            // May be read, as any library; to execute it is another right.
            const order = { names: NAMES, values: { program: `${ground.data}/attacks.so` } }
            expect(await nativeConfined(library, runtimeType, ground, order, { identity })).toEqual(
              REFUSED,
            )
          },
          identity,
        )
      },
      HANG_MS,
    )
  })
})

describe.each(['bun', 'node'] as const)('the plain way on %s', (kind) => {
  it(
    'starts what it likes, whatever flags say',
    async () => {
      await onGround(FIXTURE, async (ground) => {
        expect(others(await unconfined(kind, ground, 'start'), 'done')).toEqual({})
        const outcomes = await nativeUnconfined(library, kind, ground, { names: NAMES })
        // Namespaces are for root, and for others where the machine has not forbidden them.
        const same = alike(REFUSED, outcomes).filter(
          (name) => IS_ROOT || !NAMESPACES.includes(name),
        )
        // A container cannot see what this call asks for, and does as if there were none.
        expect(same).toEqual(IS_CONTAINED ? ['raw_clone3'] : [])
        if (IS_ROOT) expect(others(outcomes, 'done')).toEqual({})
      })
    },
    HANG_MS,
  )
})

describe("Node's own permissions", () => {
  it(
    'refuse its own forms',
    async () => {
      await onGround(FIXTURE, async (ground) => {
        const outcomes = await unconfined('node-permission', ground, 'start')
        expect(others(outcomes, 'ERR_ACCESS_DENIED')).toEqual({})
      })
    },
    HANG_MS,
  )
})

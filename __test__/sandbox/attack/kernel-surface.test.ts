import { afterAll, describe, expect, it } from '@jest/globals'
import {
  alike,
  confined,
  each,
  HANG_MS,
  IS_ROOT,
  identities,
  onGround,
  peer,
  RUNTIMES,
} from './arena'
import { NativeLibrary, nativeConfined, nativeUnconfined } from './native-library'

const FIXTURE = 'plain.mjs'
/** Open to any user of most machines. */
const COMMON = [
  'memfd_create',
  'shmget',
  'unseen_memory',
  'unseen_zeros',
  'msgget',
  'semget',
  'mq_open',
  'vmsplice',
  'adjtimex',
]
const SPECIAL = [
  'bpf',
  'userfaultfd',
  'mount',
  'umount',
  'pivot_root',
  'chroot',
  'setns',
  'open_tree',
  'fsopen',
  'fspick',
  'open_by_handle_at',
  'keyctl',
  'add_key',
  'request_key',
  'memfd_secret',
  'syslog',
  'quotactl',
  'fanotify_init',
  'swapon',
  'acct',
  'reboot',
  'kexec_load',
  'init_module',
  'delete_module',
  'sethostname',
  'clock_settime',
  'tiocsti',
  'tioclinux',
]
const UNKNOWN = ['io_uring_setup', 'io_uring_enter', 'io_uring_register', 'listmount', 'statmount']
/** Numbers that this kernel may not know either. */
const NOBODYS = ['number_unknown', 'number_huge', 'x32_getpid', 'x32_socket']
const REFUSED: Record<string, string> = {
  ...each([...COMMON, ...SPECIAL], 'EPERM'),
  ...each([...UNKNOWN, ...NOBODYS], 'ENOSYS'),
  mknod: 'EACCES',
  unseen_zeros: 'EACCES',
  ...(process.arch === 'x64' ? each(['iopl', 'modify_ldt'], 'EPERM') : {}),
}

const library = new NativeLibrary()
afterAll(() => library.remove())

describe.each(RUNTIMES)('on %s, what the kernel has beside files and sockets', (runtimeType) => {
  it.each(identities())(
    'is closed, as $name',
    async (identity) => {
      await onGround(
        FIXTURE,
        async (ground) => {
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

  const onX64 = process.arch === 'x64' ? it : it.skip
  onX64(
    'is not reached by calls of another architecture, which end the process',
    async () => {
      await onGround(FIXTURE, async (ground) => {
        const path = library.putInto(ground.data)
        const input = { library: path, names: ['interrupt_80'], values: {} }
        expect(await confined(runtimeType, ground, 'native', { input })).toEqual({
          code: 'PROCESS_EXIT',
          message: expect.stringContaining('SIGSYS'),
        })
      })
    },
    HANG_MS,
  )
})

describe.each(['bun', 'node'] as const)('the plain way on %s', (kind) => {
  it(
    'has an answer of the kernel itself',
    async () => {
      await onGround(FIXTURE, async (ground) => {
        const order = { names: IS_ROOT ? Object.keys(REFUSED) : COMMON }
        const outcomes = await nativeUnconfined(library, kind, ground, order)
        const same = alike(REFUSED, outcomes).filter((name) => !NOBODYS.includes(name))
        expect(same).toEqual([])
      })
    },
    HANG_MS,
  )

  const onX64 = process.arch === 'x64' ? it : it.skip
  onX64(
    'goes on after a call of another architecture, or dies of its own',
    async () => {
      await onGround(FIXTURE, async (ground) => {
        const path = library.putInto(ground.data)
        const input = { library: path, names: ['interrupt_80'], values: {} }
        const { output, signal } = await peer(kind, ground, 'native', input)
        // A kernel without 32-bit programs answers with a fault.
        const here = signal === null ? { native: { interrupt_80: 0 } } : undefined
        expect((output as { result?: unknown } | undefined)?.result).toEqual(here)
        expect(signal).not.toBe('SIGSYS')
      })
    },
    HANG_MS,
  )
})

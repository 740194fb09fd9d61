import { afterAll, describe, expect, it } from '@jest/globals'
import {
  alike,
  confined,
  each,
  HANG_MS,
  type Identity,
  IS_ROOT,
  identities,
  onGround,
  others,
  RUNTIMES,
  unconfined,
} from './arena'
import { Bystander } from './bystander'
import { NativeLibrary, nativeConfined, nativeUnconfined } from './native-library'

const FIXTURE = 'other-processes.mjs'
/** What any user may do with processes of the same user, unless the machine has forbidden it. */
const EASY = [
  'pidfd_signal_target',
  'kill_target',
  'kill_group',
  'sigqueue_target',
  'owner_of_pipe',
  'scheduler_target',
]
const HARD = [
  'ptrace_attach',
  'ptrace_seize',
  'process_vm_readv',
  'process_vm_writev',
  'pidfd_getfd',
  'process_madvise',
  'kcmp_target',
  'perf_target',
  'robust_list_target',
  'move_pages_target',
  'prlimit_target',
]
/** The host, and the first process of the machine. */
const GREAT = [
  'pidfd_signal_host',
  'pidfd_signal_first',
  'kill_host',
  'kill_first',
  'tkill_host',
  'tgkill_host',
  'prlimit_host',
  'setpriority_host',
  'affinity_host',
  'ioprio_host',
]
const REFUSED: Record<string, string> = {
  ...each([...EASY, ...HARD, ...GREAT], 'EPERM'),
  proc_mem: 'EACCES',
}
const BY_RUNTIME = {
  killHost: 'EPERM',
  killFirst: 'EPERM',
  killTarget: 'EPERM',
  killGroup: 'EPERM',
  priorityOfHost: 'EPERM',
  memoryOfTarget: 'EACCES',
  descriptorsOfTarget: 'EACCES',
  scoreOfTarget: 'EACCES',
  namespaceOfTarget: 'EACCES',
}
const HERE: Identity = { name: 'here' }

const library = new NativeLibrary()
afterAll(() => library.remove())

const valuesOf = (one: Bystander) => ({ target: one.pid, address: one.address })

describe.each(RUNTIMES)('on %s, other processes', (runtimeType) => {
  describe.each(identities())('as $name', (identity) => {
    it(
      'are not read, traced, limited or signalled',
      async () => {
        await Bystander.beside(identity, (one) =>
          onGround(
            FIXTURE,
            async (ground) => {
              const input = { target: one.pid }
              expect(await confined(runtimeType, ground, 'reach', { identity, input })).toEqual(
                BY_RUNTIME,
              )
              const order = { names: Object.keys(REFUSED), values: valuesOf(one) }
              expect(
                await nativeConfined(library, runtimeType, ground, order, { identity }),
              ).toEqual(REFUSED)
              expect(await one.signals()).toBe(0)
            },
            identity,
          ),
        )
      },
      HANG_MS,
    )

    it(
      'do not notice a signal to everybody',
      async () => {
        await Bystander.beside(identity, (one) =>
          onGround(
            FIXTURE,
            async (ground) => {
              // Which the kernel calls a success, if there is anybody who might have been meant.
              await nativeConfined(
                library,
                runtimeType,
                ground,
                { names: ['kill_all'] },
                { identity },
              )
              expect(await one.signals()).toBe(0)
            },
            identity,
          ),
        )
      },
      HANG_MS,
    )
  })
})

describe.each(['bun', 'node'] as const)('the plain way on %s', (kind) => {
  it(
    'does it all',
    async () => {
      await Bystander.beside(HERE, (one) =>
        onGround(FIXTURE, async (ground) => {
          const outcomes = await unconfined(kind, ground, 'reach', { input: { target: one.pid } })
          const byAnybody = { ...(outcomes as object), ...(IS_ROOT ? {} : { killFirst: 'done' }) }
          expect(others(byAnybody, 'done')).toEqual({})
          const easy = await nativeUnconfined(library, kind, ground, {
            names: EASY,
            values: valuesOf(one),
          })
          expect(others(easy, 'done')).toEqual({})
          // One by name, one to its group, and as many again by other calls.
          await one.hears()
          if (!IS_ROOT) return
          const names = [...HARD, ...GREAT, 'proc_mem']
          const hard = await nativeUnconfined(library, kind, ground, {
            names,
            values: valuesOf(one),
          })
          expect(alike(REFUSED, hard)).toEqual([])
          expect(others(hard, 'done')).toEqual({})
        }),
      )
    },
    HANG_MS,
  )
})

describe("Node's own permissions", () => {
  it(
    'know nothing of signals and priorities',
    async () => {
      await Bystander.beside(HERE, (one) =>
        onGround(FIXTURE, async (ground) => {
          const input = { target: one.pid }
          const outcomes = await unconfined('node-permission', ground, 'reach', { input })
          const byAnybody = { ...(outcomes as object), ...(IS_ROOT ? {} : { killFirst: 'done' }) }
          expect(others(byAnybody, 'done')).toEqual({
            memoryOfTarget: 'ERR_ACCESS_DENIED',
            descriptorsOfTarget: 'ERR_ACCESS_DENIED',
            scoreOfTarget: 'ERR_ACCESS_DENIED',
            namespaceOfTarget: 'ERR_ACCESS_DENIED',
          })
          await one.hears()
        }),
      )
    },
    HANG_MS,
  )
})

import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from '@jest/globals'
import { allGone, everyPid, isAlive } from '../../tool/attack/arena'
import {
  confined,
  each,
  GRANTED,
  HANG_MS,
  identities,
  onGround,
  others,
  RUNTIMES,
  unconfined,
} from './arena'
import { NativeLibrary, nativeConfined, nativeUnconfined } from './native-library'

const FIXTURE = 'outliving.mjs'
const NAMES = ['own_session', 'own_group', 'death_signal', 'double_fork']

const library = new NativeLibrary()
afterAll(() => library.remove())

/** Processes that the attack left on the machine. */
function survivors(): number[] {
  return everyPid().filter((pid) => {
    try {
      return isAlive(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('2.7182')
    } catch {
      return false
    }
  })
}

describe.each(RUNTIMES)('on %s, what a call started', (runtimeType) => {
  it.each(identities())(
    'never was, without a grant to run, as $name',
    async (identity) => {
      await onGround(
        FIXTURE,
        async (ground) => {
          const outcomes = await confined(runtimeType, ground, 'stay', { identity })
          expect(others(outcomes, 'EPERM')).toEqual({})
          const order = { names: NAMES }
          expect(await nativeConfined(library, runtimeType, ground, order, { identity })).toEqual(
            each(NAMES, 'EPERM'),
          )
          expect(survivors()).toEqual([])
        },
        identity,
      )
    },
    HANG_MS,
  )

  it.each(identities())(
    'ends with it, with a grant to run, as $name',
    async (identity) => {
      await onGround(
        FIXTURE,
        async (ground) => {
          const permissions = [...GRANTED, '--allow-run=sh,sleep,nohup']
          const options = { identity, permissions }
          const outcomes = await confined(runtimeType, ground, 'stay', options)
          // Both runtimes go on where a session of its own is refused.
          expect(others(outcomes, 'done')).toEqual({})
          const order = { names: NAMES }
          expect(await nativeConfined(library, runtimeType, ground, order, options)).toEqual(
            each(NAMES, 'EPERM'),
          )
          await allGone(survivors)
        },
        identity,
      )
    },
    HANG_MS,
  )
})

describe.each(['bun', 'node'] as const)('the plain way on %s', (kind) => {
  it(
    'leaves it to the machine',
    async () => {
      await onGround(FIXTURE, async (ground) => {
        expect(others(await unconfined(kind, ground, 'stay'), 'done')).toEqual({})
        expect(survivors().length).toBeGreaterThan(0)
        await allGone(survivors, 20_000)
        const outcomes = await nativeUnconfined(library, kind, ground, { names: NAMES })
        expect(others(outcomes, 'done')).toEqual({})
      })
    },
    HANG_MS,
  )
})

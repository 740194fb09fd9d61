import { afterAll, describe, expect, it } from '@jest/globals'
import { each, GRANTED, HANG_MS, identities, onGround, others, RUNTIMES, unconfined } from './arena'
import { type Listener, withListeners } from './listeners'
import { NativeLibrary, nativeConfined, nativeUnconfined } from './native-library'
import { reach, type Target } from './reaching'

const HERE = '127.0.0.2'
/** All of them are 127.0.0.2 to the system. */
const ADDRESSES = ['127.2', '2130706434', '0x7f.2', '0x7f000002', '0177.0.0.2', '::ffff:127.0.0.2']
const NATIVE = ['mapped_forbidden', 'too_long', 'any_address', 'connect_other']
/** Which are no address at all. */
const BROKEN = ['cut_short', 'nowhere']

const library = new NativeLibrary()
afterAll(() => library.remove())

function withTwo<T>(work: (allowed: Listener, forbidden: Listener) => Promise<T>): Promise<T> {
  return withListeners([HERE, HERE], async ([allowed, forbidden]) => {
    if (allowed === undefined || forbidden === undefined) throw new Error('no listeners')
    return work(allowed, forbidden)
  })
}

const at = (port: number, hosts: readonly string[]): Target[] =>
  hosts.map((host) => ({ host, port, as: host }))

describe.each(RUNTIMES)('on %s, an address', (runtimeType) => {
  it.each(['socket', 'fetch'] as const)(
    'is judged as what it is, by %s',
    async (way) => {
      await withTwo(async (allowed, forbidden) => {
        const rules = [`--allow-net=${HERE}:${allowed.port}`]
        const reached = await reach(runtimeType, {
          rules,
          targets: at(allowed.port, ADDRESSES),
          way,
        })
        expect(others(reached, 'done')).toEqual({})
        const refused = await reach(runtimeType, {
          rules,
          targets: at(forbidden.port, [HERE, ...ADDRESSES, '0.0.0.0', '::1']),
          way,
        })
        expect(others(refused, 'EACCES')).toEqual({})
        expect([allowed.connections, forbidden.connections]).toEqual([ADDRESSES.length, 0])
      })
    },
    HANG_MS,
  )

  it.each(identities())(
    'is judged in every form of a system call, as $name',
    async (identity) => {
      await withTwo(async (allowed, forbidden) => {
        await onGround(
          'plain.mjs',
          async (ground) => {
            const values = { allowed: allowed.port, forbidden: forbidden.port }
            const names = [...NATIVE, ...BROKEN, 'mapped_allowed', 'connect_allowed']
            const outcomes = await nativeConfined(
              library,
              runtimeType,
              ground,
              { names, values },
              { identity, permissions: [...GRANTED, `--allow-net=${HERE}:${allowed.port}`] },
            )
            expect(outcomes).toEqual({
              ...each(NATIVE, 'EACCES'),
              cut_short: 'EINVAL',
              nowhere: 'EFAULT',
              mapped_allowed: 'done',
              connect_allowed: 'done',
            })
            expect([allowed.connections, forbidden.connections]).toEqual([2, 0])
          },
          identity,
        )
      })
    },
    HANG_MS,
  )
})

describe.each(RUNTIMES)('on %s, a name', (runtimeType) => {
  it.each(['socket', 'fetch'] as const)(
    'is the same however it is written, by %s',
    async (way) => {
      await withTwo(async (allowed) => {
        const hosts = { 'xn--bcher-kva.test': [HERE], 'api.example.test': [HERE] }
        const written = [
          'api.example.test',
          'API.Example.TEST',
          'api.example.test.',
          'xn--bcher-kva.test',
        ]
        // Only URLs turn letters of the world into those of names.
        const spelled = way === 'fetch' ? [...written, 'bücher.test', 'BÜCHER.test'] : written
        const told = await reach(runtimeType, {
          rules: ['--allow-net=bücher.test,api.example.test', '--allow-private=*.test'],
          targets: at(allowed.port, spelled),
          resolver: { hosts },
          way,
        })
        expect(others(told, 'done')).toEqual({})
        const strangers = [
          'bucher.test',
          'api.example.test.test',
          'api-example.test',
          'xn--bcher-kva.test.evil.test',
        ]
        const refused = await reach(runtimeType, {
          rules: ['--allow-net=bücher.test,api.example.test', '--allow-private=*.test'],
          targets: at(allowed.port, strangers),
          resolver: {
            hosts: { ...hosts, ...Object.fromEntries(strangers.map((one) => [one, [HERE]])) },
          },
          way,
        })
        expect(others(refused, 'ENOTFOUND')).toEqual({})
      })
    },
    HANG_MS,
  )
})

describe.each(['bun', 'node', 'node-permission'] as const)('the plain way on %s', (kind) => {
  it(
    'reaches it by every spelling',
    async () => {
      await withTwo(async (_, forbidden) => {
        await onGround('network.mjs', async (ground) => {
          const targets = at(forbidden.port, [HERE, ...ADDRESSES])
          const told = await unconfined(kind, ground, 'reach', { input: { targets } })
          expect(others(told, 'done')).toEqual({})
          expect(forbidden.connections).toBe(targets.length)
        })
      })
    },
    HANG_MS,
  )
})

describe.each(['bun', 'node'] as const)('the plain way on %s', (kind) => {
  it(
    'connects in every form of a system call',
    async () => {
      await withTwo(async (allowed, forbidden) => {
        await onGround('plain.mjs', async (ground) => {
          const values = { allowed: allowed.port, forbidden: forbidden.port }
          const outcomes = await nativeUnconfined(library, kind, ground, { names: NATIVE, values })
          // 0.0.0.0 is 127.0.0.1, where nobody listens.
          expect(others(outcomes, 'done')).toEqual({ any_address: 'ECONNREFUSED' })
        })
      })
    },
    HANG_MS,
  )
})

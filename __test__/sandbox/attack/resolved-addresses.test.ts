import { describe, expect, it } from '@jest/globals'
import { HANG_MS, identities, RUNTIMES } from './arena'
import { type Listener, withListeners } from './listeners'
import { NameServer } from './name-server'
import { reach } from './reaching'

const HERE = '127.0.0.2'
const THERE = '127.0.0.3'
const NAME = 'api.example.test'
/** Spellings and relatives of this machine that a name could lead to. */
const SPECIAL = [HERE, '127.0.0.1', '0.0.0.0', '::1', '::', '::ffff:127.0.0.2', '64:ff9b::7f00:2']

function withTwo<T>(work: (here: Listener, there: Listener) => Promise<T>): Promise<T> {
  return withListeners([HERE, THERE], async ([here, there]) => {
    if (here === undefined || there === undefined) throw new Error('no listeners')
    return work(here, there)
  })
}

describe.each(RUNTIMES)('on %s, an allowed name that leads to this machine', (runtimeType) => {
  it.each(identities())(
    'leads nowhere, as $name',
    async (identity) => {
      await withTwo(async (here) => {
        for (const address of SPECIAL) {
          const told = await reach(runtimeType, {
            rules: [`--allow-net=${NAME}`],
            targets: [{ host: NAME, port: here.port }],
            resolver: { hosts: { [NAME]: [address] } },
            identity,
          })
          // Such a name has no IPv4 address to be found by.
          const outcome = address.includes(':')
            ? expect.stringMatching(/^E(ACCES|NOTFOUND)$/)
            : 'EACCES'
          expect({ address, told }).toEqual({
            address,
            told: { [`${NAME}:${here.port}`]: outcome },
          })
        }
        expect(here.connections).toBe(0)
      })
    },
    HANG_MS,
  )

  it.each([
    ['the name may', [`--allow-private=${NAME}`]],
    ['a range of addresses says so', ['--allow-net=127.0.0.0/8']],
    ['everything but another address is allowed', ['--allow-net', '--deny-net=127.0.0.9']],
  ])(
    'leads there if %s',
    async (_, more) => {
      await withTwo(async (here) => {
        const told = await reach(runtimeType, {
          rules: [`--allow-net=${NAME}`, ...more],
          targets: [{ host: NAME, port: here.port }],
          resolver: { hosts: { [NAME]: [HERE] } },
        })
        expect(told).toEqual({ [`${NAME}:${here.port}`]: 'done' })
        expect(here.connections).toBe(1)
      })
    },
    HANG_MS,
  )

  it(
    'is not allowed by a range that covers another port',
    async () => {
      await withTwo(async (here) => {
        const told = await reach(runtimeType, {
          rules: [`--allow-net=${NAME}`, `--allow-net=127.0.0.0/8:1`],
          targets: [{ host: NAME, port: here.port }],
          resolver: { hosts: { [NAME]: [HERE] } },
        })
        expect(told).toEqual({ [`${NAME}:${here.port}`]: 'EACCES' })
        expect(here.connections).toBe(0)
      })
    },
    HANG_MS,
  )
})

describe.each(RUNTIMES)('on %s, a name that changes where it leads', (runtimeType) => {
  it(
    'never leads where it may not',
    async () => {
      await withTwo(async (here, there) => {
        let asked = 0
        // First what is allowed, then what is not.
        const server = await NameServer.on(HERE, () => [asked++ === 0 ? HERE : THERE])
        try {
          const told = await reach(runtimeType, {
            rules: [`--allow-net=${NAME}`, `--allow-net=${HERE}`],
            targets: [1, 2, 3].flatMap((round) => [
              { host: NAME, port: here.port, as: `here ${round}` },
              { host: NAME, port: there.port, as: `there ${round}` },
            ]),
            resolver: { servers: [server.address] },
          })
          expect(told['here 1']).toBe('done')
          expect(asked).toBeGreaterThan(0)
          expect(here.connections).toBeGreaterThan(0)
          expect(there.connections).toBe(0)
        } finally {
          await server.close()
        }
      })
    },
    HANG_MS,
  )

  it(
    'leads to the allowed one of two places',
    async () => {
      await withTwo(async (here, there) => {
        const server = await NameServer.on(HERE, () => [THERE, HERE])
        try {
          const told = await reach(runtimeType, {
            rules: [`--allow-net=${NAME}`, `--allow-net=${HERE}`],
            targets: [1, 2, 3].map((round) => ({ host: NAME, port: here.port, as: `${round}` })),
            resolver: { servers: [server.address] },
          })
          expect(told).toEqual({ 1: 'done', 2: 'done', 3: 'done' })
          expect(there.connections).toBe(0)
        } finally {
          await server.close()
        }
      })
    },
    HANG_MS,
  )
})

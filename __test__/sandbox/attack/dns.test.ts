import { describe, expect, it } from '@jest/globals'
import {
  confined,
  GRANTED,
  HANG_MS,
  IS_ROOT,
  identities,
  type Outcomes,
  onGround,
  RUNTIMES,
  unconfined,
} from './arena'
import { Listener } from './listeners'
import { NameServer } from './name-server'

const ALLOWED = 'api.example.test'
/** Names that carry something out by being asked for. */
const CARRIERS = ['secret.evil.test', 'x.secret.api.example.test', `${'a'.repeat(60)}.evil.test`]
const RULES = [`--allow-net=${ALLOWED}`, '--allow-private=*.test']

describe.each(RUNTIMES)('on %s, names that carry something out', (runtimeType) => {
  it.each(identities())(
    'are asked of nobody, as $name',
    async (identity) => {
      const upstream = await NameServer.on('127.0.0.4', () => ['127.0.0.2'])
      const foreign = await NameServer.on('127.0.0.5', () => ['127.0.0.2'])
      try {
        await onGround(
          'network.mjs',
          async (ground) => {
            const outcomes = (await confined(runtimeType, ground, 'resolve', {
              identity,
              input: { names: CARRIERS, server: foreign.address },
              permissions: [...GRANTED, ...RULES],
              options: { resolver: { servers: [upstream.address] } },
            })) as Outcomes
            expect(Object.keys(outcomes)).toHaveLength(CARRIERS.length * 7)
            const answered = Object.entries(outcomes).filter(([, one]) => !/^[A-Z_]+$/.test(one))
            expect(answered).toEqual([])
            for (const name of CARRIERS) expect(outcomes[`lookup ${name}`]).toBe('ENOTFOUND')
          },
          identity,
        )
        expect(upstream.asked).toEqual([])
        expect(foreign.asked).toEqual([])
      } finally {
        await Promise.all([upstream.close(), foreign.close()])
      }
    },
    HANG_MS,
  )

  it(
    'but allowed names have an address, and not their own',
    async () => {
      const upstream = await NameServer.on('127.0.0.4', () => ['127.0.0.2'])
      try {
        await onGround('network.mjs', async (ground) => {
          const outcomes = (await confined(runtimeType, ground, 'resolve', {
            input: { names: [ALLOWED] },
            permissions: [...GRANTED, ...RULES],
            options: { resolver: { servers: [upstream.address] } },
          })) as Outcomes
          expect(outcomes[`lookup ${ALLOWED}`]).toMatch(/^198\.1[89]\./)
          expect(outcomes[`resolve4 ${ALLOWED}`]).toMatch(/^198\.1[89]\./)
          expect(outcomes[`resolveTxt ${ALLOWED}`]).toMatch(/^E/)
        })
        expect(upstream.asked.filter((name) => name !== ALLOWED)).toEqual([])
      } finally {
        await upstream.close()
      }
    },
    HANG_MS,
  )

  const asRoot = IS_ROOT ? it : it.skip
  if (!IS_ROOT) console.warn('left out: to listen on port 53 takes a capability')
  asRoot(
    'nor told to whoever listens on the port of name servers',
    async () => {
      const server = await Listener.on('127.0.0.5', 53)
      try {
        await onGround('network.mjs', async (ground) => {
          const targets = [{ host: '127.0.0.5', port: 53, as: 'server' }]
          await confined(runtimeType, ground, 'reach', {
            input: { targets },
            permissions: [...GRANTED, ...RULES],
          })
          expect([server.connections, server.received]).toEqual([0, ''])
          const plain = await unconfined(runtimeType, ground, 'reach', { input: { targets } })
          expect(plain).toEqual({ server: 'done' })
          expect(server.connections).toBe(1)
        })
      } finally {
        await server.close()
      }
    },
    HANG_MS,
  )
})

describe.each(['bun', 'node', 'node-permission'] as const)('the plain way on %s', (kind) => {
  it(
    'asks whom it likes',
    async () => {
      const foreign = await NameServer.on('127.0.0.5', () => ['127.0.0.2'])
      try {
        await onGround('network.mjs', async (ground) => {
          const input = { names: CARRIERS, server: foreign.address, only: 'by a server' }
          const outcomes = (await unconfined(kind, ground, 'resolve', { input })) as Outcomes
          expect(outcomes[`by a server ${CARRIERS[0]}`]).toBe('127.0.0.2')
          expect(foreign.asked).toContain('secret.evil.test')
        })
      } finally {
        await foreign.close()
      }
    },
    HANG_MS,
  )
})

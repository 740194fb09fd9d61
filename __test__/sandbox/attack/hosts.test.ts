import { describe, expect, it } from '@jest/globals'
import { createToolRuntime } from 'runlet'
import { GRANTED, HANG_MS, identities, onGround, others, RUNTIMES, unconfined } from './arena'
import { type Listener, withListeners } from './listeners'
import { reach } from './reaching'

const HERE = '127.0.0.2'
const THERE = '127.0.0.3'
const NAMES = [
  'api.example.test',
  'v2.api.example.test',
  'api.example.test.evil.test',
  'a.trusted.test',
  'a.b.trusted.test',
  'trusted.test',
  'xtrusted.test',
  'trusted.test.evil.test',
  'evil.trusted.test',
  'a.evil.trusted.test',
]
/** All names lead to the same place: that they differ is a matter of rules alone. */
const RESOLVER = { hosts: Object.fromEntries(NAMES.map((name) => [name, [HERE]])) }

interface Row {
  rule: string
  rules: (port: number, other: number) => string[]
  /** Targets by what becomes of them: `P` is the port of 127.0.0.2, `Q` that of 127.0.0.3. */
  outcomes: Record<string, 'done' | 'ENOTFOUND' | 'EACCES'>
}

const PRIVATE = '--allow-private=*.test,trusted.test'
const ROWS: Row[] = [
  {
    rule: 'a name, at any port',
    rules: () => ['--allow-net=api.example.test', PRIVATE],
    outcomes: {
      'api.example.test:P': 'done',
      'API.EXAMPLE.TEST.:P': 'done',
      'v2.api.example.test:P': 'ENOTFOUND',
      'api.example.test.evil.test:P': 'ENOTFOUND',
      '127.0.0.3:Q': 'EACCES',
    },
  },
  {
    rule: 'a name at a port',
    rules: (port) => [`--allow-net=api.example.test:${port}`, PRIVATE],
    outcomes: { 'api.example.test:P': 'done', 'api.example.test:1': 'EACCES' },
  },
  {
    rule: 'all names below one',
    rules: () => ['--allow-net=*.trusted.test', PRIVATE],
    outcomes: {
      'a.trusted.test:P': 'done',
      'a.b.trusted.test:P': 'done',
      'trusted.test:P': 'ENOTFOUND',
      'xtrusted.test:P': 'ENOTFOUND',
      'trusted.test.evil.test:P': 'ENOTFOUND',
    },
  },
  {
    rule: 'all names below one but one',
    rules: () => ['--allow-net=*.trusted.test', '--deny-net=evil.trusted.test', PRIVATE],
    outcomes: {
      'a.trusted.test:P': 'done',
      'evil.trusted.test:P': 'ENOTFOUND',
      'a.evil.trusted.test:P': 'done',
    },
  },
  {
    rule: 'a range of addresses',
    rules: () => ['--allow-net=127.0.0.0/30'],
    outcomes: {
      '127.0.0.2:P': 'done',
      '::ffff:127.0.0.2:P': 'done',
      '127.0.0.3:Q': 'done',
      '127.0.0.4:Q': 'EACCES',
      'api.example.test:P': 'ENOTFOUND',
    },
  },
  {
    rule: 'a range of addresses at a port',
    rules: (port) => [`--allow-net=127.0.0.0/8:${port}`],
    outcomes: { '127.0.0.2:P': 'done', '127.0.0.3:Q': 'EACCES' },
  },
  {
    rule: 'one address',
    rules: () => [`--allow-net=${HERE}`],
    outcomes: { '127.0.0.2:P': 'done', '127.0.0.3:Q': 'EACCES', '::1:P': 'EACCES' },
  },
  {
    rule: 'everything but a range',
    rules: () => ['--allow-net', '--deny-net=127.0.0.3/32'],
    outcomes: { '127.0.0.2:P': 'done', '127.0.0.3:Q': 'EACCES', 'api.example.test:P': 'done' },
  },
  {
    rule: 'everything but the range that a name leads to',
    rules: () => ['--allow-net', '--deny-net=127.0.0.2/31'],
    outcomes: { 'api.example.test:P': 'EACCES', '127.0.0.2:P': 'EACCES', '127.0.0.3:Q': 'EACCES' },
  },
  {
    rule: 'nothing that is not denied as well',
    rules: () => [`--allow-net=${HERE}`, `--deny-net=${HERE}`],
    outcomes: { '127.0.0.2:P': 'EACCES' },
  },
]

/** Two servers and the row's targets with their ports. */
function withTargets<T>(
  outcomes: Row['outcomes'],
  work: (
    servers: { here: Listener; there: Listener },
    targets: { host: string; port: number; as: string }[],
  ) => Promise<T>,
): Promise<T> {
  return withListeners([HERE, THERE], async ([here, there]) => {
    if (here === undefined || there === undefined) throw new Error('no listeners')
    const ports: Record<string, number> = { P: here.port, Q: there.port }
    const targets = Object.keys(outcomes).map((as) => {
      const at = as.lastIndexOf(':')
      const port = as.slice(at + 1)
      return { host: as.slice(0, at), port: ports[port] ?? Number(port), as }
    })
    return work({ here, there }, targets)
  })
}

describe.each(RUNTIMES)('on %s, a rule for', (runtimeType) => {
  describe.each(identities())('as $name', (identity) => {
    it.each(ROWS)(
      '$rule',
      async ({ rules, outcomes }) => {
        await withTargets(outcomes, async ({ here, there }, targets) => {
          const told = await reach(runtimeType, {
            rules: rules(here.port, there.port),
            targets,
            resolver: RESOLVER,
            identity,
          })
          expect(told).toEqual(outcomes)
          const reached = (port: number) =>
            targets.filter((one) => one.port === port && outcomes[one.as] === 'done').length
          expect([here.connections, there.connections]).toEqual([
            reached(here.port),
            reached(there.port),
          ])
        })
      },
      HANG_MS,
    )
  })

  it.each(['fetch', 'http'] as const)(
    'a name holds for %s as well',
    async (way) => {
      const outcomes: Row['outcomes'] = {
        'api.example.test:P': 'done',
        'v2.api.example.test:P': 'ENOTFOUND',
        '127.0.0.3:Q': 'EACCES',
      }
      await withTargets(outcomes, async ({ there }, targets) => {
        const rules = ['--allow-net=api.example.test', PRIVATE]
        const told = await reach(runtimeType, { rules, targets, resolver: RESOLVER, way })
        expect(told).toEqual(outcomes)
        expect(there.connections).toBe(0)
      })
    },
    HANG_MS,
  )

  it(
    'a host does not hold for where it sends one on to',
    async () => {
      await withTargets({}, async ({ here, there }) => {
        const path = `/to/${THERE}:${there.port}`
        const told = await reach(runtimeType, {
          rules: [`--allow-net=${HERE}`],
          targets: [{ host: HERE, port: here.port, path, as: 'sent on' }],
          way: 'fetch',
        })
        expect(told).toEqual({ 'sent on': 'EACCES' })
        expect([here.connections, there.connections]).toEqual([1, 0])
      })
    },
    HANG_MS,
  )

  it(
    'nothing is told of with the flag that would allow it',
    async () => {
      await withTargets({}, async ({ there }) => {
        await onGround('network.mjs', async ({ root }) => {
          await using runtime = createToolRuntime({
            runtimeType,
            projectRoot: root,
            entrypointPath: 'tools.mjs',
            permissions: [...GRANTED, '--allow-net=api.example.test'],
            resolver: RESOLVER,
          })
          const targets = [
            { host: THERE, port: there.port },
            { host: 'secret.evil.test', port: 443 },
            { host: 'api.example.test', port: 443 },
          ]
          const { denials } = await runtime.executeTool('reach', { input: { targets } })
          expect(denials).toEqual(
            expect.arrayContaining([
              expect.objectContaining({
                kind: 'net',
                target: `${THERE}:${there.port}`,
                reason: 'no-rule',
                allowWith: `--allow-net=${THERE}:${there.port}`,
              }),
              expect.objectContaining({
                kind: 'dns',
                target: 'secret.evil.test',
                reason: 'no-rule',
                allowWith: '--allow-net=secret.evil.test',
              }),
              expect.objectContaining({
                kind: 'net',
                target: 'api.example.test:443',
                reason: 'special-address',
                allowWith: '--allow-private=api.example.test',
              }),
            ]),
          )
        })
      })
    },
    HANG_MS,
  )
})

describe.each(['bun', 'node', 'node-permission'] as const)('the plain way on %s', (kind) => {
  it(
    'reaches what it likes',
    async () => {
      const wanted: Row['outcomes'] = { '127.0.0.2:P': 'done', '127.0.0.3:Q': 'done' }
      await withTargets(wanted, async ({ here, there }, targets) => {
        await onGround('network.mjs', async (ground) => {
          const permissions = [...GRANTED, `--allow-net=${HERE}`]
          const options = { input: { targets }, permissions }
          expect(others(await unconfined(kind, ground, 'reach', options), 'done')).toEqual({})
          expect([here.connections, there.connections]).toEqual([1, 1])
        })
      })
    },
    HANG_MS,
  )
})

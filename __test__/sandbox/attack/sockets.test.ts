import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { until } from '../../tool/support'
import {
  alike,
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
import { Listener, withListeners } from './listeners'
import { NativeLibrary, nativeConfined, nativeUnconfined } from './native-library'

const FIXTURE = 'sockets.mjs'
const ADDRESS = '127.0.0.2'
/** Kinds of sockets that nothing opens. */
const KINDS = [
  'udp_lite',
  'ping',
  'raw',
  'netlink',
  'packet',
  'vsock',
  'alg',
  'unix_stream',
  'unix_datagram',
  'mptcp',
  'sctp',
  'sctp_packets',
  'smc',
  'pair_of_datagrams',
  'unix_path',
  'unix_abstract',
]
const UDP = ['udp', 'udp6', 'udp_wide']
const FAST = ['sendto_fastopen', 'sendmsg_fastopen', 'sendmmsg_fastopen', 'option_fastopen']
const TO_BE_REACHED = ['bind', 'listen', 'pair_end_bound']
const NAMES = [...KINDS, ...UDP, ...FAST, ...TO_BE_REACHED, 'connect_forbidden', 'tcp']
/** Some kernels lack these kinds of sockets, or leave them to root. */
const NOT_EVERYWHERE = [
  'ping',
  'raw',
  'packet',
  'vsock',
  'alg',
  'mptcp',
  'sctp',
  'sctp_packets',
  'smc',
  'udp_lite',
]

const WITHOUT_NET = each(NAMES, 'EACCES')
/** With a rule for another port. */
const WITH_A_RULE = {
  ...WITHOUT_NET,
  ...each(FAST, 'EPERM'),
  listen: 'EPERM',
  tcp: 'done',
}
/** Bun has its own words for what it cannot listen on. */
const failsToListen = (names: string[]) =>
  Object.fromEntries(names.map((name) => [name, expect.stringMatching(/^Error: Failed to listen/)]))
const BUN_LISTENS = ['listen', 'listenAnywhere', 'listenPath', 'bunListen']

const library = new NativeLibrary()
const folder = mkdtempSync(join(tmpdir(), 'runlet-sockets-'))
afterAll(() => {
  library.remove()
  rmSync(folder, { recursive: true, force: true })
})

/** A web server on a port and on a path, which were not granted, and the words for them. */
async function besideServers<T>(
  work: (servers: {
    tcp: Listener
    unix: Listener
    input: Record<string, string | number>
  }) => Promise<T>,
): Promise<T> {
  return withListeners([ADDRESS], async ([tcp]) => {
    if (tcp === undefined) throw new Error('no listener')
    chmodSync(folder, 0o755)
    const path = join(folder, 'unix')
    const unix = await Listener.at(path)
    chmodSync(path, 0o777)
    try {
      return await work({ tcp, unix, input: { port: tcp.port, unix: path } })
    } finally {
      await unix.close()
    }
  })
}

describe.each(RUNTIMES)('on %s, sockets', (runtimeType) => {
  describe.each(identities())('as $name', (identity) => {
    it(
      'are not to be had without a grant of the network',
      async () => {
        await besideServers(({ tcp, unix, input }) =>
          onGround(
            FIXTURE,
            async (ground) => {
              const options = { identity, input }
              const outcomes = await confined(runtimeType, ground, 'open', options)
              expect(others(outcomes, 'EACCES')).toEqual(
                runtimeType === 'bun' ? failsToListen(BUN_LISTENS) : {},
              )
              const order = { names: NAMES, values: input }
              expect(
                await nativeConfined(library, runtimeType, ground, order, { identity }),
              ).toEqual(WITHOUT_NET)
              expect([tcp.connections, unix.connections]).toEqual([0, 0])
            },
            identity,
          ),
        )
      },
      HANG_MS,
    )

    it(
      'are TCP alone with a rule, and go nowhere else',
      async () => {
        await besideServers(({ tcp, unix, input }) =>
          onGround(
            FIXTURE,
            async (ground) => {
              const rule = `--allow-net=${ADDRESS}:${tcp.port === 1024 ? 1025 : 1024}`
              const options = { identity, input, permissions: [...GRANTED, rule] }
              const outcomes = await confined(runtimeType, ground, 'open', options)
              // With ports, Bun now gets to the error of a bind.
              expect(others(outcomes, 'EACCES')).toEqual(
                runtimeType === 'bun' ? failsToListen(['listenPath']) : {},
              )
              const order = { names: NAMES, values: input }
              expect(await nativeConfined(library, runtimeType, ground, order, options)).toEqual(
                WITH_A_RULE,
              )
              expect([tcp.connections, unix.connections]).toEqual([0, 0])
            },
            identity,
          ),
        )
      },
      HANG_MS,
    )

    it(
      'of other kinds than TCP and UDP stay closed with all of the network',
      async () => {
        await besideServers(({ unix, input }) =>
          onGround(
            FIXTURE,
            async (ground) => {
              const options = { identity, permissions: [...GRANTED, '--allow-net'] }
              const order = { names: NAMES, values: input }
              expect(await nativeConfined(library, runtimeType, ground, order, options)).toEqual({
                ...WITH_A_RULE,
                ...each(UDP, 'done'),
                connect_forbidden: 'done',
              })
              expect(unix.connections).toBe(0)
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
    'opens all that the kernel has',
    async () => {
      await besideServers(({ tcp, unix, input }) =>
        onGround(FIXTURE, async (ground) => {
          const options = { input }
          expect(others(await unconfined(kind, ground, 'open', options), 'done')).toEqual({})
          expect(unix.connections).toBeGreaterThan(0)
          const order = { names: NAMES, values: input }
          const outcomes = await nativeUnconfined(library, kind, ground, order)
          const told = alike(WITHOUT_NET, outcomes).filter((name) => !NOT_EVERYWHERE.includes(name))
          expect(told).toEqual([])
          await until('data before a connection', () => tcp.received.includes('fast'))
        }),
      )
    },
    HANG_MS,
  )
})

describe("Node's own permissions", () => {
  it(
    'know no sockets',
    async () => {
      await besideServers(({ tcp, unix, input }) =>
        onGround(FIXTURE, async (ground) => {
          const outcomes = await unconfined('node-permission', ground, 'open', { input })
          expect(others(outcomes, 'done')).toEqual({})
          expect([tcp.connections, unix.connections]).toEqual([3, 1])
        }),
      )
    },
    HANG_MS,
  )
})

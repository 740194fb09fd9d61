import { createServer } from 'node:http'
import { type AddressInfo, createServer as createSocketServer } from 'node:net'
import { afterAll, describe, expect, it } from '@jest/globals'
import { createToolRuntime } from 'runlet'
import {
  confined,
  GRANTED,
  type Ground,
  HANG_MS,
  identities,
  onGround,
  RUNTIMES,
  type RuntimeType,
} from './attack/arena'
import { NativeLibrary, nativeConfined } from './attack/native-library'

const FIXTURE = '../../fixtures/connections.mjs'
const HOST = '127.0.0.2'
const NAMES = ['option_kept', 'twin_connected', 'watched_before']
/** How it is done here; `null` where nothing is confined, which other tests show. */
const ACCESS = createToolRuntime({ permissions: ['-A'] }).capabilities().userNotify

const library = new NativeLibrary()
afterAll(() => library.remove())

interface Counted {
  port: number
  /** How many came. */
  opened: () => number
  /** How many there were at a time. */
  most: () => number
  /** Resolves once all are gone. */
  gone: () => Promise<void>
}

/** A server that keeps connections open for as long as those who came want. */
async function withServer<T>(
  kind: 'http' | 'echo',
  work: (server: Counted) => Promise<T>,
): Promise<T> {
  let opened = 0
  let open = 0
  let most = 0
  const server =
    kind === 'http'
      ? createServer({ keepAliveTimeout: HANG_MS }, (_, answer) => answer.end('hello'))
      : createSocketServer((socket) => {
          socket.on('error', () => {})
          socket.pipe(socket)
        })
  server.on('connection', (socket) => {
    opened++
    most = Math.max(most, ++open)
    socket.on('close', () => open--)
  })
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
  const gone = async () => {
    while (open > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  try {
    return await work({
      port: (server.address() as AddressInfo).port,
      opened: () => opened,
      most: () => most,
      gone,
    })
  } finally {
    server.close()
  }
}

function use(runtimeType: RuntimeType, ground: Ground, tool: string, port: number, times: number) {
  return confined(runtimeType, ground, tool, {
    input: { port, times },
    permissions: [...GRANTED, `--allow-net=${HOST}:${port}`],
  })
}

describe.each(RUNTIMES)('on %s, a connection', (runtimeType) => {
  it.each(['fetched', 'requested'])(
    'carries several requests, %s',
    async (tool) => {
      await withServer('http', (server) =>
        onGround(FIXTURE, async (ground) => {
          const told = await use(runtimeType, ground, tool, server.port, 3)
          expect(told).toEqual({ texts: ['hello', 'hello', 'hello'] })
          // Node's own `fetch` opens a second one beside the first, confined or not.
          expect(server.opened()).toBeLessThan(3)
          // With the process, and not with whoever made the connection for it.
          await server.gone()
        }),
      )
    },
    HANG_MS,
  )

  it(
    'is a dialogue, and ends when either side has no more to say',
    async () => {
      await withServer('echo', (server) =>
        onGround(FIXTURE, async (ground) => {
          const told = await use(runtimeType, ground, 'echoed', server.port, 5)
          expect(told).toEqual({ heard: ['0', '1', '2', '3', '4'] })
          expect(server.opened()).toBe(1)
        }),
      )
    },
    HANG_MS,
  )

  it(
    'is one of hundreds',
    async () => {
      await withServer('echo', (server) =>
        onGround(FIXTURE, async (ground) => {
          const told = await use(runtimeType, ground, 'many', server.port, 400)
          expect(told).toEqual({ answered: 400 })
          expect(server.opened()).toBe(400)
          // Each ends when it is closed, which it would not while somebody else has its socket.
          expect(server.most()).toBeLessThan(200)
          await server.gone()
        }),
      )
    },
    HANG_MS,
  )

  it.each(identities())(
    'is made on the socket that was made for it, as $name',
    async (identity) => {
      await withServer('echo', (server) =>
        onGround(
          FIXTURE,
          async (ground) => {
            const outcomes = await nativeConfined(
              library,
              runtimeType,
              ground,
              { names: NAMES, values: { allowed: server.port } },
              { identity, permissions: [...GRANTED, `--allow-net=${HOST}:${server.port}`] },
            )
            // In place of the child's socket there is another then.
            const kept = ACCESS === 'replace' ? 'ENOTRECOVERABLE' : 'done'
            expect(outcomes).toEqual(Object.fromEntries(NAMES.map((name) => [name, kept])))
            expect(server.opened()).toBe(NAMES.length)
          },
          identity,
        ),
      )
    },
    HANG_MS,
  )
})

import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { FAILURE, fetchInCodelet, type LoopbackServer, serve } from './fetch-server'

const hosts = ['127.0.0.1']
const MIB = 1_048_576

let server: LoopbackServer
/** What the server does with the next requests, by path. */
const replies: Record<string, Parameters<typeof serve>[0]> = {
  '/sized': (request, response) => {
    const size = Number(request.headers['x-size'])
    response.setHeader('content-length', size)
    response.end('a'.repeat(size))
  },
  '/chunked': (request, response) => {
    response.write('a')
    response.end('a'.repeat(Number(request.headers['x-size']) - 1))
  },
  '/coded': (request, response) => {
    const coding = String(request.headers['x-coding'])
    response.setHeader('content-encoding', coding)
    const text = 'squeezed '.repeat(Number(request.headers['x-times'] ?? 1))
    if (coding === 'gzip') response.end(gzipSync(text))
    else if (coding === 'br') response.end(brotliCompressSync(text))
    else if (coding === 'deflate') response.end(deflateSync(text))
    else response.end(text)
  },
  '/damaged': (_request, response) => {
    response.setHeader('content-encoding', 'gzip')
    response.end(gzipSync('squeezed').subarray(0, 15))
  },
  '/silent': () => undefined,
  '/drip': (_request, response) => {
    response.writeHead(200)
    const timer = setInterval(() => response.write('.'), 20)
    response.once('close', () => clearInterval(timer))
  },
  '/slow-redirect': (_request, response) => {
    setTimeout(() => response.writeHead(302, { location: '/slow-redirect' }).end(), 100)
  },
  '/bytes': (_request, response) => {
    response.end(Buffer.from([0xef, 0xbb, 0xbf, 0x61, 0xff, 0x62]))
  },
  '/missing': (_request, response) => response.writeHead(404).end('nothing here'),
  '/empty': (_request, response) => response.writeHead(204).end(),
  '/json': (_request, response) => response.end('{"a":[1,2]}'),
}
beforeAll(async () => {
  server = await serve((request, response) => replies[request.url]?.(request, response))
})
afterAll(() => server.close())

function fetchPath(path: string, headers: Record<string, string> = {}, allow: object = {}) {
  return fetchInCodelet(server.origin + path, { hosts, ...allow }, { headers })
}

describe('response bodies', () => {
  it.each(['/sized', '/chunked'])(
    'of %s may have maxResponseBytes bytes and not one more',
    async (path) => {
      const allow = { maxResponseBytes: 1000 }
      expect(await fetchPath(path, { 'x-size': '1000' }, allow)).toMatchObject({
        ok: true,
        value: { body: 'a'.repeat(1000) },
      })
      const beyond = await fetchPath(path, { 'x-size': '1001' }, allow)
      expect(beyond).toMatchObject(FAILURE)
      expect(beyond.error?.message).toContain('over 1000 bytes')
    },
  )

  it('may have 2 MiB when no limit is named', async () => {
    const run = (size: number) =>
      fetchInCodelet(
        `${server.origin}/sized`,
        { hosts },
        { headers: { 'x-size': String(size) } },
        { max_result_bytes: 4 * MIB, max_host_result_bytes: 4 * MIB },
      )
    expect((await run(2 * MIB)).value?.body).toHaveLength(2 * MIB)
    expect(await run(2 * MIB + 1)).toMatchObject(FAILURE)
  })

  it.each(['gzip', 'br', 'deflate'])(
    'in %s are decompressed under the same limit',
    async (coding) => {
      const headers = { 'x-coding': coding, 'x-times': '1000' }
      expect(await fetchPath('/coded', headers, { maxResponseBytes: 9000 })).toMatchObject({
        ok: true,
        value: { body: 'squeezed '.repeat(1000) },
      })
      const beyond = await fetchPath('/coded', headers, { maxResponseBytes: 8999 })
      expect(beyond).toMatchObject(FAILURE)
      expect(beyond.error?.message).toContain('over 8999 bytes')
    },
  )

  it('that would grow to 90 MB fail at the limit', async () => {
    const headers = { 'x-coding': 'gzip', 'x-times': '10000000' }
    const result = await fetchPath('/coded', headers, { timeoutMs: 15_000 })
    expect(result).toMatchObject(FAILURE)
    expect(result.error?.message).toContain('over 2097152 bytes')
  })

  it('in an unknown or damaged coding fail', async () => {
    const unknown = await fetchPath('/coded', { 'x-coding': 'zip' })
    expect(unknown).toMatchObject(FAILURE)
    expect(unknown.error?.message).toContain('content-encoding')
    const damaged = await fetchPath('/damaged')
    expect(damaged).toMatchObject(FAILURE)
    expect(damaged.error?.message).toContain('damaged')
  })

  it('are decoded as UTF-8', async () => {
    expect(await fetchPath('/bytes')).toMatchObject({ ok: true, value: { body: 'a\ufffdb' } })
  })

  it('come with every status', async () => {
    expect(await fetchPath('/missing')).toMatchObject({
      ok: true,
      value: { ok: false, status: 404, body: 'nothing here' },
    })
    expect(await fetchPath('/empty')).toMatchObject({ value: { ok: true, status: 204, body: '' } })
  })

  it('are not read for HEAD, whatever their length would be', async () => {
    const init = { method: 'HEAD', headers: { 'x-size': '5000' } }
    expect(
      await fetchInCodelet(`${server.origin}/sized`, { hosts, maxResponseBytes: 10 }, init),
    ).toMatchObject({ ok: true, value: { status: 200, body: '' } })
  })
})

describe('timeoutMs', () => {
  it.each(['/silent', '/drip', '/slow-redirect'])(
    'ends the whole exchange with %s',
    async (path) => {
      const started = performance.now()
      const result = await fetchPath(path, {}, { timeoutMs: 250 })
      expect(result).toMatchObject(FAILURE)
      expect(result.error?.message).toContain('longer than 250 ms')
      expect(performance.now() - started).toBeGreaterThanOrEqual(245)
      expect(performance.now() - started).toBeLessThan(2_000)
    },
  )
})

describe('the end of a run', () => {
  it('closes the connection of a fetch that is under way', async () => {
    const controller = new AbortController()
    let closed: Promise<void> | undefined
    replies['/held'] = (_request, response) => {
      closed = new Promise((resolve) => response.once('close', resolve))
      response.write('.')
      controller.abort()
    }
    const result = await fetchInCodelet(`${server.origin}/held`, { hosts }, null, {
      signal: controller.signal,
    })
    expect(result).toMatchObject({ ok: false, error: { code: 'CANCELLED' } })
    expect(closed).toBeDefined()
    await closed
  })
})

describe('a server that does not keep to the rules', () => {
  let raw: Server
  const sockets = new Set<Socket>()
  afterEach(() => {
    for (const socket of sockets) socket.destroy()
    raw.close()
  })

  /** Sends `text` to whoever connects, then ends the connection if `end` is true. */
  async function speaking(text: string, end: boolean): Promise<string> {
    raw = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.once('data', () => (end ? socket.end(text) : socket.write(text)))
    })
    await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(raw.address() as AddressInfo).port}/`
  }

  it.each([
    ['switches protocols', 'HTTP/1.1 101 Go\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n', false],
    ['breaks off', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc', true],
    ['sends no HTTP', 'SSH-2.0-server\r\n', false],
    ['sends nothing', '', true],
    [
      'gives two lengths',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      true,
    ],
    ['sends too many headers', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`, false],
  ])('fails the fetch when it %s', async (_what, text, end) => {
    const url = await speaking(text, end)
    const started = performance.now()
    const result = await fetchInCodelet(url, { hosts })
    expect(result).toMatchObject(FAILURE)
    expect(result.error?.message).toMatch(/^fetch of 127\.0\.0\.1:\d+ failed: /)
    // It failed for that reason, not by the deadline.
    expect(performance.now() - started).toBeLessThan(4_000)
  })

  it('fails the fetch when it refuses the connection', async () => {
    const url = await speaking('', true)
    await new Promise((resolve) => raw.close(resolve))
    const result = await fetchInCodelet(url, { hosts })
    expect(result).toMatchObject(FAILURE)
    expect(result.error?.message).toMatch(/failed: ECONNREFUSED$/)
  })
})

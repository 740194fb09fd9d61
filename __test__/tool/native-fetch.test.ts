import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { type LoopbackServer, serve } from '../codelet/fetch-server'
import { called, callNativeTool } from './native-folder'

let server: LoopbackServer
let other: LoopbackServer
/** What names resolve to. Nothing but loopback is ever connected to. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  'api.example': ['127.0.0.1'],
  'metadata.example': ['169.254.169.254'],
  'mixed.example': ['203.0.113.9', '127.0.0.1'],
}
const looked: string[] = []
const network = {
  resolve: (name: string) => {
    looked.push(name)
    return Promise.resolve(NAMES[name] ?? [])
  },
}

beforeEach(async () => {
  looked.length = 0
  other = await serve(({ url }, response) => response.end(`other ${url}`))
  server = await serve(({ method, url, body }, response) => {
    const target = /^\/to\/(.*)$/.exec(url)?.[1]
    if (target !== undefined) {
      response.writeHead(302, { location: decodeURIComponent(target) }).end()
    } else if (url === '/loop') {
      response.writeHead(302, { location: '/loop' }).end()
    } else if (url === '/big') {
      response.end('é'.repeat(1_500_000))
    } else if (url === '/zip') {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('é'.repeat(1_500_000)))
    } else if (url === '/never') {
      response.write('start')
    } else {
      response.writeHead(201, { 'x-seen': `${method} ${body}` }).end(`hello ${url}`)
    }
  })
})
afterEach(() => Promise.all([server.close(), other.close()]))

const local = () => ({ allow: ['127.0.0.1'] })
const ask = (input: Record<string, unknown>, fetch: Record<string, unknown> = local()) =>
  called('rl__fetch', input, { rootDir: '/', fetch, network })

describe('the native tool fetch', () => {
  it('gives status, headers and body', async () => {
    const input = { url: `${server.origin}/a`, method: 'post', body: 'x', headers: { 'x-a': 'b' } }
    expect(await ask(input)).toMatchObject({
      status_code: 201,
      status_text: 'Created',
      headers: { 'x-seen': 'POST x' },
      body: 'hello /a',
      body_truncated: false,
      duration_ms: expect.any(Number),
    })
    expect(server.seen[0]?.headers['x-a']).toBe('b')
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'HEAD']) {
      expect(await ask({ url: server.origin, method })).toMatchObject({ status_code: 201 })
    }
  })

  it('cuts a body and says so', async () => {
    for (const url of ['/big', '/zip']) {
      const output = await ask({ url: `${server.origin}${url}` })
      expect(output).toMatchObject({ status_code: 200, body_truncated: true })
      expect((output as { body: string }).body).toBe('é'.repeat(1_048_576))
    }
    const odd = await ask({ url: `${server.origin}/big` }, { ...local(), maxBodyBytes: 5 })
    expect(odd).toMatchObject({ body: 'éé', body_truncated: true })
    const exact = await ask({ url: `${server.origin}/a` }, { ...local(), maxBodyBytes: 8 })
    expect(exact).toMatchObject({ body: 'hello /a', body_truncated: false })
  })

  it('refuses malformed calls before anything is sent', async () => {
    const url = server.origin
    for (const input of [
      {},
      { url: 5 },
      { url: 'not a url' },
      { url, method: 'TRACE' },
      { url, method: 'OPTIONS' },
      { url, method: 'GET', body: 'x' },
      { url, method: 'HEAD', body: 'x' },
      { url, headers: { connection: 'close' } },
      { url, headers: { 'transfer-encoding': 'chunked' } },
      { url, headers: { host: 'other' } },
      { url: url.replace('//', '//user:secret@') },
      { url, timeout_ms: 5_001 },
      { url, timeout_ms: 0 },
      { url, redirect: 'manual' },
    ]) {
      expect(await ask(input)).toBe('INVALID_ARGUMENT InvalidArgument')
    }
    expect(server.seen).toEqual([])
  })

  it('asks listed hosts only', async () => {
    const refused = 'PERMISSION_DENIED PermissionDenied network-policy'
    expect(await ask({ url: server.origin }, {})).toBe(refused)
    expect(await ask({ url: server.origin }, { allow: ['localhost:1'] })).toBe(refused)
    expect(await ask({ url: 'file:///etc/passwd' })).toBe(refused)
    const answer = await callNativeTool('rl__fetch', { url: server.origin }, { rootDir: '/' })
    expect(answer).toMatchObject({
      error: { message: expect.stringContaining('nativeTools.fetch.allow') },
    })
    expect(JSON.stringify(answer)).not.toMatch(/allow\.fetch|codelet/)
    expect(server.seen).toEqual([])
  })

  it('checks every address that a name resolves to', async () => {
    const refused = 'PERMISSION_DENIED PermissionDenied network-policy'
    const url = `http://api.example:${server.port}/a`
    expect(await ask({ url }, { allow: ['api.example'] })).toBe(refused)
    expect(
      await ask({ url: 'http://metadata.example/' }, { allow: ['*.example', 'metadata.example'] }),
    ).toBe(refused)
    expect(
      await ask({ url: `http://mixed.example:${server.port}/` }, { allow: ['mixed.example'] }),
    ).toBe(refused)
    expect(server.seen).toEqual([])
    const byName = { allow: ['api.example'], allowPrivate: ['api.example'] }
    expect(await ask({ url }, byName)).toMatchObject({ status_code: 201 })
    const byBlock = { allow: ['api.example'], allowPrivate: ['127.0.0.0/8'] }
    expect(await ask({ url }, byBlock)).toMatchObject({ status_code: 201 })
    // What lifts the ban on addresses is no leave to ask them by number, nor for another name.
    expect(await ask({ url: server.origin }, byBlock)).toBe(refused)
    const another = { allow: ['api.example'], allowPrivate: ['mixed.example'] }
    expect(await ask({ url }, another)).toBe(refused)
    expect(looked).not.toContain('127.0.0.1')
  })

  it('checks every redirect', async () => {
    const refused = 'PERMISSION_DENIED PermissionDenied network-policy'
    const to = (target: string) =>
      `http://api.example:${server.port}/to/${encodeURIComponent(target)}`
    const rules = { allow: ['api.example', 'metadata.example'], allowPrivate: ['api.example'] }
    for (const target of [
      `http://127.0.0.1:${other.port}/`,
      'http://169.254.169.254/latest/meta-data/',
      'http://metadata.example/',
      `http://[::ffff:127.0.0.1]:${other.port}/`,
      'file:///etc/passwd',
    ]) {
      expect(await ask({ url: to(target) }, rules)).toBe(refused)
    }
    expect(other.seen).toEqual([])
    expect(await ask({ url: to('/b') }, rules)).toMatchObject({ body: 'hello /b' })
    expect(await ask({ url: `${server.origin}/loop` })).toBe('INTERNAL Internal network')
    expect(server.seen.filter(({ url }) => url === '/loop')).toHaveLength(6)
  })

  it('keeps credentials from another origin', async () => {
    const headers = { authorization: 'Bearer secret', cookie: 'a=b', 'x-kept': 'yes' }
    const target = encodeURIComponent(`${other.origin}/`)
    await ask({ url: `${server.origin}/to/${target}`, headers })
    expect(server.seen[0]?.headers).toMatchObject(headers)
    expect(other.seen[0]?.headers['x-kept']).toBe('yes')
    expect(other.seen[0]?.headers).not.toHaveProperty('authorization')
    expect(other.seen[0]?.headers).not.toHaveProperty('cookie')
  })

  it('ends in time and at once when cancelled', async () => {
    const late = await ask({ url: `${server.origin}/never`, timeout_ms: 50 })
    expect(late).toBe('TIMEOUT DeadlineExceeded deadline')
    const controller = new AbortController()
    const settings = { rootDir: '/', fetch: local(), network }
    const running = callNativeTool(
      'rl__fetch',
      { url: `${server.origin}/never` },
      settings,
      controller.signal,
    )
    controller.abort()
    expect(await running).toMatchObject({ error: { code: 'CANCELLED' } })
  })
})

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { runCodelet } from 'runlet'
import { denialOf, FAILURE, fetchInCodelet, type LoopbackServer, serve } from './fetch-server'

const hosts = ['api.example.test']

/** Runs with options that the types forbid, and hands back the rejection. */
async function rejectionOf(fetch: unknown): Promise<unknown> {
  const options = { allow: { fetch } } as Parameters<typeof runCodelet>[1]
  try {
    await runCodelet({ type: 'string', code: 'export const main = () => 1' }, options)
  } catch (error) {
    return error
  }
  throw new Error('runCodelet accepted the options')
}

describe('allow.fetch', () => {
  it.each([
    ['allow.fetch', 'everything'],
    ['allow.fetch', ['api.example.test']],
    ['allow.fetch.hosts', {}],
    ['allow.fetch.hosts', { hosts: 'api.example.test' }],
    ['allow.fetch.hosts[1]', { hosts: ['api.example.test', 7] }],
    ['allow.fetch.hosts[0]', { hosts: ['*'] }],
    ['allow.fetch.hosts[0]', { hosts: ['https://api.example.test'] }],
    ['allow.fetch.hosts[0]', { hosts: ['10.0.0.1/8'] }],
    ['allow.fetch.host', { hosts, host: [] }],
    ['allow.fetch.methods', { hosts, methods: 'GET' }],
    ['allow.fetch.methods', { hosts, methods: [] }],
    ['allow.fetch.methods[1]', { hosts, methods: ['GET', 'CONNECT'] }],
    ['allow.fetch.methods[0]', { hosts, methods: [1] }],
    ['allow.fetch.maxRequestBytes', { hosts, maxRequestBytes: -1 }],
    ['allow.fetch.maxResponseBytes', { hosts, maxResponseBytes: 1.5 }],
    ['allow.fetch.timeoutMs', { hosts, timeoutMs: 0 }],
    ['allow.fetch.timeoutMs', { hosts, timeoutMs: Number.NaN }],
    ['allow.fetch.timeoutMs', { hosts, timeoutMs: '5s' }],
    ['allow.fetch.maxRedirects', { hosts, maxRedirects: 21 }],
    ['allow.fetch.fetch', { hosts, fetch: 'undici' }],
  ])('rejects %s in %j', async (field, value) => {
    const error = await rejectionOf(value)
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', details: { field } })
    expect((error as Error).message).toContain(field.split('.').at(-1))
  })
})

describe('allow.fetch.fetch', () => {
  const noProxy = process.env.NO_PROXY
  let server: LoopbackServer
  beforeAll(async () => {
    server = await serve((request, response) => {
      if (request.url === '/out') response.writeHead(302, { location: 'http://other.test/' })
      if (request.url === '/home') response.writeHead(302, { location: '/end' })
      response.end(`${request.method} ${request.url} ${request.body}`)
    })
    // The stand-in below uses the platform's fetch, which may be told to go through a proxy.
    process.env.NO_PROXY = '127.0.0.1'
  })
  afterAll(() => {
    if (noProxy === undefined) delete process.env.NO_PROXY
    else process.env.NO_PROXY = noProxy
    return server.close()
  })
  beforeEach(() => {
    server.seen.length = 0
  })

  /** Stands for a proxy: sends every request to the server above. */
  const throughServer: typeof globalThis.fetch = (input, init) => {
    const { pathname } = new URL(String(input))
    return fetch(server.origin + pathname, init)
  }

  it('performs the request in place of the host', async () => {
    const result = await fetchInCodelet(
      'https://api.example.test/a',
      { hosts, methods: ['PUT'], fetch: throughServer },
      { method: 'PUT', body: 'text', headers: { 'x-a': '1' } },
    )
    expect(result).toMatchObject({
      ok: true,
      value: { status: 200, url: 'https://api.example.test/a', body: 'PUT /a text' },
    })
    expect(server.seen).toMatchObject([{ headers: { 'x-a': '1' } }])
  })

  it('is asked for nothing that the policy denies, first or by a redirect', async () => {
    const allow = { hosts, fetch: throughServer }
    expect(await fetchInCodelet('https://other.test/', allow)).toMatchObject(
      denialOf('other.test:443'),
    )
    expect(
      await fetchInCodelet('https://api.example.test/', allow, { method: 'DELETE' }),
    ).toMatchObject(denialOf('api.example.test:443'))
    expect(server.seen).toEqual([])
    expect(await fetchInCodelet('https://api.example.test/out', allow)).toMatchObject(
      denialOf('other.test:80'),
    )
    expect(server.seen).toHaveLength(1)
    expect(await fetchInCodelet('https://api.example.test/home', allow)).toMatchObject({
      ok: true,
      value: { url: 'https://api.example.test/end', body: 'GET /end ' },
    })
  })

  it('fails when it follows redirects on its own', async () => {
    const following: typeof globalThis.fetch = (input, init) =>
      throughServer(input, { ...init, redirect: 'follow' })
    expect(
      await fetchInCodelet('https://api.example.test/home', { hosts, fetch: following }),
    ).toMatchObject(FAILURE)
  })

  it('is bound by the size and time limits', async () => {
    const large = async () => new Response('12345')
    expect(
      await fetchInCodelet('https://api.example.test/', {
        hosts,
        fetch: large,
        maxResponseBytes: 4,
      }),
    ).toMatchObject(FAILURE)
    const never = () => new Promise<Response>(() => undefined)
    expect(
      await fetchInCodelet('https://api.example.test/', { hosts, fetch: never, timeoutMs: 50 }),
    ).toMatchObject(FAILURE)
  })

  it('does not let the text of its errors cross', async () => {
    const failing = async () => {
      throw new Error('cannot read /etc/secret')
    }
    const result = await fetchInCodelet('https://api.example.test/', { hosts, fetch: failing })
    expect(result).toMatchObject(FAILURE)
    expect(JSON.stringify(result)).not.toContain('secret')
  })
})

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { checkFetchCapability, createHostFetch, narrowFetchCapability } from '../../ts/fetch'
import { type LoopbackServer, serve } from './fetch-server'

let server: LoopbackServer
beforeAll(async () => {
  server = await serve((request, response) => {
    if (request.url === '/from') {
      response.writeHead(302, { location: '/to#part' }).end()
      return
    }
    response.writeHead(201, 'Made', [
      ['X-One', 'a'],
      ['x-one', 'b'],
      ['Set-Cookie', 'c=1'],
      ['set-cookie', 'd=2'],
      ['__proto__', 'polluted'],
      ['constructor', 'text'],
      ['Keep-Alive', 'timeout=5'],
      ['Content-Length', '4'],
    ])
    response.end('text')
  })
})
afterAll(() => server.close())

const never = new AbortController().signal
const check = (value: object) => checkFetchCapability(value, 'allow.fetch')

describe('the reply of the host', () => {
  it('holds what crosses into the codelet, and survives JSON', async () => {
    const hostFetch = createHostFetch(check({ hosts: ['127.0.0.1'] }))
    const reply = await hostFetch(`${server.origin}/from`, null, never)
    expect(JSON.parse(JSON.stringify(reply))).toEqual(reply)
    const { headers, ...rest } = reply
    expect(rest).toEqual({
      ok: true,
      status: 201,
      statusText: 'Made',
      url: `${server.origin}/to`,
      redirected: true,
      body: 'text',
    })
    expect(headers).toMatchObject({
      'x-one': 'a, b',
      'set-cookie': 'c=1, d=2',
      constructor: 'text',
      'content-length': '4',
    })
    expect(Object.getOwnPropertyDescriptor(headers, '__proto__')?.value).toBe('polluted')
    expect(Object.keys(headers)).not.toContain('keep-alive')
    expect(Object.keys(headers)).not.toContain('connection')
  })
})

describe('the signal of the host', () => {
  it('ends a fetch at once, before and during a look-up', async () => {
    const capability = check({ hosts: ['api.example.test'] })
    const reason = new Error('stop')
    const hanging = createHostFetch(capability, { resolve: () => new Promise(() => undefined) })
    const aborted = { message: 'fetch of api.example.test:80 was aborted', expose: true }

    const before = AbortSignal.abort(reason)
    await expect(hanging('http://api.example.test/', null, before)).rejects.toMatchObject({
      ...aborted,
      cause: reason,
    })

    const controller = new AbortController()
    const pending = hanging('http://api.example.test/', null, controller.signal)
    controller.abort(reason)
    await expect(pending).rejects.toMatchObject({ ...aborted, cause: reason })
  })

  it('is not connected to when it aborts during the look-up', async () => {
    let answer: (addresses: string[]) => void = () => undefined
    const resolve = () =>
      new Promise<string[]>((done) => {
        answer = done
      })
    const hostFetch = createHostFetch(check({ hosts: ['api.test', '127.0.0.1'] }), { resolve })
    const controller = new AbortController()
    const before = server.seen.length
    const pending = hostFetch(`http://api.test:${server.port}/to`, null, controller.signal)
    controller.abort()
    await expect(pending).rejects.toMatchObject({ expose: true })
    answer(['127.0.0.1'])
    await new Promise((done) => setTimeout(done, 50))
    expect(server.seen).toHaveLength(before)
  })
})

describe('narrowFetchCapability', () => {
  const upper = check({
    hosts: ['127.0.0.1', '*.example.test'],
    methods: ['GET', 'POST'],
    timeoutMs: 1_000,
    maxRedirects: 9,
  })

  it('lets a request pass that both capabilities grant', async () => {
    const narrowed = narrowFetchCapability(upper, check({ hosts: ['127.0.0.0/8'] }), 'allow.fetch')
    expect(narrowed).toMatchObject({ methods: ['GET'], timeoutMs: 1_000, maxRedirects: 5 })
    const hostFetch = createHostFetch(narrowed)
    expect(await hostFetch(`${server.origin}/to`, null, never)).toMatchObject({ status: 201 })
    await expect(hostFetch('http://127.0.0.2/', null, never)).rejects.toMatchObject({
      policy: { capability: 'fetch', name: '127.0.0.2:80' },
    })
    await expect(hostFetch('http://api.example.test/', null, never)).rejects.toMatchObject({
      policy: { capability: 'fetch', name: 'api.example.test:80' },
    })
  })

  it('does not let the inner one lift the ban on special addresses alone', async () => {
    const asked = check({ hosts: ['api.example.test', '127.0.0.2'] })
    const narrowed = narrowFetchCapability(upper, asked, 'allow.fetch')
    const hostFetch = createHostFetch(narrowed, { resolve: async () => ['127.0.0.2'] })
    await expect(hostFetch('http://api.example.test/', null, never)).rejects.toMatchObject({
      policy: { capability: 'fetch', name: 'api.example.test:80' },
    })
  })

  it('refuses another function to perform the requests', () => {
    const asked = check({ hosts: [], fetch: async () => new Response() })
    expect(() => narrowFetchCapability(upper, asked, 'allow.fetch')).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
  })
})

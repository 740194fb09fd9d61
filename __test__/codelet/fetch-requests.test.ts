import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { denialOf, FAILURE, fetchInCodelet, type LoopbackServer, serve } from './fetch-server'

let server: LoopbackServer
beforeAll(async () => {
  server = await serve((_request, response) => {
    response.setHeader('set-cookie', ['session=1', 'other=2'])
    response.end('done')
  })
})
afterAll(() => server.close())
beforeEach(() => {
  server.seen.length = 0
})

const hosts = ['127.0.0.1']

/** Fetches and hands back what the server saw. */
async function request(init: Record<string, unknown>, allow: object = {}) {
  const result = await fetchInCodelet(`${server.origin}/`, { hosts, ...allow }, init)
  expect(result.error).toBeUndefined()
  return server.seen[0]
}

/** Fetches, expects a failure before anything is sent, and hands back its text. */
async function failure(init: Record<string, unknown>, allow: object = {}) {
  const result = await fetchInCodelet(`${server.origin}/`, { hosts, ...allow }, init)
  expect(result).toMatchObject(FAILURE)
  expect(server.seen).toEqual([])
  return result.error?.message
}

describe('methods', () => {
  it('are GET and HEAD when none are named', async () => {
    expect(await request({})).toMatchObject({ method: 'GET' })
    server.seen.length = 0
    expect(await request({ method: 'HEAD' })).toMatchObject({ method: 'HEAD' })
    server.seen.length = 0
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'post']) {
      const result = await fetchInCodelet(server.origin, { hosts }, { method })
      expect(result).toMatchObject(denialOf(server.at))
      expect(result.error?.message).toContain('allow.fetch.methods')
    }
    expect(server.seen).toEqual([])
  })

  it('are only those that the host names', async () => {
    const methods = ['patch']
    expect(await request({ method: 'PATCH', body: 'x' }, { methods })).toMatchObject({
      method: 'PATCH',
      body: 'x',
    })
    expect(await fetchInCodelet(server.origin, { hosts, methods })).toMatchObject(
      denialOf(server.at),
    )
  })

  it('cannot be smuggled in by an override header', async () => {
    for (const name of ['X-HTTP-Method-Override', 'x-http-method', 'X-Method-Override']) {
      for (const value of ['DELETE', 'get, delete']) {
        const init = { method: 'POST', headers: { [name]: value } }
        const allow = { hosts, methods: ['GET', 'POST'] }
        expect(await fetchInCodelet(server.origin, allow, init)).toMatchObject(denialOf(server.at))
      }
    }
    expect(server.seen).toEqual([])
  })

  it.each(['CONNECT', 'TRACE', 'TRACK', 'GET /', 'GET\r\n', '', 7])(
    'are never %j',
    async (method) => {
      expect(await failure({ method })).toContain('"method" must be one of GET')
    },
  )
})

describe('headers', () => {
  it('are those of the codelet and the few that every request needs', async () => {
    const seen = await request({ headers: { 'X-Key': ' v ', accept: 'text/plain', n: 7 } })
    expect(seen?.headers).toEqual({
      host: server.at,
      accept: 'text/plain',
      'user-agent': 'runlet',
      'accept-encoding': 'identity',
      connection: 'close',
      'x-key': 'v',
      n: '7',
    })
  })

  it('may be pairs, and repeated names are joined', async () => {
    const headers = [
      ['x-a', '1'],
      ['X-A', '2'],
      ['x-b', '3'],
    ]
    expect((await request({ headers }))?.headers).toMatchObject({ 'x-a': '1, 2', 'x-b': '3' })
  })

  it('never carry cookies that an earlier reply set', async () => {
    await request({})
    await request({})
    expect(server.seen).toHaveLength(2)
    for (const seen of server.seen) expect(seen.headers).not.toHaveProperty('cookie')
  })

  it.each([
    'Host',
    'Content-Length',
    'Transfer-Encoding',
    'Connection',
    'Keep-Alive',
    'TE',
    'Trailer',
    'Upgrade',
    'Expect',
    'Accept-Encoding',
    'Via',
    'Forwarded',
    'Proxy-Authorization',
    'Proxy-Connection',
    'Sec-Fetch-Site',
    'Sec-WebSocket-Key',
  ])('may not include %s', async (name) => {
    expect(await failure({ headers: { [name]: '1' } })).toContain(name.toLowerCase())
  })

  it.each([
    'a\r\nHost: evil.test',
    'a\nX: 1',
    'a\rX: 1',
    'a\r\n\r\nGET /admin HTTP/1.1\r\n',
    'a\u0000b',
    'caf\u00e9',
    '\u010aX: 1',
    '\u560d\u560aX: 1',
    '\u007f',
  ])('may not have the value %j', async (value) => {
    expect(await failure({ headers: { 'x-a': value } })).toContain('"x-a"')
  })

  it.each(['', ' ', 'x a', 'x:a', 'x\r\nHost', 'x\u0000', 'h\u00f6st', ' host', 'host '])(
    'may not have the name %j',
    async (name) => {
      expect(await failure({ headers: { [name]: '1' } })).toContain('header name')
    },
  )

  it('must be an object or pairs, of strings or numbers, and not too many', async () => {
    expect(await failure({ headers: 'a: b' })).toContain('"headers" must be')
    expect(await failure({ headers: [['a']] })).toContain('"headers" must be')
    expect(await failure({ headers: { a: { b: 1 } } })).toContain('header "a"')
    expect(await failure({ headers: { a: 'x'.repeat(16_384) } })).toContain('16384 bytes')
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`x-${index}`, '']))
    expect(await failure({ headers: many })).toContain('100 headers')
  })
})

describe('bodies', () => {
  const methods = ['POST']

  it('are sent as UTF-8 with their length and a content type', async () => {
    expect(await request({ method: 'POST', body: 'h\u00e9' }, { methods })).toMatchObject({
      body: 'h\u00e9',
      headers: { 'content-length': '3', 'content-type': 'text/plain;charset=UTF-8' },
    })
  })

  it('may have maxRequestBytes bytes and not one more', async () => {
    const allow = { methods, maxRequestBytes: 4 }
    expect(await request({ method: 'POST', body: '\u00e9\u00e9' }, allow)).toMatchObject({
      body: '\u00e9\u00e9',
    })
    server.seen.length = 0
    expect(await failure({ method: 'POST', body: '\u00e9\u00e9a' }, allow)).toContain(
      'over 4 bytes',
    )
  })

  it('may have 1 MiB when no limit is named', async () => {
    const options = { max_host_arg_bytes: 4_194_304, max_input_bytes: 8_388_608 }
    for (const [size, expected] of [
      [1_048_576, { ok: true }],
      [1_048_577, FAILURE],
    ] as const) {
      const init = { method: 'POST', body: 'a'.repeat(size) }
      expect(await fetchInCodelet(server.origin, { hosts, methods }, init, options)).toMatchObject(
        expected,
      )
    }
  })

  it('cannot start a second request', async () => {
    const body = '\r\n\r\nGET /admin HTTP/1.1\r\nHost: evil.test\r\n\r\n'
    await request({ method: 'POST', body }, { methods })
    expect(server.seen).toMatchObject([{ method: 'POST', body }])
  })

  it('are refused with GET and HEAD, and when they are no strings', async () => {
    expect(await failure({ body: 'x' })).toContain('GET request cannot have a body')
    expect(await failure({ method: 'HEAD', body: '' })).toContain('HEAD request cannot')
    const init = { method: 'POST', body: { a: 1 } }
    expect(await failure(init, { methods })).toContain('JSON.stringify')
  })
})

describe('the second argument', () => {
  it('is refused when it has members that fetch does not know here', async () => {
    expect(await failure({ credentials: 'include' })).toContain('no option "credentials"')
    expect(await failure({ redirect: 'never' })).toContain('"redirect" must be')
  })
})

describe('proxies', () => {
  it('from the environment are not used', async () => {
    const proxy = await serve((_request, response) => response.end('proxied'))
    const names = ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy', 'NODE_USE_ENV_PROXY']
    const before = names.map((name) => [name, process.env[name]] as const)
    try {
      for (const name of names)
        process.env[name] = name === 'NODE_USE_ENV_PROXY' ? '1' : proxy.origin
      expect(await request({})).toMatchObject({ url: '/' })
      expect(proxy.seen).toEqual([])
    } finally {
      for (const [name, value] of before) {
        if (value === undefined) delete process.env[name]
        else process.env[name] = value
      }
      await proxy.close()
    }
  })
})

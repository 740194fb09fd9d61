import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { denialOf, FAILURE, fetchInCodelet, type LoopbackServer, serve } from './fetch-server'

/** `/go/<status>?<location>` redirects, `/count/<n>` redirects n times, the rest answers. */
let first: LoopbackServer
let second: LoopbackServer

beforeAll(async () => {
  const start = () =>
    serve((request, response) => {
      const [, go] = /^\/go\/(\d{3})/.exec(request.url) ?? []
      const [, count = '0'] = /^\/count\/(\d+)$/.exec(request.url) ?? []
      const location = decodeURIComponent(request.url.split('?')[1] ?? '')
      if (go !== undefined) response.writeHead(Number(go), location === '' ? {} : { location })
      else if (count !== '0') response.writeHead(302, { location: `/count/${Number(count) - 1}` })
      response.end('end')
    })
  ;[first, second] = await Promise.all([start(), start()])
})
afterAll(() => Promise.all([first.close(), second.close()]))
beforeEach(() => {
  first.seen.length = 0
  second.seen.length = 0
})

const hosts = ['127.0.0.1']

function redirecting(status: number, location: string): string {
  return `${first.origin}/go/${status}?${encodeURIComponent(location)}`
}

describe('redirects', () => {
  it.each([301, 302, 303, 307, 308])('are followed for status %d', async (status) => {
    for (const location of ['/end', `${first.origin}/end`, `${second.origin}/end`]) {
      const result = await fetchInCodelet(redirecting(status, location), { hosts })
      const url = location.startsWith('/') ? `${first.origin}/end` : location
      expect(result).toMatchObject({ ok: true, value: { status: 200, url, body: 'end' } })
    }
  })

  it('are denied when they lead to a host that no rule covers', async () => {
    const result = await fetchInCodelet(redirecting(302, `${second.origin}/end`), {
      hosts: [`127.0.0.1:${first.port}`],
    })
    expect(result).toMatchObject(denialOf(second.at))
    expect(first.seen).toHaveLength(1)
    expect(second.seen).toEqual([])
  })

  it.each([
    ['http://169.254.169.254/latest/meta-data/', '169.254.169.254:80'],
    ['http://[::ffff:169.254.169.254]/', '169.254.169.254:80'],
    ['http://2852039166/', '169.254.169.254:80'],
    ['//127.0.0.2:9/', '127.0.0.2:9'],
    ['file:///etc/hostname', 'file:'],
    ['data:text/plain,x', 'data:'],
    ['ftp://127.0.0.1/', 'ftp:'],
  ])('to %s are denied', async (location, name) => {
    expect(await fetchInCodelet(redirecting(302, location), { hosts })).toMatchObject(
      denialOf(name),
    )
  })

  it('to a URL with user name or to no URL at all fail', async () => {
    for (const location of [`http://me:secret@${second.at}/`, 'http://', 'http://127.0.0.1:0/']) {
      const result = await fetchInCodelet(redirecting(302, location), { hosts })
      expect(result).toMatchObject(FAILURE)
      expect(JSON.stringify(result)).not.toContain('secret')
    }
    expect(second.seen).toEqual([])
  })

  it('keep credentials on the same origin and drop them on another', async () => {
    const headers = { Authorization: 'Bearer t', cookie: 'a=1', 'x-trace': '7' }
    const sent = () => [...first.seen, ...second.seen].slice(1).map((request) => request.headers)

    await fetchInCodelet(redirecting(302, '/end'), { hosts }, { headers })
    expect(sent()).toEqual([
      expect.objectContaining({ authorization: 'Bearer t', cookie: 'a=1', 'x-trace': '7' }),
    ])

    first.seen.length = 0
    await fetchInCodelet(redirecting(302, `${second.origin}/end`), { hosts }, { headers })
    expect(sent()).toEqual([expect.objectContaining({ 'x-trace': '7' })])
    expect(sent()[0]).not.toHaveProperty('authorization')
    expect(sent()[0]).not.toHaveProperty('cookie')
  })

  it.each([
    [301, 'POST', 'GET'],
    [302, 'POST', 'GET'],
    [303, 'POST', 'GET'],
    [303, 'PUT', 'GET'],
    [301, 'PUT', 'PUT'],
    [302, 'DELETE', 'DELETE'],
    [307, 'POST', 'POST'],
    [308, 'PUT', 'PUT'],
  ])('with status %d turn %s into %s', async (status, method, expected) => {
    const allow = { hosts, methods: ['GET', method] }
    const init = { method, body: 'text', headers: { 'content-type': 'text/x' } }
    await fetchInCodelet(redirecting(status, '/end'), allow, init)
    const [before, after] = first.seen
    expect(before).toMatchObject({ method, body: 'text' })
    expect(after).toMatchObject({ method: expected, body: expected === method ? 'text' : '' })
    expect(after?.headers['content-type']).toBe(expected === method ? 'text/x' : undefined)
    expect(after?.headers['content-length']).toBe(expected === method ? '4' : undefined)
  })

  it('with status 303 leave HEAD as it is', async () => {
    await fetchInCodelet(redirecting(303, '/end'), { hosts }, { method: 'HEAD' })
    expect(first.seen.map((request) => request.method)).toEqual(['HEAD', 'HEAD'])
  })

  it('are denied when the method they change to is not granted', async () => {
    const allow = { hosts, methods: ['POST'] }
    expect(await fetchInCodelet(redirecting(303, '/end'), allow, { method: 'POST' })).toMatchObject(
      denialOf(first.at),
    )
    expect(first.seen).toHaveLength(1)
  })

  it('are followed maxRedirects times and not once more', async () => {
    for (const [maxRedirects, count] of [
      [undefined, 5],
      [2, 2],
      [0, 0],
    ] as const) {
      const allow = maxRedirects === undefined ? { hosts } : { hosts, maxRedirects }
      const within = await fetchInCodelet(`${first.origin}/count/${count}`, allow)
      expect(within).toMatchObject({ ok: true, value: { url: `${first.origin}/count/0` } })
      const beyond = await fetchInCodelet(`${first.origin}/count/${count + 1}`, allow)
      expect(beyond).toMatchObject(FAILURE)
      expect(beyond.error?.message).toContain(`more than ${count} times`)
    }
  })

  it('are handed over or refused when the codelet says so', async () => {
    const url = redirecting(302, `${second.origin}/end`)
    expect(await fetchInCodelet(url, { hosts }, { redirect: 'manual' })).toMatchObject({
      ok: true,
      value: { ok: false, status: 302, url, body: 'end' },
    })
    expect(await fetchInCodelet(url, { hosts }, { redirect: 'error' })).toMatchObject(FAILURE)
    expect(second.seen).toEqual([])
  })

  it('without a location are ordinary replies', async () => {
    expect(await fetchInCodelet(redirecting(302, ''), { hosts })).toMatchObject({
      ok: true,
      value: { status: 302, body: 'end' },
    })
  })
})

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { runCodelet } from 'runlet'
import { denialOf, FAILURE, fetchInCodelet, type LoopbackServer, serve } from './fetch-server'

let server: LoopbackServer
beforeAll(async () => {
  server = await serve((request, response) => response.end(`reply to ${request.url}`))
})
afterAll(() => server.close())

/** How many requests reached the server while `work` ran. */
async function arrivals(work: () => Promise<unknown>): Promise<number> {
  const before = server.seen.length
  await work()
  return server.seen.length - before
}

describe('allow.fetch.hosts', () => {
  it('lets a codelet fetch from an address that a rule lists', async () => {
    for (const rule of ['127.0.0.1', '127.0.0.0/8', `127.0.0.1:${server.port}`, 'localhost']) {
      const result = await fetchInCodelet(`${server.origin}/a?b=c#d`, { hosts: [rule] })
      expect(result).toMatchObject({
        ok: true,
        value: {
          ok: true,
          status: 200,
          url: `${server.origin}/a?b=c`,
          body: 'reply to /a?b=c',
        },
      })
    }
  })

  it('lets a codelet fetch from localhost by that name', async () => {
    const url = `http://localhost:${server.port}/`
    expect(await fetchInCodelet(url, { hosts: [`localhost:${server.port}`] })).toMatchObject({
      ok: true,
      value: { url, body: 'reply to /' },
    })
  })

  it('denies every host that no rule covers, and sends nothing', async () => {
    const count = await arrivals(async () => {
      for (const hosts of [
        [],
        ['api.example.test'],
        ['*.example.test', '10.0.0.0/8'],
        ['127.0.0.2'],
        [`127.0.0.1:${server.port === 1 ? 2 : 1}`],
        ['::/0'],
      ]) {
        const result = await fetchInCodelet(server.origin, { hosts })
        expect(result).toMatchObject(denialOf(server.at))
        expect(result.error?.message).toContain('allow.fetch.hosts')
      }
    })
    expect(count).toBe(0)
  })

  it('names the default port of the scheme in a denial', async () => {
    expect(await fetchInCodelet('http://api.test/', { hosts: [] })).toMatchObject(
      denialOf('api.test:80'),
    )
    expect(await fetchInCodelet('https://api.test/', { hosts: ['api.test:80'] })).toMatchObject(
      denialOf('api.test:443'),
    )
  })

  it('sees through every spelling of a loopback address', async () => {
    const hosts = [
      '2130706433',
      '0x7f000001',
      '0x7f.1',
      '017700000001',
      '0177.0.0.1',
      '127.1',
      '127.0.1',
      '127.0.0.1.',
      '%31%32%37.0.0.1',
      '①②⑦.0.0.1',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[0:0:0:0:0:ffff:7f00:0001]',
    ]
    const count = await arrivals(async () => {
      for (const host of hosts) {
        const url = `http://${host}:${server.port}/`
        expect(await fetchInCodelet(url, { hosts: ['*.test', '0.0.0.0'] })).toMatchObject(
          denialOf(server.at),
        )
      }
    })
    expect(count).toBe(0)
    for (const host of hosts) {
      const url = `http://${host}:${server.port}/`
      expect(await fetchInCodelet(url, { hosts: ['127.0.0.0/8'] })).toMatchObject({ ok: true })
    }
  })

  it('does not take the unspecified or the IPv6 loopback address for 127.0.0.0/8', async () => {
    const hosts = ['127.0.0.0/8']
    const { port } = server
    for (const [host, name] of [
      ['0.0.0.0', '0.0.0.0'],
      ['0', '0.0.0.0'],
      ['[::]', '[::]'],
      ['[::1]', '[::1]'],
      ['[::127.0.0.1]', '[::7f00:1]'],
      ['[64:ff9b::127.0.0.1]', '[64:ff9b::7f00:1]'],
    ]) {
      expect(await fetchInCodelet(`http://${host}:${port}/`, { hosts })).toMatchObject(
        denialOf(`${name}:${port}`),
      )
    }
  })

  it.each([
    ['file:///etc/hostname', 'file:'],
    ['data:text/plain,hello', 'data:'],
    ['ftp://127.0.0.1/', 'ftp:'],
    ['ws://127.0.0.1/', 'ws:'],
    ['blob:http://127.0.0.1/1', 'blob:'],
    ['javascript:1', 'javascript:'],
    ['node:fs', 'node:'],
  ])('cannot grant %s', async (url, scheme) => {
    expect(await fetchInCodelet(url, { hosts: ['127.0.0.0/8', 'localhost'] })).toMatchObject(
      denialOf(scheme),
    )
  })

  it('judges the host that the URL parser finds, not the one that is seen first', async () => {
    const hosts = ['api.example.test']
    const { port } = server
    for (const url of [
      `http:\\\\127.0.0.1:${port}\\`,
      `http:127.0.0.1:${port}/api.example.test`,
      `http://127.0.0.1:${port}/@api.example.test`,
      `http://127.0.0.1:${port}?api.example.test`,
      ` http://127.0.0.1:${port}/#@api.example.test`,
      `ht\ntp://127.0.\t0.1:${port}/`,
    ]) {
      expect(await fetchInCodelet(url, { hosts })).toMatchObject(denialOf(server.at))
    }
  })

  it('refuses user names and passwords in the URL', async () => {
    for (const user of ['api.example.test', 'me:secret', ':secret']) {
      const url = `http://${user}@127.0.0.1:${server.port}/`
      const result = await fetchInCodelet(url, { hosts: ['127.0.0.1'] })
      expect(result).toMatchObject(FAILURE)
      expect(result.error?.message).toContain('user name')
      expect(result.error?.message).not.toContain('secret')
    }
  })

  it.each(['', 'api', '/path', '//127.0.0.1/', 'http://', 'http://:80/', 'http://127.0.0.1:0/'])(
    'fails for %j, which is no absolute URL of a server',
    async (url) => {
      const result = await fetchInCodelet(url, { hosts: ['127.0.0.1'] })
      expect(result).toMatchObject(FAILURE)
      expect(result.error?.message).toContain('absolute http or https URL')
    },
  )

  it('lets a codelet go on that catches a denial, and counts it', async () => {
    const code = `export async function main(url, { fetch }) {
      try { await fetch(url) } catch (error) { return error.message }
    }`
    const result = await runCodelet<string>(
      { type: 'string', code },
      { input: server.origin, allow: { fetch: { hosts: ['api.example.test'] } } },
    )
    expect(result).toMatchObject({ ok: true, usage: { policyDenials: 1, hostCalls: 1 } })
    expect(result.value).toContain(server.at)
  })
})

import dns from 'node:dns'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { denialOf, FAILURE, fetchInCodelet, type LoopbackServer, serve } from './fetch-server'

type LookupCallback = (
  error: Error | null,
  addresses: Array<{ address: string; family: number }>,
) => void

const NAME = 'api.example.test'
const systemLookup = dns.lookup
/** Names that were looked up, in order. */
let asked: string[]
/** The answers of successive look-ups; the last one is repeated. */
let answers: string[][]

/** Stands in for the system's resolver, so that no test needs a name server. */
function lookup(name: string, _options: unknown, callback: LookupCallback): void {
  asked.push(name)
  const addresses = (answers.length > 1 ? answers.shift() : answers[0]) ?? []
  if (addresses.length === 0) {
    callback(new Error(`getaddrinfo ENOTFOUND ${name}`), [])
    return
  }
  callback(
    null,
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
  )
}

let server: LoopbackServer
beforeAll(async () => {
  server = await serve((request, response) => {
    if (request.url === '/again') response.writeHead(302, { location: '/end' })
    response.end(`host ${request.headers.host}`)
  })
})
afterAll(() => server.close())

beforeEach(() => {
  asked = []
  answers = []
  server.seen.length = 0
  Object.assign(dns, { lookup })
})
afterEach(() => {
  Object.assign(dns, { lookup: systemLookup })
})

function url(path = '/'): string {
  return `http://${NAME}:${server.port}${path}`
}

describe('a name in allow.fetch.hosts', () => {
  it('is denied when it resolves to loopback, and the address is not told', async () => {
    answers = [['127.0.0.1']]
    const result = await fetchInCodelet(url(), { hosts: [NAME] })
    expect(result).toMatchObject(denialOf(`${NAME}:${server.port}`))
    expect(JSON.stringify(result)).not.toContain('127.0.0.1')
    expect(asked).toEqual([NAME])
    expect(server.seen).toEqual([])
  })

  it.each([
    '127.0.0.2',
    '0.0.0.0',
    '10.0.0.1',
    '100.64.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '192.168.0.1',
    '168.63.129.16',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%lo',
    'ff02::1',
  ])('is denied when it resolves to %s', async (address) => {
    answers = [[address]]
    expect(await fetchInCodelet(url(), { hosts: [NAME] })).toMatchObject(
      denialOf(`${NAME}:${server.port}`),
    )
  })

  it('is denied when one of several addresses is special', async () => {
    answers = [['192.31.196.1', '127.0.0.1']]
    expect(await fetchInCodelet(url(), { hosts: [NAME] })).toMatchObject(
      denialOf(`${NAME}:${server.port}`),
    )
  })

  it('is reached at an address that another rule lists', async () => {
    for (const rule of ['127.0.0.0/8', '127.0.0.1', `127.0.0.1:${server.port}`, 'localhost']) {
      answers = [['127.0.0.1']]
      expect(await fetchInCodelet(url(), { hosts: [NAME, rule] })).toMatchObject({
        ok: true,
        value: { url: url(), body: `host ${NAME}:${server.port}` },
      })
    }
    answers = [['::ffff:127.0.0.1']]
    expect(await fetchInCodelet(url(), { hosts: [NAME, '127.0.0.1'] })).toMatchObject({ ok: true })
  })

  it('is denied when the rule that lists its address is for another port', async () => {
    answers = [['127.0.0.1']]
    const hosts = [NAME, `127.0.0.1:${server.port === 1 ? 2 : 1}`]
    expect(await fetchInCodelet(url(), { hosts })).toMatchObject(denialOf(`${NAME}:${server.port}`))
  })

  it('is covered by a wildcard above it, at any depth, but not by one at its own level', async () => {
    answers = [['127.0.0.1']]
    for (const rule of ['*.example.test', '*.test']) {
      const hosts = [rule, '127.0.0.0/8']
      expect(await fetchInCodelet(url(), { hosts })).toMatchObject({ ok: true })
    }
    asked = []
    const hosts = [`*.${NAME}`, '127.0.0.0/8']
    expect(await fetchInCodelet(url(), { hosts })).toMatchObject(denialOf(`${NAME}:${server.port}`))
    expect(asked).toEqual([])
  })

  it('is not looked up when only address rules would cover it', async () => {
    answers = [['127.0.0.1']]
    expect(await fetchInCodelet(url(), { hosts: ['0.0.0.0/0', '::/0'] })).toMatchObject(
      denialOf(`${NAME}:${server.port}`),
    )
    expect(asked).toEqual([])
  })

  it('is the same name in upper case and with a trailing dot', async () => {
    answers = [['127.0.0.1']]
    const spelled = `http://API.Example.TEST.:${server.port}/`
    expect(await fetchInCodelet(spelled, { hosts: [NAME, '127.0.0.1'] })).toMatchObject({
      ok: true,
      value: { body: `host ${NAME}:${server.port}` },
    })
    expect(asked).toEqual([NAME])
  })

  it('is resolved once: a second answer never reaches the connection', async () => {
    answers = [['127.0.0.1'], ['127.0.0.2'], ['127.0.0.3']]
    expect(await fetchInCodelet(url(), { hosts: [NAME, '127.0.0.1'] })).toMatchObject({ ok: true })
    expect(asked).toEqual([NAME])
    expect(server.seen).toHaveLength(1)
  })

  it('is resolved and checked again when a redirect leads back to it', async () => {
    answers = [['127.0.0.1'], ['127.0.0.2']]
    expect(await fetchInCodelet(url('/again'), { hosts: [NAME, '127.0.0.1'] })).toMatchObject(
      denialOf(`${NAME}:${server.port}`),
    )
    expect(asked).toEqual([NAME, NAME])
    expect(server.seen.map((request) => request.url)).toEqual(['/again'])
  })

  it('is reached at its next address when the first refuses the connection', async () => {
    answers = [['127.0.0.9', '127.0.0.1']]
    expect(await fetchInCodelet(url(), { hosts: [NAME, '127.0.0.0/8'] })).toMatchObject({
      ok: true,
    })
    expect(asked).toEqual([NAME])
  })

  it('fails without a denial when it cannot be resolved', async () => {
    answers = [[]]
    const result = await fetchInCodelet(url(), { hosts: [NAME] })
    expect(result).toMatchObject(FAILURE)
    expect(result.error?.message).toBe(
      `fetch of ${NAME}:${server.port} failed: the name could not be resolved`,
    )
  })
})

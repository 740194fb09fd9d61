import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { createRuntime, type JustBashNetwork, type JustBashOptions } from 'runlet'
import type { NetworkGround } from '../../ts/workspace/network'
import type { VirtualOutcome, VirtualShellOptions } from '../../ts/workspace/virtual-shell'
import { freshFolder } from './support'

const dist = join(__dirname, '../../dist')
const { openJustBash } = require(
  join(dist, 'workspace/just-bash.js'),
) as typeof import('../../ts/workspace/just-bash')
const { covers, readPrefix } = require(
  join(dist, 'workspace/network/prefix.js'),
) as typeof import('../../ts/workspace/network/prefix')
const { ShellNetwork } = require(
  join(dist, 'workspace/network.js'),
) as typeof import('../../ts/workspace/network')
const { readNetwork } = require(
  join(dist, 'workspace/network/options.js'),
) as typeof import('../../ts/workspace/network/options')
const { readTarget } = require(
  join(dist, 'fetch/target.js'),
) as typeof import('../../ts/fetch/target')

const SECRET = 'only for the host'

interface Seen {
  method: string
  path: string
  headers: IncomingMessage['headers']
}

interface Site {
  origin: string
  port: number
  seen: Seen[]
}

/** What a site answers to a path: a place to go to, or its body. */
type Pages = (path: string) => { to?: string; body?: string }

/** Sites on addresses of this machine. All of 127.0.0.0/8 is loopback. */
async function withSite<T>(
  address: string,
  work: (site: Site) => Promise<T>,
  pages: Pages = () => ({}),
  port = 0,
): Promise<T> {
  const seen: Seen[] = []
  const server = createServer(({ method = '', url = '', headers }, response) => {
    seen.push({ method, path: url, headers })
    const { to, body = SECRET } = pages(url)
    if (to !== undefined) response.writeHead(302, { location: to })
    response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(port, address, resolve))
  const { port: taken } = server.address() as AddressInfo
  try {
    return await work({ origin: `http://${address}:${taken}`, port: taken, seen })
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

/** One script in a shell with such a network. */
async function run(
  script: string,
  network: JustBashNetwork | undefined,
  ground: NetworkGround = {},
  more: JustBashOptions = {},
): Promise<VirtualOutcome> {
  const root = freshFolder()
  const justBash = { ...more, ...(network && { network }) }
  const sizes = { maxOutputBytes: 1e7, maxFileBytes: 1e7 }
  const shell = openJustBash({ root, justBash, ...sizes } as unknown as VirtualShellOptions, ground)
  try {
    return await shell.exec(script, { timeoutMs: 20_000 })
  } finally {
    await shell.close()
    rmSync(root, { recursive: true, force: true })
  }
}

/** The same script in the plain peer with the same option, in a process of its own. */
async function inPeer(script: string, network: object): Promise<{ stdout: string; code: number }> {
  const program = `
    const { Bash } = require('just-bash')
    const [script, network] = JSON.parse(process.argv[1])
    new Bash({ network, defenseInDepth: false }).exec(script).then(({ stdout, exitCode }) =>
      console.log(JSON.stringify({ stdout, code: exitCode })))`
  const args = ['-e', program, JSON.stringify([script, network])]
  const cwd = join(__dirname, '../..')
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd, timeout: 60_000 })
  return JSON.parse(stdout)
}

/** 127.0.0.1 stands for the internet, the rest of the machine for what is private. */
const INTERNET = { publicAddresses: ['127.0.0.1'] }

describe('a virtual shell without the option', () => {
  it('has no network, and none in codelets', () =>
    withSite('127.0.0.1', async ({ origin, seen }) => {
      const { code, out, err } = await run(
        `curl -s ${origin}; js -e "fetch('${origin}').then((r) => r.body)"`,
        undefined,
        {},
        { javascript: true },
      )
      expect([code, out]).toEqual([1, ''])
      expect(err).toContain('curl: command not found')
      expect(err).toContain('POLICY_VIOLATION: fetch is denied: it needs justBash.network')
      expect(seen).toEqual([])
    }))
})

describe('a virtual shell with a network', () => {
  it('asks what was allowed, by GET and HEAD', () =>
    withSite(
      '127.0.0.1',
      async ({ origin, seen }) => {
        const network = { allowedUrlPrefixes: [`${origin}/open/`] }
        const script = `curl -s ${origin}/open/a; curl -sI ${origin}/open/b | head -1
          curl -s ${origin}/closed; echo $?; curl -s -X POST -d x ${origin}/open/c; echo $?`
        const { out } = await run(script, network, INTERNET)
        expect(out).toBe('page /open/a\nHTTP/1.1 200 OK\r\n7\n3\n')
        expect(seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
          'GET /open/a',
          'HEAD /open/b',
        ])
      },
      (path) => ({ body: `page ${path}\n` }),
    ))

  it('sends methods, bodies and headers that were allowed, and gives bytes', () =>
    withSite(
      '127.0.0.1',
      async ({ origin, seen }) => {
        const network = { allowedUrlPrefixes: [origin], allowedMethods: ['GET', 'POST'] }
        const script = `curl -s -X POST -H 'X-A: b' -d 'a=1' ${origin}/p; curl -s ${origin}/b | wc -c`
        expect((await run(script, network, INTERNET)).out).toBe('é\n4\n')
        const headers = { 'x-a': 'b', 'content-length': '3' }
        expect(seen[0]).toMatchObject({ method: 'POST', headers })
      },
      (path) => ({ body: path === '/p' ? 'é\n' : '日\n' }),
    ))

  it('keeps to its limits, each with the exit code of curl', () =>
    withSite(
      '127.0.0.1',
      async ({ origin, seen }) => {
        const allowedUrlPrefixes = [origin]
        const loop = await run(
          `curl -sL ${origin}/loop; echo $?`,
          { allowedUrlPrefixes, maxRedirects: 3 },
          INTERNET,
        )
        expect([loop.out, seen.length]).toEqual(['47\n', 4])
        const rules = readNetwork({ allowedUrlPrefixes, maxRedirects: 3 })
        if (rules === undefined) throw new Error('there are no rules')
        const endless = { url: `${origin}/loop`, maxRedirects: -1, timeoutMs: Number.NaN }
        const asked = new ShellNetwork(rules, INTERNET).request(endless, AbortSignal.timeout(9_000))
        await expect(asked).rejects.toThrow('redirected more than 3 times')
        expect(seen.length).toBe(8)
        const large = await run(
          `curl -sS ${origin}/large; curl -s ${origin}/small`,
          { allowedUrlPrefixes, maxResponseSize: 100 },
          INTERNET,
        )
        expect(large.out).toBe('s'.repeat(100))
        expect(large.err).toContain('over 100 bytes (justBash.network.maxResponseSize)')
        const hanging: NetworkGround = { resolve: () => new Promise(() => {}) }
        const slow = await run(
          `curl -sS http://slow.test/; echo $?`,
          { allowedUrlPrefixes: ['http://slow.test'], timeoutMs: 100 },
          hanging,
        )
        expect(slow.out).toBe('28\n')
        expect(slow.err).toContain('took longer than 100 ms (justBash.network.timeoutMs)')
      },
      (path) =>
        path === '/loop' ? { to: '/loop' } : { body: 's'.repeat(path === '/large' ? 101 : 100) },
    ))

  it('gives the fetch of codelets the same', () =>
    withSite('127.0.0.1', async ({ origin, seen }) => {
      const network = { allowedUrlPrefixes: [`${origin}/open/`] }
      const script = `js -e "fetch('${origin}/open/a').then((r) => r.text())"
        js -e "fetch('${origin}/closed').then((r) => r.text())"
        js -e "fetch('${origin}/open/a', { method: 'POST' })"
        js -e "fetch('http://127.0.0.2/').then((r) => r.text())"`
      const { out, err } = await run(script, network, INTERNET, { javascript: true })
      expect(out).toBe(`${SECRET}\n`)
      expect(err).toContain(`${origin}/closed is not in justBash.network`)
      expect(err).toContain('grant it with justBash.network.allowedMethods')
      expect(err.match(/POLICY_VIOLATION/g)).toHaveLength(3)
      expect(seen.map(({ path }) => path)).toEqual(['/open/a'])
    }))

  it('sets headers that the script never sees, where their URL is asked', () =>
    withSite('127.0.0.1', (away) =>
      withSite(
        '127.0.0.1',
        async ({ origin, seen }) => {
          const headers = { authorization: 'Bearer hidden' }
          const network = {
            allowedUrlPrefixes: [{ url: `${origin}/api/`, transform: [{ headers }] }, away.origin],
          }
          const script = `curl -sv -H 'Authorization: mine' ${origin}/api/a; curl -sL ${origin}/api/away`
          const { out, err } = await run(script, network, INTERNET)
          expect(seen.map(({ headers: { authorization } }) => authorization)).toEqual([
            'Bearer hidden',
            'Bearer hidden',
          ])
          expect(away.seen.map(({ headers: { authorization } }) => authorization)).toEqual([
            undefined,
          ])
          expect(out + err).not.toContain('hidden')
        },
        (path) => (path === '/api/away' ? { to: `${away.origin}/x` } : {}),
      ),
    ))

  it('ends requests with the script', async () => {
    let closed: (() => void) | undefined
    const gone = new Promise<void>((resolve) => {
      closed = resolve
    })
    const server = createServer((request) => request.socket.once('close', () => closed?.()))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const root = freshFolder()
    const network = { allowedUrlPrefixes: [origin], denyPrivateRanges: false }
    const runtime = createRuntime({ root, justBash: { network } })
    const { code } = await runtime.bash({ command: `curl ${origin}`, timeoutMs: 3_000 })
    expect(code).toBe(124)
    await gone
    const command = `timeout 0.2 curl -s ${origin}; echo $?`
    expect((await runtime.bash({ command })).out).toBe('124\n')
    await runtime.close()
    await new Promise((resolve) => server.close(resolve))
    rmSync(root, { recursive: true, force: true })
  })
})

describe('a URL prefix', () => {
  const table: [prefix: string, url: string, covered: boolean][] = [
    ['https://a.test', 'https://a.test/any?q#f', true],
    ['https://a.test', 'HTTPS://A.TEST:443/', true],
    ['https://a.test:443', 'https://a.test./', true],
    ['http://a.test', 'http://a.test:80/', true],
    ['https://a.test', 'http://a.test/', false],
    ['https://a.test', 'https://a.test:80/', false],
    ['https://a.test:8443', 'http://a.test:8443/', false],
    ['https://a.test', 'https://a.test.evil.test/', false],
    ['https://a.test', 'https://evil.test/https://a.test', false],
    ['https://a.test', 'https://evil.test#@a.test/', false],
    ['https://a.test', 'https://evil.test\\@a.test/', false],
    ['https://a.test', 'https://xa.test/', false],
    ['https://bücher.test', 'https://xn--bcher-kva.test/', true],
    ['http://127.0.0.1', 'http://2130706433/', true],
    ['http://[::1]', 'http://[0:0:0:0:0:0:0:1]/', true],
    ['https://a.test/v1', 'https://a.test/v1', true],
    ['https://a.test/v1', 'https://a.test/v1?q', true],
    ['https://a.test/v1', 'https://a.test/v1/x', true],
    ['https://a.test/v1', 'https://a.test/v10', false],
    ['https://a.test/v1', 'https://a.test/V1', false],
    ['https://a.test/v1/', 'https://a.test/v1/x', true],
    ['https://a.test/v1/', 'https://a.test/v1', false],
    ['https://a.test/v1/', 'https://a.test/v1/caf%C3%A9%20x', true],
    ['https://a.test/v1/', 'https://a.test/v1/../admin', false],
    ['https://a.test/v1/', 'https://a.test/v1/%2e%2E/admin', false],
    ['https://a.test/v1/', 'https://a.test/v1/..%2fadmin', false],
    ['https://a.test/v1/', 'https://a.test/v1/%252e%252e/admin', false],
    ['https://a.test/v1/', 'https://a.test/v1/..;/admin', false],
    ['https://a.test/v1/', 'https://a.test/v1\\..\\admin', false],
    ['https://a.test/v1/', 'https://a.test/v1/%5c../admin', false],
    ['https://a.test/v1/', 'https://a.test/v1/%c0%ae%c0%ae/admin', false],
    ['https://a.test/v1/', 'https://a.test/v1/a%00', false],
    ['https://a.test/v1/', 'https://a.test/%761/x', false],
    ['https://a.test/v1/', 'https://a.test//v1/x', false],
  ]

  it.each(table)('%s, asked for %s: %s', (prefix, url, covered) => {
    const read = readPrefix(prefix)
    if (typeof read === 'string') throw new Error(read)
    expect(covers({ ...read, headers: new Map() }, readTarget(url))).toBe(covered)
  })

  it('is refused where it is none, by the option', async () => {
    const wrong: [object, string][] = [
      [{ allowedUrlPrefixes: ['a.test'] }, 'allowedUrlPrefixes[0]'],
      [{ allowedUrlPrefixes: ['ftp://a.test'] }, 'allowedUrlPrefixes[0]'],
      [{ allowedUrlPrefixes: ['http://u:p@a.test'] }, 'allowedUrlPrefixes[0]'],
      [{ allowedUrlPrefixes: ['http://a.test/?q'] }, 'allowedUrlPrefixes[0]'],
      [{ allowedUrlPrefixes: ['http://a.test/a%2fb'] }, 'allowedUrlPrefixes[0]'],
      [{ allowedUrlPrefixes: ['http://a.test', { url: 'x' }] }, 'allowedUrlPrefixes[1].url'],
      [
        { allowedUrlPrefixes: [{ url: 'http://a.test', header: {} }] },
        'allowedUrlPrefixes[0].header',
      ],
      [
        { allowedUrlPrefixes: [{ url: 'http://a.test', transform: [{ headers: { host: 'b' } }] }] },
        'allowedUrlPrefixes[0].transform[0].headers',
      ],
      [{ allowedUrlPrefixes: 'http://a.test' }, 'allowedUrlPrefixes'],
      [{ allowedMethods: ['CONNECT'] }, 'allowedMethods'],
      [{ allowedMethods: [] }, 'allowedMethods'],
      [{ timeoutMs: 0 }, 'timeoutMs'],
      [{ maxRedirects: -1 }, 'maxRedirects'],
      [{ maxResponseSize: 1.5 }, 'maxResponseSize'],
      [{ denyPrivateRanges: 'no' }, 'denyPrivateRanges'],
      [{ allowedUrls: [] }, 'allowedUrls'],
    ]
    for (const [network, field] of wrong) {
      await expect(run('true', network as JustBashNetwork)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        details: { field: `justBash.network.${field}` },
      })
    }
    const headers = { 'bad header': 'the secret' }
    const transform = [{ headers }]
    const allowedUrlPrefixes = [{ url: 'http://a.test', transform }]
    const error = await run('true', { allowedUrlPrefixes }).catch((error: Error) => error)
    expect(String(error) + JSON.stringify(error)).not.toContain('the secret')
  })
})

describe('an attack on the network of a virtual shell', () => {
  const everywhere = { dangerouslyAllowFullInternetAccess: true }

  it('reaches a service of the host through the plain peer, and not through ours', () =>
    withSite('127.0.0.2', async ({ origin, port, seen }) => {
      const byName = `http://localhost:${port}`
      const script = `curl -s ${origin}/; curl -s ${origin.replace('127.0.0.2', '2130706434')}/`
      expect((await inPeer(script, everywhere)).stdout).toBe(SECRET + SECRET)
      const arrived = seen.length
      const { out, err } = await run(`${script}; curl -sS ${origin}; curl -s ${byName}`, everywhere)
      expect(out).toBe('')
      expect(err).toContain(`Network access denied: 127.0.0.2:${port} is not a public address`)
      expect(seen).toHaveLength(arrived)
    }))

  it.each([
    '127.0.0.2',
    '127.2',
    '0x7f000002',
    '017700000002',
    '[::ffff:127.0.0.2]',
    '[::ffff:7f00:2]',
    '[64:ff9b::7f00:2]',
    '[2002:7f00:2::1]',
    '0.0.0.0',
    '[::1]',
    '[::]',
    '169.254.169.254',
    '10.0.0.1',
    '[fd00::1]',
  ])('names the private address %s, and none is connected to', async (host) => {
    await withSite('127.0.0.2', async ({ port, seen }) => {
      const { out, err } = await run(`curl -sS 'http://${host}:${port}/'`, everywhere)
      expect([out, seen]).toEqual(['', []])
      expect(err).toContain('is not a public address')
    })
  })

  it('lets a name lead to a private address: that works in the plain peer', () =>
    withSite('127.0.0.1', async ({ port, seen }) => {
      const url = `http://localhost:${port}`
      const network = { allowedUrlPrefixes: [url] }
      expect((await inPeer(`curl -s ${url}/`, network)).stdout).toBe(SECRET)
      const arrived = seen.length
      const resolve = async () => ['127.0.0.1']
      const { out, err } = await run(`curl -sS ${url}/`, network, { resolve })
      expect(out).toBe('')
      expect(err).toContain('resolves to an address that is not public')
      expect(err).not.toContain('127.0.0.1')
      expect(seen).toHaveLength(arrived)
      const open = await run(
        `curl -s ${url}/`,
        { ...network, denyPrivateRanges: false },
        { resolve },
      )
      expect(open.out).toBe(SECRET)
    }))

  it('lets a name lead elsewhere once it was checked', () =>
    withSite('127.0.0.1', (site) =>
      withSite(
        '127.0.0.2',
        async (inner) => {
          const answers = ['127.0.0.1', '127.0.0.2']
          const asked: string[] = []
          const resolve = async (name: string) => {
            asked.push(name)
            return [answers[Math.min(asked.length, answers.length) - 1] as string]
          }
          const url = `http://rebinds.test:${site.port}`
          const script = `curl -s ${url}/1; echo; curl -sS ${url}/2; echo $?`
          const ground = { resolve, ...INTERNET }
          const { out, err } = await run(script, { allowedUrlPrefixes: [url] }, ground)
          expect(out).toBe(`${SECRET}\n7\n`)
          expect(err).toContain('resolves to an address that is not public')
          expect(asked).toEqual(['rebinds.test', 'rebinds.test'])
          expect([site.seen.length, inner.seen.length]).toEqual([1, 0])
          const mixed = { resolve: async () => answers, ...INTERNET }
          const both = await run(`curl -s ${url}/3; echo $?`, { allowedUrlPrefixes: [url] }, mixed)
          expect([both.out, site.seen.length, inner.seen.length]).toEqual(['7\n', 1, 0])
        },
        undefined,
        site.port,
      ),
    ))

  it('is redirected to a private address', () =>
    withSite('127.0.0.2', (inner) =>
      withSite(
        '127.0.0.1',
        async ({ origin, seen }) => {
          const named = `http://inside.test:${inner.port}`
          const network = { allowedUrlPrefixes: [origin, inner.origin, named] }
          const script = `curl -sL ${origin}/literal; echo $?; curl -sL ${origin}/named; echo $?`
          const resolve = async () => ['127.0.0.2']
          const { out } = await run(script, network, { ...INTERNET, resolve })
          expect(out).toBe('7\n7\n')
          expect([seen.length, inner.seen.length]).toEqual([2, 0])
          const plain = await inPeer(`curl -sL ${origin}/literal`, network)
          expect([plain.stdout, inner.seen.length]).toEqual([SECRET, 1])
          const open = { ...network, denyPrivateRanges: false }
          expect((await run(`curl -sL ${origin}/literal`, open)).out).toBe(SECRET)
        },
        (path) => ({
          to: `${path === '/literal' ? inner.origin : `http://inside.test:${inner.port}`}/x`,
        }),
      ),
    ))

  it('is redirected to what no prefix means', () =>
    withSite('127.0.0.1', (other) =>
      withSite(
        '127.0.0.1',
        async ({ origin, seen }) => {
          const network = { allowedUrlPrefixes: [`${origin}/open/`] }
          const script = `curl -sL ${origin}/open/go; echo $?; curl -sL ${origin}/open/up; echo $?`
          expect((await run(script, network, INTERNET)).out).toBe('7\n7\n')
          expect([seen.length, other.seen.length]).toEqual([2, 0])
        },
        (path) => ({ to: path === '/open/go' ? `${other.origin}/` : '/closed' }),
      ),
    ))

  it('asks by a header for a method that was not granted: the plain peer sends it', () =>
    withSite('127.0.0.1', async ({ origin, seen }) => {
      const script = `curl -s -H 'X-HTTP-Method-Override: DELETE' ${origin}/`
      const network = { allowedUrlPrefixes: [origin] }
      expect((await inPeer(script, network)).stdout).toBe(SECRET)
      expect(seen[0]?.headers['x-http-method-override']).toBe('DELETE')
      expect((await run(`${script}; echo $?`, network, INTERNET)).out).toBe('3\n')
      expect(seen).toHaveLength(1)
    }))

  it('takes the credentials of one site to another: the plain peer sends them', () =>
    withSite('127.0.0.1', (away) =>
      withSite(
        '127.0.0.1',
        async ({ origin }) => {
          const script = `curl -sL -H 'Authorization: Bearer x' ${origin}/`
          const network = { allowedUrlPrefixes: [origin, away.origin] }
          await inPeer(script, network)
          await run(script, network, INTERNET)
          const sent = away.seen.map(({ headers: { authorization } }) => authorization)
          expect(sent).toEqual(['Bearer x', undefined])
        },
        () => ({ to: `${away.origin}/` }),
      ),
    ))

  it.each([
    ["-H 'Host: inside.test'", 'header "host" cannot be set'],
    ["-H 'Transfer-Encoding: chunked'", 'header "transfer-encoding" cannot be set'],
  ])('sets %s', (header, message) =>
    withSite('127.0.0.1', async ({ origin, seen }) => {
      const network = { allowedUrlPrefixes: [origin] }
      const { err } = await run(`curl -sS ${header} ${origin}/`, network, INTERNET)
      expect(err).toContain(message)
      expect(seen).toEqual([])
    }),
  )

  it('finds a private address closed though it was listed, unless the host says otherwise', () =>
    withSite('127.0.0.1', async ({ origin, seen }) => {
      const root = freshFolder()
      const ask = async (network: JustBashNetwork) => {
        const runtime = createRuntime({ root, justBash: { network } })
        const { out } = await runtime.bash({ command: `curl -s ${origin}/; echo $?` })
        await runtime.close()
        return out
      }
      expect(await ask({ allowedUrlPrefixes: [origin] })).toBe('7\n')
      expect(seen).toEqual([])
      const open = { allowedUrlPrefixes: [origin], denyPrivateRanges: false }
      expect(await ask(open)).toBe(`${SECRET}0\n`)
      rmSync(root, { recursive: true, force: true })
    }))
})

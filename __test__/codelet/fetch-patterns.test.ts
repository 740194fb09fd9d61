import { describe, expect, it } from '@jest/globals'
import { parseAddress } from '../../ts/fetch/address'
import { compilePatterns, normaliseName, parseHostPattern } from '../../ts/fetch/patterns'

/** Whether the patterns cover a URL host, asked as the host side asks. */
function covers(patterns: string[], host: string, port: number): boolean {
  for (const pattern of patterns) expect(parseHostPattern(pattern)).toMatchObject({ ok: true })
  const rules = compilePatterns(patterns)
  const { hostname } = new URL(`http://${host}/`)
  const literal = parseAddress(hostname.replace(/^\[|\]$/g, ''))
  if (literal !== undefined) return rules.coversAddress(literal, port)
  const name = normaliseName(hostname)
  return name !== undefined && rules.coversName(name, port)
}

describe('host patterns', () => {
  it.each([
    ['api.example.com', 'api.example.com', 443, true],
    ['api.example.com', 'API.EXAMPLE.COM.', 443, true],
    ['api.example.com', 'api.example.com', 8080, true],
    ['API.Example.com.', 'api.example.com', 80, true],
    ['api.example.com', 'v2.api.example.com', 443, false],
    ['api.example.com', 'api.example.com.evil.io', 443, false],
    ['api.example.com', '203.0.113.5', 443, false],
    ['api.example.com:443', 'api.example.com', 443, true],
    ['api.example.com:443', 'api.example.com', 80, false],
    ['*.trusted.com', 'a.trusted.com', 443, true],
    ['*.trusted.com', 'a.b.trusted.com', 443, true],
    ['*.trusted.com', 'trusted.com', 443, false],
    ['*.trusted.com', 'xtrusted.com', 443, false],
    ['*.trusted.com', 'trusted.com.evil.io', 443, false],
    ['*.trusted.com:8443', 'a.trusted.com', 8443, true],
    ['*.trusted.com:8443', 'a.trusted.com', 443, false],
    ['192.168.1.0/24', '192.168.1.7', 9, true],
    ['192.168.1.0/24', '[::ffff:192.168.1.7]', 9, true],
    ['192.168.1.0/24', '192.168.2.1', 9, false],
    ['10.0.0.0/8:5432', '10.1.2.3', 5432, true],
    ['10.0.0.0/8:5432', '10.1.2.3', 5433, false],
    ['192.0.2.7', '192.0.2.7', 80, true],
    ['192.0.2.7:80', '192.0.2.7', 81, false],
    ['192.0.2.7', '192.0.2.8', 80, false],
    ['0.0.0.0/0', '8.8.8.8', 80, true],
    ['0.0.0.0/0', '[2001:4860::1]', 80, false],
    ['::/0', '[2001:4860::1]', 80, true],
    ['::/0', '8.8.8.8', 80, false],
    ['[2001:db8::/32]:443', '[2001:db8::1]', 443, true],
    ['[2001:db8::/32]:443', '[2001:db8::1]', 80, false],
    ['2001:db8::/32', '[2001:db9::1]', 80, false],
    ['2001:db8::1', '[2001:db8:0:0::1]', 80, true],
    ['[2001:db8::1]', '[2001:db8::2]', 80, false],
    ['::ffff:10.0.0.0/104', '10.200.0.1', 80, true],
    ['::ffff:10.0.0.1', '10.0.0.1', 80, true],
    ['localhost', 'localhost', 80, true],
    ['localhost', '127.0.0.1', 80, true],
    ['localhost', '[::1]', 80, true],
    ['localhost', '127.0.0.2', 80, false],
    ['localhost:80', '127.0.0.1', 81, false],
    ['bücher.example', 'xn--bcher-kva.example', 80, true],
    ['xn--bcher-kva.example', 'BÜCHER.example', 80, true],
    ['*.bücher.example', 'a.xn--bcher-kva.example', 80, true],
    ['intranet', 'intranet', 80, true],
    ['my_host.example', 'my_host.example', 80, true],
  ])('%s against %s port %d: %s', (pattern, host, port, expected) => {
    expect(covers([pattern], host, port)).toBe(expected)
  })

  it('allow nothing when the list is empty', () => {
    expect(covers([], 'api.example.com', 443)).toBe(false)
    expect(covers([], '127.0.0.1', 443)).toBe(false)
  })

  it.each([
    '',
    ' ',
    '*',
    '*.',
    '*.*.com',
    'a.*.com',
    '*x.com',
    'x.*',
    'https://api.example.com',
    'api.example.com/v1',
    'user@api.example.com',
    'api.example.com?x',
    'api.example.com#x',
    'api.exam ple.com',
    'api.example.com\n',
    'a..example.com',
    '.example.com',
    'a%2e.example.com',
    'fe80::1%eth0',
    '[fe80::1%eth0]',
    'api.example.com:',
    'api.example.com:0',
    'api.example.com:65536',
    'api.example.com:http',
    'api.example.com:-1',
    '127.1',
    '2130706433',
    '0x7f.1',
    '0x7f000001',
    '0177.0.0.1',
    '127.0.0.1.',
    '1.2.3.4.5',
    '256.0.0.1',
    '①②⑦.0.0.1',
    '10.0.0.1/8',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/-1',
    'example.com/8',
    'fd00::1/8',
    'fd00::/129',
    '[fd00::/8',
    'fd00::/8]',
    '[127.0.0.1',
    '[example.com]',
    '1::2::3',
    '::ffff:10.0.0.0/8',
    `${'a'.repeat(64)}.example.com`,
    `${'a.'.repeat(130)}com`,
  ])('refuse %j', (pattern) => {
    const parsed = parseHostPattern(pattern)
    expect(parsed).toMatchObject({ ok: false, reason: expect.any(String) })
    expect(compilePatterns([pattern]).coversName('a.example.com', 80)).toBe(false)
  })

  it('say which block was meant when host bits are set', () => {
    expect(parseHostPattern('10.1.2.3/8')).toMatchObject({
      reason: expect.stringContaining('10.0.0.0/8'),
    })
  })
})

import { describe, expect, it } from '@jest/globals'
import { formatAddress, isSpecial, parseAddress } from '../../ts/fetch/address'

function special(text: string): boolean {
  const address = parseAddress(text)
  if (address === undefined) throw new Error(`not an address: ${text}`)
  return isSpecial(address)
}

describe('special addresses', () => {
  it.each([
    // first and last of every IPv4 block
    ['0.0.0.0', '0.255.255.255'],
    ['10.0.0.0', '10.255.255.255'],
    ['100.64.0.0', '100.127.255.255'],
    ['127.0.0.0', '127.255.255.255'],
    ['168.63.129.16', '168.63.129.16'],
    ['169.254.0.0', '169.254.255.255'],
    ['172.16.0.0', '172.31.255.255'],
    ['192.0.0.0', '192.0.0.255'],
    ['192.0.2.0', '192.0.2.255'],
    ['192.88.99.0', '192.88.99.255'],
    ['192.168.0.0', '192.168.255.255'],
    ['198.18.0.0', '198.19.255.255'],
    ['198.51.100.0', '198.51.100.255'],
    ['203.0.113.0', '203.0.113.255'],
    ['224.0.0.0', '239.255.255.255'],
    ['240.0.0.0', '255.255.255.255'],
    // unspecified, loopback, IPv4-compatible
    ['::', '::1'],
    ['::7f00:1', '::127.0.0.1'],
    // IPv4-mapped
    ['::ffff:127.0.0.1', '::ffff:7f00:1'],
    ['::ffff:169.254.169.254', '0:0:0:0:0:ffff:a9fe:a9fe'],
    // NAT64 and 6to4 around a private address
    ['64:ff9b::127.0.0.1', '64:ff9b::a9fe:a9fe'],
    ['64:ff9b:1::', '64:ff9b:1:ffff:ffff:ffff:ffff:ffff'],
    ['2002:7f00:1::', '2002:a9fe:a9fe::1'],
    // discard, Teredo, documentation, unique local, link-local, site-local, multicast
    ['100::', '100::ffff:ffff:ffff:ffff'],
    ['2001::', '2001:0:ffff::1'],
    ['2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['3fff::', '3fff:fff::1'],
    ['fc00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    ['fe80::', 'febf:ffff::1'],
    ['fec0::', 'feff:ffff::1'],
    ['ff00::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
    // metadata services
    ['100.100.100.200', 'fd00:ec2::254'],
    ['192.0.0.192', '169.254.169.254'],
  ])('include %s and %s', (first, last) => {
    expect(special(first)).toBe(true)
    expect(special(last)).toBe(true)
  })

  it.each([
    // the neighbours of the blocks above
    ['1.0.0.0', '9.255.255.255'],
    ['11.0.0.0', '100.63.255.255'],
    ['100.128.0.0', '126.255.255.255'],
    ['128.0.0.0', '169.253.255.255'],
    ['168.63.129.15', '168.63.129.17'],
    ['169.255.0.0', '172.15.255.255'],
    ['172.32.0.0', '191.255.255.255'],
    ['192.0.1.0', '192.0.3.0'],
    ['192.167.255.255', '192.169.0.0'],
    ['198.17.255.255', '198.20.0.0'],
    ['223.255.255.255', '8.8.8.8'],
    ['::ffff:8.8.8.8', '64:ff9b::8.8.8.8'],
    ['2002:808:808::1', '2001:200::'],
    ['2001:4860:4860::8888', '2606:4700::1111'],
    ['2001:db7:ffff::1', '2001:db9::'],
    ['3fff:1000::', '3ffe::1'],
  ])('leave out %s and %s', (first, last) => {
    expect(special(first)).toBe(false)
    expect(special(last)).toBe(false)
  })
})

describe('parseAddress', () => {
  it('reduces IPv4-mapped IPv6 to IPv4', () => {
    expect(parseAddress('::ffff:10.0.0.1')).toEqual(parseAddress('10.0.0.1'))
    expect(parseAddress('::FFFF:a00:1')).toEqual({ family: 4, value: 0x0a00_0001n })
  })

  it.each(['127.1', '0177.0.0.1', '2130706433', '1.2.3', '1.2.3.4.5', 'fe80::1%eth0', '[::1]', ''])(
    'refuses %j',
    (text) => {
      expect(parseAddress(text)).toBeUndefined()
    },
  )

  it.each([
    '0.0.0.0',
    '255.255.255.255',
    '1:2:3:4:5:6:7:8',
    '0:0:0:0:0:0:0:1',
    '2001:db8:0:0:0:0:0:ff',
  ])('reads back %s', (text) => {
    const address = parseAddress(text)
    expect(address === undefined ? undefined : formatAddress(address)).toBe(text)
  })
})

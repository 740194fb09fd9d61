import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createServer, type Server } from 'node:https'
import { type AddressInfo, createServer as createSocketServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { checkFetchCapability, createHostFetch } from '../../ts/fetch'

/** A key and a self-signed certificate for api.example.test, made for this test, DER in base64. */
const KEY = [
  'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg0V13gflKuMzRs6sEBph/x5503FF1i+0X',
  'Cqf4YgJcA9OhRANCAAR2Q9VAa0CCdBoMj5MvaMUwKqfRfz178qUVT2yoVJCI0HnJ/aQwOfPkI+9weLPi',
  'GfYw4e2u3Egsne5GohvS5kAf',
].join('')
const CERTIFICATE = [
  'MIIBoDCCAUagAwIBAgIUYa35FjDymnlLd1Bbfiq9bzHYTzwwCgYIKoZIzj0EAwIwFjEUMBIGA1UEAwwL',
  'cnVubGV0IHRlc3QwIBcNMjYxMTIxMDMyMDIwWhgPMjEyNjEwMjgwMzIwMjBaMBYxFDASBgNVBAMMC3J1',
  'bmxldCB0ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEdkPVQGtAgnQaDI+TL2jFMCqn0X89e/Kl',
  'FU9sqFSQiNB5yf2kMDnz5CPvcHiz4hn2MOHtrtxILJ3uRqIb0uZAH6NwMG4wHQYDVR0OBBYEFGZqdayv',
  'gzCkLcT54xPynraXEI/+MB8GA1UdIwQYMBaAFGZqdayvgzCkLcT54xPynraXEI/+MBsGA1UdEQQUMBKC',
  'EGFwaS5leGFtcGxlLnRlc3QwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiAFrjMlHwSp',
  'GjK2pgafk0wbk5DHIu59Mt8CKdtkC5jKYwIhAMZRuhyj5dzBKPm1vaUfoI0MEanudRY5I/OQAHPcdAPQ',
].join('')

const key = createPrivateKey({ key: Buffer.from(KEY, 'base64'), format: 'der', type: 'pkcs8' })
const ca = new X509Certificate(Buffer.from(CERTIFICATE, 'base64')).toString()

let server: Server
let port: number
beforeAll(async () => {
  const pem = key.export({ format: 'pem', type: 'pkcs8' })
  server = createServer({ key: pem, cert: ca }, (request, response) => {
    response.end(`host ${request.headers.host}`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
afterAll(() => new Promise((resolve) => server.close(resolve)))

const capability = checkFetchCapability(
  { hosts: ['*.example.test', '127.0.0.0/8'], timeoutMs: 4_000 },
  'allow.fetch',
)

/** Fetches with every name at 127.0.0.1; the certificate above is trusted unless told not to. */
function fetchOver(url: string, isTrusted = true) {
  const network = { resolve: async () => ['127.0.0.1'], ...(isTrusted ? { ca } : {}) }
  return createHostFetch(capability, network)(url, undefined, new AbortController().signal)
}

describe('https', () => {
  it('connects to the checked address and checks the certificate against the name', async () => {
    expect(await fetchOver(`https://api.example.test:${port}/`)).toMatchObject({
      status: 200,
      url: `https://api.example.test:${port}/`,
      body: `host api.example.test:${port}`,
    })
  })

  it('fails for another name and for the address itself', async () => {
    for (const host of ['other.example.test', '127.0.0.1']) {
      await expect(fetchOver(`https://${host}:${port}/`)).rejects.toMatchObject({
        message: `fetch of ${host}:${port} failed: ERR_TLS_CERT_ALTNAME_INVALID`,
        expose: true,
      })
    }
  })

  it('fails for a certificate that is not trusted, even if the environment trusts all', async () => {
    // Jest gives tests a copy of the environment; in Bun the line below is the real one.
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    try {
      await expect(fetchOver(`https://api.example.test:${port}/`, false)).rejects.toMatchObject({
        message: expect.stringContaining('SELF_SIGNED'),
      })
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before
    }
  })

  it('names the host in the handshake, and never an address', async () => {
    const hello = (host: string) =>
      new Promise<Buffer>((resolve, reject) => {
        const listener = createSocketServer((socket) => {
          socket.on('error', () => undefined)
          socket.once('data', (data) => {
            resolve(Buffer.from(data))
            socket.destroy()
            listener.close()
          })
        })
        listener.listen(0, '127.0.0.1', () => {
          const { port: at } = listener.address() as AddressInfo
          fetchOver(`https://${host}:${at}/`).then(
            () => reject(new Error('no TLS')),
            () => undefined,
          )
        })
      })
    expect((await hello('api.example.test')).includes('api.example.test')).toBe(true)
    expect((await hello('127.0.0.1')).includes('127.0.0.1')).toBe(false)
  })
})

import { describe, expect, it } from '@jest/globals'
import { type GondolinRuntimeConfig, gondolinRuntime } from 'runlet/gondolin'
import { Fakes, gondolinOn, LocalPackage, scopeOf } from './gondolin-support'
import { Listener, refusal } from './support'

const SECRET = 'sk-0123456789abcdef'
const secrets = { API_KEY: { value: SECRET, hosts: ['api.example.com'] } }

/** What a machine is made with. */
async function made(config: GondolinRuntimeConfig) {
  const local = new LocalPackage()
  const logger = new Listener()
  const provider = gondolinOn(local.computer(), config)
  provider.setLogger?.(logger)
  const runtime = provider.get(scopeOf())
  await runtime.bash?.({ command: 'true' })
  const [status] = (await provider.status?.()) ?? []
  await provider.close?.()
  const [options] = local.created
  const warnings = logger.said.filter(({ level }) => level === 'warn').map(({ event }) => event)
  return { options, hooks: local.hooks, warnings, unenforced: status?.unenforced }
}

describe('the network of a machine', () => {
  it.each([
    ['without a word', {}],
    ['by name', { network: 'none' as const }],
    ['by an empty list', { network: { allowedHosts: [] } }],
  ])('is closed %s', async (_, config) => {
    const { options, hooks, warnings, unenforced } = await made(config)
    expect(hooks).toEqual([{ allowedHosts: [], secrets: {} }])
    expect(options?.httpHooks).toEqual({ made: hooks[0] })
    expect([warnings, unenforced]).toEqual([[], undefined])
  })

  it('is closed for the machines of a factory, without the package', async () => {
    const fakes = new Fakes()
    const provider = gondolinRuntime({ factory: fakes.factory, secrets })
    await provider.get(scopeOf()).bash?.({ command: '' })
    const hooks = fakes.options[0]?.httpHooks as {
      isRequestAllowed(): boolean
      isIpAllowed(): boolean
    }
    expect([hooks.isRequestAllowed(), hooks.isIpAllowed()]).toEqual([false, false])
    const { API_KEY } = fakes.options[0]?.env ?? {}
    expect(API_KEY).toMatch(/^RUNLET_SECRET_[0-9a-f]{48}$/)
    expect(JSON.stringify(fakes.options)).not.toContain(SECRET)
    await provider.close?.()
  })

  it('stays closed without the package', async () => {
    const fakes = new Fakes()
    const config = { factory: fakes.factory, network: { allowedHosts: ['example.com'] } }
    const provider = gondolinRuntime(config)
    const error: unknown = await provider
      .get(scopeOf())
      .bash?.({ command: '' })
      .catch((thrown) => thrown)
    expect(error).toMatchObject({ details: { reason: 'package_missing' } })
    expect(fakes.options).toEqual([])
    await provider.close?.()
  })

  it('is open to the hosts that are named', async () => {
    const allowedHosts = ['api.example.com', '*.example.org']
    const { hooks, warnings, unenforced } = await made({ network: { allowedHosts } })
    expect(hooks).toEqual([{ allowedHosts, secrets: {} }])
    const why = 'network.allowedHosts names hosts'
    expect([warnings, unenforced]).toEqual([[], [{ what: 'net', why }]])
  })

  it.each([
    ['by name', 'open' as const],
    ['by a star', { allowedHosts: ['*'] }],
  ])('is open to all %s, with a warning and with hooks', async (_, network) => {
    const { options, hooks, warnings, unenforced } = await made({ network })
    expect(hooks).toEqual([{ allowedHosts: ['*'], secrets: {} }])
    expect(options?.httpHooks).toEqual({ made: hooks[0] })
    expect(warnings).toEqual(['security.gondolin_egress'])
    expect(unenforced).toEqual([{ what: 'net', why: 'network is open' }])
  })

  it.each([
    [{ sandbox: { httpHooks: {} } }, 'vmOptions.sandbox.httpHooks'],
    [{ httpHooks: {} }, 'vmOptions.httpHooks'],
    [{ vfs: null }, 'vmOptions.vfs'],
    [{ sandbox: { vfsProvider: {} } }, 'vmOptions.sandbox.vfsProvider'],
    [{ env: { A: 'b' } }, 'vmOptions.env'],
    [{ sessionLabel: 'x' }, 'vmOptions.sessionLabel'],
    [{ dns: { mode: 'open' } }, 'vmOptions.dns'],
    [{ ssh: { allowedHosts: ['x'] } }, 'vmOptions.ssh'],
    [{ tcp: { hosts: {} } }, 'vmOptions.tcp'],
    [{ sandbox: { dns: { mode: 'trusted' } } }, 'vmOptions.sandbox.dns'],
    [{ sandbox: { ssh: {} } }, 'vmOptions.sandbox.ssh'],
    [{ sandbox: { tcp: {} } }, 'vmOptions.sandbox.tcp'],
  ])('has no way around it: %j', async (vmOptions, field) => {
    const error = await refusal(() => gondolinRuntime({ vmOptions }))
    expect([error.code, error.details?.field]).toEqual(['INVALID_ARGUMENT', field])
  })

  it('has further ways only where it is not closed', () => {
    const tcp = { hosts: {} }
    const network = { allowedHosts: ['example.com'] }
    expect(() => gondolinRuntime({ network, vmOptions: { tcp } })).not.toThrow()
    expect(() => gondolinRuntime({ vmOptions: { dns: { mode: 'synthetic' } } })).not.toThrow()
  })
})

describe('a secret', () => {
  it('goes to the hooks and never into the guest', async () => {
    const network = { allowedHosts: ['api.example.com'] }
    const { options, hooks, warnings } = await made({ secrets, network, env: { A: 'b' } })
    expect(hooks).toEqual([{ allowedHosts: network.allowedHosts, secrets }])
    expect(options?.env).toEqual({ A: 'b', API_KEY: 'placeholder of API_KEY' })
    expect(JSON.stringify({ ...options, httpHooks: undefined })).not.toContain(SECRET)
    expect(warnings).toEqual([])
  })

  it('that no request can carry is told about', async () => {
    const { hooks, warnings } = await made({ secrets })
    expect(hooks).toEqual([{ allowedHosts: [], secrets }])
    expect(warnings).toEqual(['runtime.gondolin_secrets_unused'])
  })

  it.each([
    [{ N: { value: '', hosts: ['a'] } }, 'Gondolin secret N must have a value'],
    [{ N: { value: ' \n', hosts: ['a'] } }, 'Gondolin secret N must have a value'],
    [{ N: { hosts: ['a'] } }, 'Gondolin secret N must have a value'],
    [{ N: { value: SECRET, hosts: [] } }, 'Gondolin secret N must declare at least one host'],
    [{ N: { value: SECRET } }, 'Gondolin secret N must declare at least one host'],
  ])('must be whole: %j', async (given, message) => {
    const error = await refusal(() => gondolinRuntime({ secrets: given as never }))
    expect([error.code, error.message]).toEqual(['INVALID_ARGUMENT', message])
  })

  it.each([
    { N: { value: SECRET, hosts: ['https://a.com/'] } },
    { N: { value: SECRET, hosts: 'a.com' } },
    { N: { value: SECRET, hosts: ['a.com'], host: SECRET } },
    { N: SECRET },
    { 'N-1': { value: SECRET, hosts: ['a.com'] } },
    [SECRET],
  ])('that is wrong is not shown: %#', async (given) => {
    const error = await refusal(() => gondolinRuntime({ secrets: given as never }))
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(JSON.stringify([error.message, error.details])).not.toContain(SECRET)
  })

  it.each([
    { env: { API_KEY: 'x' } },
    { env: { OTHER: SECRET } },
    { env: { URL: `https://u:${SECRET}@h/` } },
  ])('is no variable at the same time: %#', async ({ env }) => {
    const error = await refusal(() => gondolinRuntime({ secrets, env } as never))
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.message).not.toContain(SECRET)
  })
})

describe('an option', () => {
  it.each([
    [{ sercets: {} }, 'sercets', 'did you mean "secrets"?'],
    [{ workdir: 'workspace' }, 'workdir', 'an absolute path of the guest'],
    [{ workdir: '/' }, 'workdir', 'an absolute path of the guest'],
    [{ workdir: '/a b' }, 'workdir', 'an absolute path of the guest'],
    [{ env: { '1A': 'x' } }, 'env.1A', 'invalid Gondolin env key: 1A'],
    [{ env: { A: 7 } }, 'env.A', 'a string without NUL'],
    [{ env: { A: 'a\0b' } }, 'env.A', 'a string without NUL'],
    [{ mounts: { data: '/srv' } }, 'mounts.data', 'an absolute path of the guest'],
    [{ mounts: { '/data': 7 } }, 'mounts["/data"]', 'must be an object'],
    [{ mounts: { '/data': { path: '/a', readOnly: true } } }, 'readOnly', 'readonly'],
    [{ mounts: { '/workspace/': '/srv' } }, 'mounts', 'two folders would be at /workspace'],
    [{ network: 'bridge' }, 'network', "'none', 'open' or {allowedHosts}"],
    [{ network: {} }, 'network.allowedHosts', 'an array of hosts'],
    [{ network: { allowedHosts: ['http://a'] } }, 'allowedHosts[0]', 'a host without scheme'],
    [{ network: { hosts: ['a'] } }, 'network.hosts', 'allowedHosts'],
    [{ accel: 'fast' }, 'accel', "'auto' or 'kvm' or 'hvf' or 'tcg'"],
    [{ accel: 'tcg', vmOptions: { sandbox: { accel: 'kvm' } } }, 'accel', 'two names'],
    [{ vmOptions: { memroy: '1G' } }, 'vmOptions.memroy', 'did you mean "memory"?'],
    [{ vmOptions: { sandbox: { cpuss: 1 } } }, 'vmOptions.sandbox.cpuss', '"cpus"'],
    [{ vmOptions: { startTimeoutMs: 0 } }, 'vmOptions.startTimeoutMs', 'a number from 1'],
    [{ sessionLabel: 7 }, 'sessionLabel', 'a function of the scope'],
    [{ timeoutMs: 0 }, 'timeoutMs', 'a number from 1'],
    [{ idleMs: true }, 'idleMs', 'false, or a number'],
    [{ idleMs: Number.NaN }, 'idleMs', 'false, or a number'],
    [{ limits: { maxFileByte: 1 } }, 'limits.maxFileByte', 'maxFileBytes'],
    [{ factory: {} }, 'factory', 'a function'],
  ])('that is wrong is refused: %j', async (config, field, text) => {
    const error = await refusal(() => gondolinRuntime(config as never))
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(String(error.details?.field)).toContain(field)
    expect(error.message).toContain(text)
  })

  it('must be in an object', async () => {
    for (const config of [null, 7, 'x']) {
      const error = await refusal(() => gondolinRuntime(config as never))
      expect(error.code).toBe('INVALID_ARGUMENT')
    }
  })
})

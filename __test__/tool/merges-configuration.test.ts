import { describe, expect, it } from '@jest/globals'
import {
  defaultConfig,
  fromAppConfig,
  isValidRuntimeType,
  mergeWithDefaults,
  RUNTIME_TYPE_BUN,
  RUNTIME_TYPE_NODE,
  SUPPORTED_RUNTIME_TYPES,
  testConfig,
} from 'runlet'
import { expectInvalid } from './refused'

const MIB = 1024 * 1024

describe('defaultConfig', () => {
  it('has the numbers of the runtime that users come from', () => {
    expect(defaultConfig()).toMatchObject({
      projectRoot: process.cwd(),
      runtimeType: 'bun',
      entrypointPath: '',
      permissions: ['--allow-read'],
      nodeOptions: [],
      toolExecutionTimeoutMs: 60_000,
      memoryLimitBytes: 2048 * MIB,
      maxOutputBytes: 10 * MIB,
      maxStderrCaptureBytes: MIB,
      backoffInitialIntervalMs: 100,
      backoffMaxIntervalMs: 5_000,
      backoffMaxElapsedTimeMs: 30_000,
      workerFilePerm: 0o600,
      environment: 'development',
    })
  })

  it('is a new object to its last list', () => {
    const first = defaultConfig()
    first.debug.enabled = true
    ;(first.permissions as string[]).push('--allow-net')
    expect(defaultConfig().debug.enabled).toBe(false)
    expect(defaultConfig().permissions).toEqual(['--allow-read'])
  })
})

describe('testConfig', () => {
  it('differs in its times, its memory and its name', () => {
    const own = {
      toolExecutionTimeoutMs: 5_000,
      memoryLimitBytes: 512 * MIB,
      backoffInitialIntervalMs: 10,
      backoffMaxIntervalMs: 100,
      backoffMaxElapsedTimeMs: 1_000,
      environment: 'testing',
    }
    expect(testConfig()).toEqual({ ...defaultConfig(), ...own })
  })
})

describe('mergeWithDefaults', () => {
  it('fills in what is absent, undefined, null, an empty text or a time of 0', () => {
    expect(mergeWithDefaults(null)).toEqual(defaultConfig())
    expect(mergeWithDefaults({})).toEqual(defaultConfig())
    const blank = {
      runtimeType: '' as 'bun',
      entrypointPath: '',
      environment: '',
      storeDir: '',
      toolExecutionTimeoutMs: 0,
      backoffMaxElapsedTimeMs: 0,
      permissions: null,
      nodeOptions: undefined,
      maxStderrCaptureBytes: 0,
      debug: { logLevel: '' as 'info' },
      warm: { maxAgeMs: 0 },
    }
    expect(mergeWithDefaults(blank)).toEqual(defaultConfig())
  })

  it('keeps what means something: empty lists, no memory limit, no queue', () => {
    const given = { permissions: [], nodeOptions: [], memoryLimitBytes: 0, maxQueued: 0 }
    expect(mergeWithDefaults(given)).toEqual({ ...defaultConfig(), ...given })
  })

  it('merges nested options, and leaves its argument alone', () => {
    const partial = Object.freeze({
      debug: Object.freeze({ enabled: true }),
      nativeTools: Object.freeze({ exec: Object.freeze({ timeoutMs: 1_000 }) }),
      permissions: Object.freeze(['--allow-net']),
      bunPermissions: Object.freeze(['--allow-net']),
    })
    const config = mergeWithDefaults(partial)
    expect(config.debug).toEqual({ enabled: true, logLevel: 'info', heapProfiling: false })
    expect(config.nativeTools).toMatchObject({
      enabled: false,
      exec: { enabled: true, timeoutMs: 1_000, maxStdoutBytes: 2 * MIB, maxStderrBytes: 1024 },
      fetch: { timeoutMs: 5_000, maxBodyBytes: 2 * MIB, maxRedirects: 5 },
    })
    expect(config.permissions).toEqual(['--allow-net'])
    expect(config.permissions).not.toBe(partial.permissions)
    expect('bunPermissions' in config).toBe(false)
    expect(mergeWithDefaults({ maxMemoryMB: 256 }).memoryLimitBytes).toBe(256 * MIB)
  })

  it('grants nothing by default in strict mode', () => {
    expect(mergeWithDefaults({ security: { strictMode: true } }).permissions).toEqual([])
  })

  it('gives what it takes', () => {
    const config = mergeWithDefaults({ tools: { a: { timeoutMs: 5, warm: { size: 1 } } } })
    expect(mergeWithDefaults(config)).toEqual(config)
    expect(config.tools.a).toEqual({ timeoutMs: 5, warm: { size: 1, maxAgeMs: 60_000 } })
  })

  it('refuses what no runtime would take', async () => {
    const merge = mergeWithDefaults as (partial: unknown) => unknown
    await expectInvalid(() => merge({ timeoutMs: 1 }), 'timeoutMs', 'unknown tool runtime option')
    await expectInvalid(() => merge({ maxOutputBytes: 0 }), 'maxOutputBytes', 'an integer from 1')
    await expectInvalid(() => merge('bun'), 'options', 'an object')
  })
})

describe('fromAppConfig', () => {
  it('merges, and wants a configuration', async () => {
    const app = { environment: 'production', toolExecutionTimeoutMs: 30_000 }
    expect(fromAppConfig(app)).toEqual({ ...defaultConfig(), ...app })
    const nil = fromAppConfig as (app: unknown) => unknown
    const text = /^runtime app config must not be nil$/
    await expectInvalid(() => nil(null), 'app', text)
    await expectInvalid(() => nil(undefined), 'app', text)
  })
})

describe('runtime types', () => {
  it('are two, in lower case', () => {
    expect([RUNTIME_TYPE_BUN, RUNTIME_TYPE_NODE]).toEqual(['bun', 'node'])
    expect(SUPPORTED_RUNTIME_TYPES).toEqual(['bun', 'node'])
    expect(Object.isFrozen(SUPPORTED_RUNTIME_TYPES)).toBe(true)
    const candidates = ['bun', 'node', 'python', 'Bun', '', 'constructor']
    expect(candidates.map(isValidRuntimeType)).toEqual([true, true, false, false, false, false])
  })
})

import { describe, expect, it } from '@jest/globals'
import { configFromEnv } from 'runlet'
import { expectInvalid } from './refused'

const MIB = 1024 * 1024

/** Every variable without its prefix, a value, and what it sets. */
const VARIABLES: [name: string, text: string, sets: object][] = [
  ['RUNTIME_TYPE', 'node', { runtimeType: 'node' }],
  ['ENTRYPOINT', './tools.ts', { entrypointPath: './tools.ts' }],
  ['ENVIRONMENT', 'production', { environment: 'production' }],
  ['TOOL_TIMEOUT', '30s', { toolExecutionTimeoutMs: 30_000 }],
  ['PERMISSIONS', '--allow-read', { permissions: ['--allow-read'] }],
  ['BUN_PERMISSIONS', '--allow-net', { permissions: ['--allow-net'] }],
  ['NODE_OPTIONS', '--no-warnings', { nodeOptions: ['--no-warnings'] }],
  ['BACKOFF_INITIAL_INTERVAL', '100ms', { backoffInitialIntervalMs: 100 }],
  ['BACKOFF_MAX_INTERVAL', '5s', { backoffMaxIntervalMs: 5_000 }],
  ['BACKOFF_MAX_ELAPSED_TIME', '30s', { backoffMaxElapsedTimeMs: 30_000 }],
  ['MEMORY_LIMIT', '256MB', { memoryLimitBytes: 256 * MIB }],
  ['MAX_MEMORY_MB', '512', { memoryLimitBytes: 512 * MIB }],
  ['OUTPUT_SIZE', '20MB', { maxOutputBytes: 20 * MIB }],
  ['WORKER_FILE_PERM', '0640', { workerFilePerm: 0o640 }],
  ['DEBUG', 'true', { debug: { enabled: true } }],
  ['HEAP_PROFILING', 'true', { debug: { heapProfiling: true } }],
  ['LOG_LEVEL', 'warn', { debug: { logLevel: 'warn' } }],
]

describe('every variable', () => {
  it.each(VARIABLES)('%s=%s sets its option under both prefixes', (name, text, sets) => {
    expect(configFromEnv({ [`RUNLET_${name}`]: text })).toEqual(sets)
    expect(configFromEnv({ [`COMPOZY_${name}`]: text })).toEqual(sets)
  })

  it.each(VARIABLES)('%s may not be empty', async (name) => {
    const variable = `RUNLET_${name}`
    await expectInvalid(() => configFromEnv({ [variable]: '' }), variable, `${variable} is empty`)
  })

  it('is in the list above', () => {
    const all = Object.fromEntries(
      VARIABLES.filter(([name]) => !['BUN_PERMISSIONS', 'MAX_MEMORY_MB'].includes(name)).map(
        ([name, text]) => [`RUNLET_${name}`, text],
      ),
    )
    const options = configFromEnv(all)
    expect(Object.keys(options)).toHaveLength(13)
    expect(options.debug).toEqual({ enabled: true, heapProfiling: true, logLevel: 'warn' })
  })
})

describe('what is not set', () => {
  it('is absent', () => {
    expect(configFromEnv({})).toEqual({})
    expect(configFromEnv({ RUNLET_DEBUG: undefined, PATH: '/bin', RUNLET_OTHER: '1' })).toEqual({})
  })

  it('is read from the process when nothing is given', () => {
    process.env.RUNLET_ENVIRONMENT = 'from the process'
    try {
      expect(configFromEnv().environment).toBe('from the process')
    } finally {
      delete process.env.RUNLET_ENVIRONMENT
    }
  })
})

describe('precedence', () => {
  it('has RUNLET_ win over COMPOZY_, whatever that holds', () => {
    expect(configFromEnv({ RUNLET_TOOL_TIMEOUT: '1s', COMPOZY_TOOL_TIMEOUT: '2s' })).toEqual({
      toolExecutionTimeoutMs: 1_000,
    })
    expect(
      configFromEnv({ RUNLET_PERMISSIONS: '--allow-read', COMPOZY_BUN_PERMISSIONS: '' }),
    ).toEqual({ permissions: ['--allow-read'] })
    expect(configFromEnv({ RUNLET_MEMORY_LIMIT: '1GB', COMPOZY_MAX_MEMORY_MB: 'x' })).toEqual({
      memoryLimitBytes: 1024 * MIB,
    })
  })

  it('has no winner between two names under one prefix', async () => {
    const alike = { RUNLET_MEMORY_LIMIT: '64MB', RUNLET_MAX_MEMORY_MB: '64' }
    expect(configFromEnv(alike)).toEqual({ memoryLimitBytes: 64 * MIB })
    const memory = { RUNLET_MEMORY_LIMIT: '64MB', RUNLET_MAX_MEMORY_MB: '65' }
    await expectInvalid(
      () => configFromEnv(memory),
      'RUNLET_MAX_MEMORY_MB',
      'RUNLET_MEMORY_LIMIT and',
    )
    const flags = { RUNLET_PERMISSIONS: '--allow-read', RUNLET_BUN_PERMISSIONS: '--allow-net' }
    await expectInvalid(() => configFromEnv(flags), 'RUNLET_BUN_PERMISSIONS', 'different values')
  })
})

describe('lists of flags', () => {
  it.each([
    ['--allow-read,--allow-net=api.example.com', ['--allow-read', '--allow-net=api.example.com']],
    [
      '--allow-read,--allow-env=API_KEY,DATABASE_URL',
      ['--allow-read', '--allow-env=API_KEY,DATABASE_URL'],
    ],
    ['--allow-env=A,B,--deny-write=/etc,/usr', ['--allow-env=A,B', '--deny-write=/etc,/usr']],
    [' --allow-read , --allow-run=a b ', ['--allow-read', '--allow-run=a b']],
    ['--allow-read,', ['--allow-read,']],
  ])('%p are flags', (text, permissions) => {
    expect(configFromEnv({ RUNLET_PERMISSIONS: text })).toEqual({ permissions })
  })

  it('of Node end at white space too', () => {
    const text = '--max-old-space-size=2048,--no-warnings  --experimental-modules'
    const nodeOptions = ['--max-old-space-size=2048', '--no-warnings', '--experimental-modules']
    expect(configFromEnv({ COMPOZY_NODE_OPTIONS: text })).toEqual({ nodeOptions })
  })
})

describe('durations and sizes', () => {
  it.each([
    ['300ms', 300],
    ['1h30m', 90 * 60_000],
    ['1.5s', 1_500],
    ['0.29s', 290],
    ['1.001s', 1_001],
    ['5m', 300_000],
    ['1s500ms', 1_500],
    ['2000us', 2],
    ['1000µs', 1],
  ])('%s is %d ms', (text, toolExecutionTimeoutMs) => {
    expect(configFromEnv({ RUNLET_TOOL_TIMEOUT: text })).toEqual({ toolExecutionTimeoutMs })
  })

  it.each([
    ['10485760', 10 * MIB],
    ['64KB', 64 * 1024],
    ['64K', 64 * 1024],
    ['1MiB', MIB],
    ['1.5 mb', 1.5 * MIB],
    ['512', 512],
    ['512B', 512],
  ])('%s is %d bytes', (text, maxOutputBytes) => {
    expect(configFromEnv({ RUNLET_OUTPUT_SIZE: text })).toEqual({ maxOutputBytes })
  })
})

describe('a malformed value', () => {
  it.each([
    ['RUNTIME_TYPE', 'deno'],
    ['RUNTIME_TYPE', 'Bun'],
    ['ENTRYPOINT', 'a\nb'],
    ['TOOL_TIMEOUT', '30'],
    ['TOOL_TIMEOUT', '0s'],
    ['TOOL_TIMEOUT', '-1s'],
    ['TOOL_TIMEOUT', '1s '],
    ['TOOL_TIMEOUT', '1 s'],
    ['TOOL_TIMEOUT', '1s2'],
    ['TOOL_TIMEOUT', '1ns'],
    ['TOOL_TIMEOUT', '1e3ms'],
    ['TOOL_TIMEOUT', '9999999h'],
    ['PERMISSIONS', ' '],
    ['NODE_OPTIONS', '--require ./x.js'],
    ['NODE_OPTIONS', '--inspect'],
    ['BACKOFF_MAX_INTERVAL', '5'],
    ['MEMORY_LIMIT', '-1'],
    ['MEMORY_LIMIT', '1TB'],
    ['OUTPUT_SIZE', '64iB'],
    ['MEMORY_LIMIT', '0.3'],
    ['MEMORY_LIMIT', '1KB'],
    ['MAX_MEMORY_MB', '512.5'],
    ['MAX_MEMORY_MB', '0'],
    ['MAX_MEMORY_MB', '0x10'],
    ['MAX_MEMORY_MB', '512MB'],
    ['OUTPUT_SIZE', '1GB'],
    ['WORKER_FILE_PERM', '0888'],
    ['WORKER_FILE_PERM', '384'],
    ['WORKER_FILE_PERM', '0666'],
    ['DEBUG', 'yes'],
    ['DEBUG', 'constructor'],
    ['LOG_LEVEL', 'trace'],
  ])('%s=%p is refused by the name of the variable', async (name, text) => {
    for (const prefix of ['RUNLET_', 'COMPOZY_']) {
      const variable = prefix + name
      const field = name === 'NODE_OPTIONS' ? `${variable}[0]` : variable
      await expectInvalid(() => configFromEnv({ [variable]: text }), field, /./)
    }
  })
})

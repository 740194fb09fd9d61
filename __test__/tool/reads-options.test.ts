import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { createToolRuntimeFactory, type ToolRuntimeConfig, type ToolRuntimeOptions } from 'runlet'
import { root } from '../package/repository'
import { expectInvalid, refusal } from './refused'

interface Resolved extends ToolRuntimeConfig {
  nodeOldSpaceMiB?: number
}
const { readToolOptions } = require(join(root, 'dist', 'tool', 'options.js')) as {
  readToolOptions: (options?: unknown) => Resolved
}

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'runlet-options-')))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const MIB = 1024 * 1024

describe('no options', () => {
  it('are the defaults, with absolute paths', () => {
    const options = readToolOptions()
    expect(options).toMatchObject({
      projectRoot: realpathSync(process.cwd()),
      storeDir: join(realpathSync(process.cwd()), '.runlet'),
      runtimeType: 'bun',
      entrypointPath: '',
      permissions: ['--allow-read'],
      toolExecutionTimeoutMs: 60_000,
      memoryLimitBytes: 2048 * MIB,
      maxConcurrent: availableParallelism(),
      retry: { on: ['WORKER_LOST'] },
    })
    expect(readToolOptions(undefined)).toEqual(options)
  })

  it('are frozen to the last list, and never shared', () => {
    const options = readToolOptions({ tools: { a: { permissions: ['--allow-read'] } } })
    const parts = [options, options.permissions, options.debug, options.tools, options.tools.a]
    expect(parts.filter((part) => !Object.isFrozen(part))).toEqual([])
    expect(readToolOptions().permissions).not.toBe(readToolOptions().permissions)
  })
})

describe('an unknown name', () => {
  it('is refused with the one that was meant', async () => {
    await expectInvalid(
      () => readToolOptions({ toolExecutionTimeout: 5 }),
      'toolExecutionTimeout',
      'did you mean "toolExecutionTimeoutMs"',
    )
    const nested = { nativeTools: { exec: { timeout: 1 } } }
    await expectInvalid(
      () => readToolOptions(nested),
      'nativeTools.exec.timeout',
      'did you mean "timeoutMs"',
    )
    await expectInvalid(
      () => readToolOptions({ tools: { 'a.b': { permission: [] } } }),
      'tools["a.b"].permission',
      'did you mean "permissions"',
    )
    await expectInvalid(
      () => readToolOptions({ permissions: { reed: true } }),
      'permissions.reed',
      'did you mean "read"',
    )
  })

  it('is none that every object inherits', async () => {
    await expectInvalid(() => readToolOptions({ constructor: 1 }), 'constructor', 'unknown')
    const own = JSON.parse('{"__proto__": {"runtimeType": "node"}}') as object
    await expectInvalid(() => readToolOptions(own), '__proto__', 'unknown')
  })
})

describe('two names of one option', () => {
  it('may agree', () => {
    const both = { permissions: ['--allow-net'], bunPermissions: ['--allow-net'] }
    expect(readToolOptions(both).permissions).toEqual(['--allow-net'])
    expect(readToolOptions({ bunPermissions: [] }).permissions).toEqual([])
    expect(readToolOptions({ maxMemoryMB: 64 }).memoryLimitBytes).toBe(64 * MIB)
    const memory = { maxMemoryMB: 64, memoryLimitBytes: 64 * MIB }
    expect(readToolOptions(memory).memoryLimitBytes).toBe(64 * MIB)
  })

  it('may not differ', async () => {
    await expectInvalid(
      () => readToolOptions({ permissions: [], bunPermissions: ['--allow-net'] }),
      'bunPermissions',
      'permissions and bunPermissions are two names of one option',
    )
    await expectInvalid(
      () => readToolOptions({ maxMemoryMB: 64, memoryLimitBytes: 64 }),
      'memoryLimitBytes',
      'memoryLimitBytes must be 0 for no limit',
    )
    await expectInvalid(
      () => readToolOptions({ maxMemoryMB: 64, memoryLimitBytes: 65 * MIB }),
      'memoryLimitBytes',
      'maxMemoryMB and memoryLimitBytes',
    )
  })
})

const WRONG: [option: string, value: unknown, field?: string][] = [
  ['projectRoot', ''],
  ['projectRoot', 'a\0b'],
  ['entrypointPath', 1],
  ['permissions', '--allow-read'],
  ['permissions', ['--allow-read', 1], 'permissions[1]'],
  ['permissions', [''], 'permissions[0]'],
  ['permissions', { read: false }, 'permissions.read'],
  ['permissions', { privateHosts: true }, 'permissions.privateHosts'],
  ['nodeOptions', '--no-warnings'],
  ['toolExecutionTimeoutMs', 0],
  ['toolExecutionTimeoutMs', -1],
  ['toolExecutionTimeoutMs', '30s'],
  ['toolExecutionTimeoutMs', Number.NaN],
  ['toolExecutionTimeoutMs', Number.POSITIVE_INFINITY],
  ['maxTimeoutMs', 2 ** 31],
  ['memoryLimitBytes', 1],
  ['memoryLimitBytes', -1],
  ['memoryLimitBytes', 1.5 * MIB + 0.5],
  ['maxMemoryMB', -1],
  ['maxMemoryMB', 512.5],
  ['maxOutputBytes', 0],
  ['maxInputBytes', 2 ** 32],
  ['maxResultDepth', 5_000],
  ['maxStderrCaptureBytes', -1],
  ['maxLogBytes', 0],
  ['backoffInitialIntervalMs', 0],
  ['backoffMaxIntervalMs', '5s'],
  ['backoffMaxElapsedTimeMs', -1],
  ['workerFilePerm', 0o200],
  ['workerFilePerm', 0o666],
  ['workerFilePerm', 0o1600],
  ['workerFilePerm', '0600'],
  ['environment', 'a\nB=1'],
  ['enforcement', 'never'],
  ['env', []],
  ['env', { A: 1 }, 'env.A'],
  ['tools', []],
  ['tools', { a: null }, 'tools.a'],
  ['tools', { a: { timeoutMs: 0 } }, 'tools.a.timeoutMs'],
  ['tools', { a: { inputSchema: 'x' } }, 'tools.a.inputSchema'],
  ['tools', { a: { retry: { on: ['CANCELLED'] } } }, 'tools.a.retry.on[0]'],
  ['maxConcurrent', 0],
  ['maxQueued', -1],
  ['warm', true],
  ['warm', { size: -1 }, 'warm.size'],
  ['maxProcesses', 0],
  ['maxOpenFiles', 1],
  ['maxFileBytes', -1],
  ['maxConnections', '64'],
  ['codeRoots', './lib'],
  ['codeRoots', [1], 'codeRoots[0]'],
  ['scratchDir', 1],
  ['exitGraceMs', -1],
  ['rawResult', 'yes'],
  ['retry', { on: 'TIMEOUT' }, 'retry.on'],
  ['retry', { on: ['PERMISSION_DENIED'] }, 'retry.on[0]'],
  ['retry', { maxAttempts: 0 }, 'retry.maxAttempts'],
  ['validateSchemas', 'no'],
  ['nativeTools', { rootDir: '' }, 'nativeTools.rootDir'],
  ['debug', { logLevel: 'trace' }, 'debug.logLevel'],
  ['security', { strictMode: 1 }, 'security.strictMode'],
  ['resolver', { servers: '127.0.0.1' }, 'resolver.servers'],
  ['logger', { info() {} }, 'logger.debug'],
  ['bunPath', ''],
  ['nodePath', 1],
  ['storeDir', ''],
  ['runAs', 0],
  ['onAudit', {}],
  ['smol', 0],
  ['redact', 'false'],
]

describe('a wrong value', () => {
  // Three parts in every row: for one that is missing, Jest would hand over a callback to wait for.
  const rows = WRONG.map(([option, value, field]) => [option, value, field ?? option] as const)

  it.each(rows)('%s: %p is refused by name', async (option, value, field) => {
    await expectInvalid(() => readToolOptions({ [option]: value }), field, field)
  })

  it('is tried for every option', () => {
    const { OPTIONS } = require(join(root, 'dist', 'tool', 'option-table.js')) as {
      OPTIONS: { name: string }[]
    }
    const tried = new Set(WRONG.map(([option]) => option))
    const other = ['runtimeType']
    expect(OPTIONS.filter(({ name }) => !tried.has(name) && !other.includes(name))).toEqual([])
  })

  it('is options that are none', async () => {
    await expectInvalid(() => readToolOptions('bun'), 'options', 'an object')
    await expectInvalid(() => readToolOptions([]), 'options', 'an object')
    await expectInvalid(() => readToolOptions(null), 'options', /^runtime config must not be nil$/)
  })
})

describe('the runtime type', () => {
  it('is Bun when it is empty or absent', () => {
    const types = [undefined, null, ''].map((runtimeType) => readToolOptions({ runtimeType }))
    expect(types.map(({ runtimeType }) => runtimeType)).toEqual(['bun', 'bun', 'bun'])
    expect(readToolOptions({ runtimeType: 'node' }).runtimeType).toBe('node')
  })

  it.each(['deno', 'Bun', ' bun'])('is not %p', async (type) => {
    const text = `unsupported runtime type: ${type} (supported types: [bun node])`
    const error = await refusal(() => readToolOptions({ runtimeType: type }))
    expect([error.code, error.message]).toEqual(['INVALID_ARGUMENT', text])
  })
})

describe('options that the kernel has to keep', () => {
  it.each([
    ['resolver', { hosts: { 'a.test': ['127.0.0.2'] }, servers: ['127.0.0.2:5353'] }],
    ['codeRoots', ['/opt/lib']],
    ['maxConnections', 63],
  ])('%s is taken as it is given', (option, value) => {
    expect(readToolOptions({ [option]: value })).toMatchObject({ [option]: value })
  })

  it('runAs is refused by name: nothing keeps it', async () => {
    const error = await refusal(() => readToolOptions({ runAs: 'nobody' }))
    expect([error.code, error.details?.option]).toEqual(['POLICY_UNENFORCEABLE', 'runAs'])
    expect(error.message).toMatch(/^runAs cannot be enforced/)
  })

  it('may have their defaults', () => {
    const options = { codeRoots: [], maxConnections: 64, runAs: undefined, resolver: null }
    expect(readToolOptions(options).maxConnections).toBe(64)
  })
})

describe('timeouts', () => {
  it('above maxTimeoutMs are refused, not cut', async () => {
    await expectInvalid(
      () => readToolOptions({ toolExecutionTimeoutMs: 300_001 }),
      'toolExecutionTimeoutMs',
      'maxTimeoutMs is 300000',
    )
    await expectInvalid(
      () => readToolOptions({ tools: { slow: { timeoutMs: 400_000 } } }),
      'tools["slow"].timeoutMs',
      'maxTimeoutMs is 300000',
    )
    const raised = { toolExecutionTimeoutMs: 300_001, maxTimeoutMs: 300_001 }
    expect(readToolOptions(raised).toolExecutionTimeoutMs).toBe(300_001)
  })
})

describe('strict mode', () => {
  it('asks for enforcement and grants nothing by default', () => {
    const security = { strictMode: true }
    const options = readToolOptions({ security, enforcement: 'best-effort' })
    expect([options.enforcement, options.permissions]).toEqual(['require', []])
    const permissions = ['--allow-read=./data']
    expect(readToolOptions({ security, permissions }).permissions).toEqual(permissions)
    expect(readToolOptions({ enforcement: 'best-effort' }).enforcement).toBe('best-effort')
  })
})

describe('paths', () => {
  it('start from the project root, whose links are followed', () => {
    mkdirSync(join(folder, 'project'))
    symlinkSync(join(folder, 'project'), join(folder, 'link'))
    const options = readToolOptions({
      projectRoot: join(folder, 'link'),
      entrypointPath: './tools/index.ts',
      storeDir: 'store',
      nativeTools: { additionalRoots: ['../shared'] },
    })
    const project = join(folder, 'project')
    expect(options).toMatchObject({
      projectRoot: project,
      entrypointPath: join(project, 'tools', 'index.ts'),
      storeDir: join(project, 'store'),
      nativeTools: { rootDir: project, additionalRoots: [join(folder, 'shared')] },
    })
  })

  it('of a project that is none are refused', async () => {
    const missing = { projectRoot: join(folder, 'missing') }
    await expectInvalid(() => readToolOptions(missing), 'projectRoot', 'does not exist')
    writeFileSync(join(folder, 'file'), '')
    const file = { projectRoot: join(folder, 'file') }
    await expectInvalid(() => readToolOptions(file), 'projectRoot', 'is not a folder')
  })
})

describe('options for Node', () => {
  const read = (...nodeOptions: string[]) => readToolOptions({ nodeOptions })

  it('may be those of the seed', () => {
    const options = read('--max-old-space-size=2048', '--experimental-modules', '--no-warnings')
    expect(options.nodeOptions).toEqual(['--experimental-modules', '--no-warnings'])
    expect(options.nodeOldSpaceMiB).toBe(2048)
    expect(read('--max-old-space-size=64', '--max_old_space_size=32').nodeOldSpaceMiB).toBe(32)
    expect(read('--no-addons', '--disable-sigusr1').nodeOptions).toHaveLength(2)
    expect(read().nodeOldSpaceMiB).toBeUndefined()
  })

  it.each([
    '--require=./x.js',
    '--import=./x.js',
    '--loader=./x.js',
    '--experimental-loader=./x.js',
    '--experimental_loader=./x.js',
    '--EVAL=1',
    '--eval=1',
    '--print=1',
    '--inspect',
    '--inspect-brk=0.0.0.0:9229',
    '--no-inspect',
    '--env-file=.env',
    '--env-file-if-exists=.env',
    '--run=build',
    '--test',
    '--watch',
    '--watch-path=.',
    '--snapshot-blob=x',
    '--build-snapshot',
    '--experimental-sea-config=x',
    '--experimental-default-config-file',
    '--openssl-config=x',
    '--permission',
    '--no-permission',
    '--allow-fs-read=*',
    '--allow-natives-syntax',
    '--cpu-prof',
    '--heap-prof-dir=/x',
    '--prof',
    '--redirect-warnings=x',
    '--report-on-signal',
    '--diagnostic-dir=x',
    '--addons',
    '--no-disable-sigusr1',
  ])('%s is refused', async (option) => {
    await expectInvalid(() => read('--no-warnings', option), 'nodeOptions[1]', 'is refused')
  })

  it.each(['-r', '-e', '-pe', '--', 'x.js', '--title a', '--require x', '---x', '--title=a\nb'])(
    '%p is not one long option',
    async (option) => {
      await expectInvalid(() => read(option), 'nodeOptions[0]', /one long option|line breaks/)
    },
  )

  it.each(['--max-old-space-size', '--max-old-space-size=0', '--max-old-space-size=1e3'])(
    '%s is no heap limit',
    async (option) => {
      await expectInvalid(() => read(option), 'nodeOptions[0]', 'whole number of MiB')
    },
  )
})

describe("what is the caller's", () => {
  it('is kept as it is', () => {
    const logger = { debug() {}, info() {}, warn() {}, error() {} }
    const config = { list: [1] }
    const schema = { type: 'object' }
    const tools = { a: { config, inputSchema: schema, outputSchema: true } }
    const options = readToolOptions({ logger, tools } as ToolRuntimeOptions)
    expect(options.logger).toBe(logger)
    expect(options.tools.a?.config).toBe(config)
    expect([logger, config, schema, tools].filter(Object.isFrozen)).toEqual([])
  })

  it('has no inherited tools', () => {
    expect('constructor' in readToolOptions({ tools: { a: {} } }).tools).toBe(false)
  })

  it('has retries of what never started in any case', () => {
    const tools = { a: { retry: { on: ['MEMORY_LIMIT' as const], maxAttempts: 2 } } }
    const { retry } = readToolOptions({ tools }).tools.a ?? {}
    expect(retry).toEqual({ on: ['WORKER_LOST', 'MEMORY_LIMIT'], maxAttempts: 2 })
  })
})

describe('the factory', () => {
  it('wants a project root and a config', async () => {
    const wrong = createToolRuntimeFactory as (projectRoot: unknown) => unknown
    await expectInvalid(() => wrong(undefined), 'projectRoot', 'the path of a folder')
    await expectInvalid(() => wrong(''), 'projectRoot', 'the path of a folder')
    const factory = createToolRuntimeFactory(folder)
    const create = factory.createRuntime as (config: unknown) => unknown
    await expectInvalid(() => create(null), 'config', /^runtime config must not be nil$/)
    await expectInvalid(() => create('bun'), 'config', 'an object')
    const text = /^unsupported runtime type: python \(supported types: \[bun node\]\)$/
    await expectInvalid(() => create({ runtimeType: 'python' }), 'runtimeType', text)
  })

  it('has its own root win', async () => {
    const create = createToolRuntimeFactory(join(folder, 'absent')).createRuntime
    await expectInvalid(() => create({ projectRoot: folder }), 'projectRoot', 'absent')
  })
})

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createToolRuntimeFactory, type ToolLogger } from 'runlet'
import { Bench, errorOf, fixture, outputOf, PERMISSIONS, RUNTIMES, thrown } from './support'

const bench = new Bench()
afterEach(() => bench.endAll())

function recorder() {
  const lines: { level: string; facts: Record<string, unknown>; message: string }[] = []
  const at = (level: string) => (facts: object, message: string) => {
    lines.push({ level, facts: { ...facts }, message })
  }
  const logger: ToolLogger = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  }
  return { lines, logger }
}

describe.each(RUNTIMES)('the audit trail on %s', (type) => {
  it('has one line per call when its result is there, without payloads', async () => {
    const projectRoot = bench.folder()
    const tools = bench.runtime(type, { projectRoot, security: { auditMode: true } })
    const env = { API_NAME: 'a-value-of-the-call' }
    await tools.executeTool('echo', { input: 'a-payload', execId: 'one', env })
    await tools.executeTool('throws', { input: { message: 'a-message' }, execId: 'two' })
    await tools.executeTool('../x', { execId: 'three' })
    const file = join(projectRoot, '.runlet', 'audit.jsonl')
    const text = readFileSync(file, 'utf8')
    const records = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(records).toMatchObject([
      {
        type: 'call',
        execId: 'one',
        toolId: 'echo',
        ok: true,
        attempts: 1,
        inputBytes: expect.any(Number),
      },
      { type: 'call', execId: 'two', ok: false, code: 'RUNTIME_ERROR', phase: 'run' },
      { type: 'call', execId: 'three', ok: false, code: 'INVALID_ARGUMENT', attempts: 0 },
    ])
    expect(records[0].outputBytes).toBe('"a-payload"'.length)
    expect(text).not.toMatch(/a-payload|a-value|a-message/)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('that cannot be written fails the call, also one that succeeded', async () => {
    const projectRoot = bench.folder()
    const tools = bench.runtime(type, { projectRoot, security: { auditMode: true } })
    const file = join(projectRoot, '.runlet', 'audit.jsonl')
    mkdirSync(file)
    const result = await tools.executeTool('echo', { input: 1 })
    const error = errorOf(result, projectRoot)
    expect([error.code, error.details?.reason]).toEqual(['INTERNAL', 'AUDIT_FAILED'])
    expect(result.attempts).toBe(1)
    rmSync(file, { recursive: true })
    expect(outputOf(await tools.executeTool('echo', { input: 2 }))).toEqual({ value: 2 })
    expect(tools.stats().executions).toEqual({ success: 1, error: 1, timeout: 0 })
  })

  it('goes to onAudit in place of the file; what that throws fails the call', async () => {
    const projectRoot = bench.folder()
    const seen: unknown[] = []
    const tools = bench.runtime(type, {
      projectRoot,
      security: { auditMode: true },
      onAudit: (record) => {
        if (record.toolId === 'count') throw new Error('the sink is full')
        seen.push(record.toolId)
      },
    })
    expect((await tools.executeTool('echo')).ok).toBe(true)
    expect(errorOf(await tools.executeTool('count')).code).toBe('INTERNAL')
    expect(seen).toEqual(['echo'])
    expect(existsSync(join(projectRoot, '.runlet', 'audit.jsonl'))).toBe(false)
  })
})

describe.each(RUNTIMES)('the counts on %s', (type) => {
  it('follow the calls', async () => {
    const tools = bench.runtime(type)
    await tools.executeTool('echo', { input: 'x' })
    await tools.executeTool('throws', { input: {} })
    await tools.executeTool('exits', { input: { code: 3 } })
    await tools.executeTool('kills', { input: 'SIGKILL' })
    await tools.executeTool('never', { timeoutMs: 200 })
    await tools.executeTool('../x')
    const stats = tools.stats()
    expect(stats.executions).toEqual({ success: 1, error: 4, timeout: 1 })
    expect(stats.byCode).toEqual({
      RUNTIME_ERROR: 1,
      PROCESS_EXIT: 2,
      TIMEOUT: 1,
      INVALID_ARGUMENT: 1,
    })
    expect(stats.timeouts).toBe(1)
    expect(stats.processExits).toEqual({ exit: { 3: 1 }, signal: { SIGKILL: 1 } })
    expect(stats.executeSeconds.count).toBe(6)
    expect(stats.outputBytes).toMatchObject({ count: 1, sum: 3 })
    stats.executions.success = 99
    expect(tools.stats().executions.success).toBe(1)
  })
})

describe.each(RUNTIMES)('the logger on %s', (type) => {
  it('gets what tools print with debug on, by level, and survives throwing', async () => {
    const { lines, logger } = recorder()
    const debug = { enabled: true, logLevel: 'debug' } as const
    const tools = bench.runtime(type, { logger, debug })
    await tools.executeTool('noisy', { execId: 'e' })
    await tools.executeTool('throws', { input: {} })
    const printed = lines.filter(({ facts }) => facts.stream === 'stderr')
    expect(printed[0]).toEqual({
      level: 'info',
      facts: { toolId: 'noisy', execId: 'e', stream: 'stderr' },
      message: '[DEBUG][LOG] log {"a":1}',
    })
    expect(lines.map(({ level, message }) => `${level} ${message}`)).toContain('warn tool failed')
    const broken = {
      ...logger,
      warn: () => {
        throw new Error('no')
      },
    }
    const other = bench.runtime(type, { logger: broken })
    expect(errorOf(await other.executeTool('throws', { input: {} })).code).toBe('RUNTIME_ERROR')
    const quiet = recorder()
    const level = { enabled: true, logLevel: 'warn' } as const
    const few = bench.runtime(type, { logger: quiet.logger, debug: level })
    await few.executeTool('noisy')
    expect(quiet.lines).toEqual([])
  })
})

describe.each(RUNTIMES)('heap profiling on %s', (type) => {
  it('keeps a snapshot of a tool that failed, and of no other', async () => {
    const projectRoot = bench.folder()
    const debug = { heapProfiling: true }
    const tools = bench.runtime(type, { projectRoot, debug })
    const folder = join(projectRoot, '.runlet', 'heap')
    outputOf(await tools.executeTool('echo'))
    expect(existsSync(folder)).toBe(false)
    const error = errorOf(await tools.executeTool('throws', { input: {} }), projectRoot)
    expect(error.code).toBe('RUNTIME_ERROR')
    const [name = '', ...others] = readdirSync(folder)
    expect(others).toEqual([])
    expect(name).toMatch(/^heap-throws-\d{8}T\d{9}Z\.heapsnapshot$/)
    const snapshot = JSON.parse(readFileSync(join(folder, name), 'utf8'))
    expect(typeof snapshot).toBe('object')
    expect(Object.keys(snapshot)).toEqual(expect.arrayContaining(['nodes', 'edges']))
  })
})

describe.each(RUNTIMES)('a folder of the call alone on %s', (type) => {
  it('is empty, private, its HOME and TMPDIR, and gone afterwards', async () => {
    const tools = bench.runtime(type, { scratchDir: true, maxConcurrent: 3 })
    const results = await Promise.all(
      [1, 2, 3].map(() => tools.executeTool<{ folder: string; names: string[] }>('usesScratch')),
    )
    const folders = results.map((result) => {
      const { folder, names } = outputOf(result)
      expect(names).toEqual(['note'])
      expect(existsSync(folder)).toBe(false)
      return folder
    })
    expect(new Set(folders).size).toBe(3)
    const { home, temporary } = outputOf(await tools.executeTool('where'))
    expect(home).toBe(temporary)
    errorOf(await tools.executeTool('throws', { input: {} }))
  })

  it('is the project without one, which is the working folder in any case', async () => {
    const projectRoot = bench.folder()
    const tools = bench.runtime(type, { projectRoot })
    expect(outputOf(await tools.executeTool('where'))).toEqual({
      cwd: projectRoot,
      home: projectRoot,
      temporary: projectRoot,
    })
  })
})

describe.each(RUNTIMES)('runtimes of one project on %s', (type) => {
  it('are made by a factory, several at once, each with its own', async () => {
    const projectRoot = bench.folder()
    const factory = createToolRuntimeFactory(projectRoot)
    const make = (entrypointPath: string) =>
      factory.createRuntime({ runtimeType: type, permissions: PERMISSIONS, entrypointPath })
    const [one, two] = [make(fixture('tools.mjs')), make(fixture('standard.mjs'))]
    try {
      const [where, greeting] = await Promise.all([
        one.executeTool('where'),
        two.executeTool('greet', { input: { name: 'Ada' } }),
      ])
      expect(outputOf(where).cwd).toBe(projectRoot)
      expect(outputOf(greeting)).toEqual({ greeting: 'Hello, Ada' })
      expect([one.stats().executions.success, two.stats().executions.success]).toEqual([1, 1])
    } finally {
      await Promise.all([one.dispose(), two.dispose()])
    }
    const wrong = thrown(() => factory.createRuntime({ runtimeType: 'Bun' as 'bun' }))
    expect(wrong.message).toContain('unsupported runtime type: Bun (supported types: [bun node])')
    const none = thrown(() => factory.createRuntime(null as never))
    expect(none.message).toBe('runtime config must not be nil')
  })
})

describe('strict mode', () => {
  it.each([
    '--allow-read',
    '--allow-write',
    '--allow-net',
    '--allow-env',
    '--allow-run',
    '--allow-all',
  ])('refuses %s', (flag) => {
    const error = thrown(() =>
      bench.runtime('bun', { permissions: [flag], security: { strictMode: true } }),
    )
    expect([error.code, error.details?.flag]).toEqual(['POLICY_VIOLATION', flag])
  })
})

describe.each(RUNTIMES)('security.logAccess on %s', (type) => {
  it('tells the logger which variables of the host a call got', async () => {
    const { lines, logger } = recorder()
    const permissions = [...PERMISSIONS, '--allow-env=LOGNAME_OF_THE_HOST']
    process.env.LOGNAME_OF_THE_HOST = 'a-value-of-the-host'
    try {
      const tools = bench.runtime(type, { logger, permissions, security: { logAccess: true } })
      outputOf(await tools.executeTool('echo', { execId: 'one' }))
    } finally {
      delete process.env.LOGNAME_OF_THE_HOST
    }
    const facts = { kind: 'env', target: 'LOGNAME_OF_THE_HOST', decision: 'allowed' }
    expect(lines).toMatchObject([{ level: 'info', facts: { execId: 'one', ...facts } }])
    expect(JSON.stringify(lines)).not.toContain('a-value')
  })
})

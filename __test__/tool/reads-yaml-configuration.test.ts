import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { configFromEnv, loadRuntimeConfig, mergeWithDefaults } from 'runlet'
import { refusal } from './refused'

const MIB = 1024 * 1024
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'runlet-yaml-')))
const file = join(folder, 'runlet.yaml')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The options of a file with this text. */
async function load(text: string | Uint8Array) {
  writeFileSync(file, text)
  return await loadRuntimeConfig(file)
}

/** Expects a refusal about `field` at `line`. */
async function expectFault(text: string, field: string, line: number, message: string | RegExp) {
  const error = await refusal(() => load(text))
  const { code, details } = error
  expect({ code, field: details?.field, line: details?.line, file: details?.file }).toEqual({
    code: 'INVALID_ARGUMENT',
    field,
    line,
    file,
  })
  expect(error.message).toMatch(message)
}

const DEVELOPMENT = `
# compozy.yaml (development)
name: example
runtime:
  type: bun
  entrypoint: "./tools/index.ts"
  permissions:
    - --allow-read # Permissive for development
    - --allow-net # All network access
    - --allow-env # All environment variables
  limits:
    memory: "512MB"
    timeout: "60s"
    output_size: "20MB"
  debug:
    enabled: true
    log_level: "debug"
`

const PRODUCTION = `
runtime:
  type: bun
  entrypoint: "./tools/index.ts"
  environment: production
  permissions:
    - --allow-read=./data
    - --allow-write=./output
    - --deny-write=/etc
    - --allow-net=api.example.com,*.trusted.com
    - --allow-env=API_KEY,API_SECRET
  limits:
    memory: "256MB"
    timeout: "30s"
    output_size: "10MB"
  backoff: { initial_interval: "100ms", max_interval: "5s", max_elapsed_time: "15s" }
tools:
  heavy-processor:
    runtime:
      limits:
        memory: "1GB"
`

const HIGH_SECURITY = `
runtime:
  type: node
  entrypoint: "./tools/index.js"
  environment: production
  permissions:
    - --allow-read=./data
    - --allow-net=internal-api.local:443
    - --deny-write=*
  limits: { memory: "128MB", timeout: "15s", output_size: "5MB" }
  security:
    strict_mode: true
    validate_schemas: true
    log_access: true
    audit_mode: true
    log_all_operations: true
`

describe('the profiles', () => {
  it('development', async () => {
    expect(await load(DEVELOPMENT)).toEqual({
      projectRoot: folder,
      runtimeType: 'bun',
      entrypointPath: './tools/index.ts',
      permissions: ['--allow-read', '--allow-net', '--allow-env'],
      memoryLimitBytes: 512 * MIB,
      toolExecutionTimeoutMs: 60_000,
      maxOutputBytes: 20 * MIB,
      debug: { enabled: true, logLevel: 'debug' },
    })
  })

  it('production', async () => {
    expect(await load(PRODUCTION)).toEqual({
      projectRoot: folder,
      runtimeType: 'bun',
      entrypointPath: './tools/index.ts',
      environment: 'production',
      permissions: [
        '--allow-read=./data',
        '--allow-write=./output',
        '--deny-write=/etc',
        '--allow-net=api.example.com,*.trusted.com',
        '--allow-env=API_KEY,API_SECRET',
      ],
      memoryLimitBytes: 256 * MIB,
      toolExecutionTimeoutMs: 30_000,
      maxOutputBytes: 10 * MIB,
      backoffInitialIntervalMs: 100,
      backoffMaxIntervalMs: 5_000,
      backoffMaxElapsedTimeMs: 15_000,
      tools: { 'heavy-processor': { memoryLimitBytes: 1024 * MIB } },
    })
  })

  it('high security', async () => {
    const options = await load(HIGH_SECURITY)
    expect(options).toEqual({
      projectRoot: folder,
      runtimeType: 'node',
      entrypointPath: './tools/index.js',
      environment: 'production',
      permissions: ['--allow-read=./data', '--allow-net=internal-api.local:443', '--deny-write=*'],
      memoryLimitBytes: 128 * MIB,
      toolExecutionTimeoutMs: 15_000,
      maxOutputBytes: 5 * MIB,
      validateSchemas: true,
      security: { strictMode: true, logAccess: true, auditMode: true, logAllOperations: true },
    })
    expect(mergeWithDefaults(options).security.strictMode).toBe(true)
  })
})

describe('every key', () => {
  it('of the runtime sets its option', async () => {
    const options = await load(`
runtime:
  node_options: [--max-old-space-size=2048, --experimental-modules]
  worker_file_perm: "0640"
  tool_execution_timeout: 1m30s
  debug: { enabled: false, log_level: warn, heap_profiling: true }
  security: { validate_schemas: false }
  native_tools: { enabled: true, root_dir: "./work", additional_roots: [../shared] }
`)
    expect(options).toEqual({
      projectRoot: folder,
      nodeOptions: ['--max-old-space-size=2048', '--experimental-modules'],
      workerFilePerm: 0o640,
      toolExecutionTimeoutMs: 90_000,
      debug: { enabled: false, logLevel: 'warn', heapProfiling: true },
      validateSchemas: false,
      nativeTools: { enabled: true, rootDir: './work', additionalRoots: ['../shared'] },
    })
  })

  it.each(['tools', 'runtime:\n  tools'])('of a tool sets its option, below %p', async (place) => {
    const indent = place === 'tools' ? '' : '  '
    const text = `${place}:
${indent}  a.b:
${indent}    description: kept for other programs
${indent}    timeout: "5m"
${indent}    runtime: { permissions: [], limits: { memory: 1GB, output_size: 50MB, timeout: 300s } }
${indent}    env: { KEY: "1" }
${indent}    config: { z: 1, a: [null, 2.5, true] }
${indent}    input: { type: object }
${indent}    output: true
${indent}  empty:
`
    const { tools } = await load(text)
    expect({ ...tools }).toEqual({
      'a.b': {
        timeoutMs: 300_000,
        permissions: [],
        memoryLimitBytes: 1024 * MIB,
        maxOutputBytes: 50 * MIB,
        env: { KEY: '1' },
        config: { z: 1, a: [null, 2.5, true] },
        inputSchema: { type: 'object' },
        outputSchema: true,
      },
      empty: {},
    })
    // In the order of the file, as a tool that prints its config would show.
    expect(Object.keys(tools?.['a.b']?.config as object)).toEqual(['z', 'a'])
  })

  it('without a value is not given', async () => {
    const text = 'runtime:\n  type:\n  limits:\n  permissions: ~\ntools:\n'
    expect(await load(text)).toEqual({ projectRoot: folder })
    expect(await load('')).toEqual({ projectRoot: folder })
  })
})

describe('an unknown key', () => {
  it('is ignored at the top, where other programs have theirs', async () => {
    expect(await load('name: x\nruntimes: 1\nmcps: [1]\n')).toEqual({ projectRoot: folder })
  })

  it.each([
    ['runtime:\n  tipe: bun\n', 'runtime.tipe', 2, 'did you mean "type"'],
    ['runtime:\n  type: bun\n  limits:\n    memori: 1GB\n', 'runtime.limits.memori', 4, '"memory"'],
    ['runtime:\n  security: {strict: true}\n', 'runtime.security.strict', 2, '"strict_mode"'],
    ['tools:\n  t:\n    runtime:\n      type: bun\n', 'tools.t.runtime.type', 4, 'unknown key'],
    [
      'runtime:\n  tools:\n    "a.b":\n      runtime: {limits: {cpu: 1}}\n',
      'runtime.tools["a.b"].runtime.limits.cpu',
      4,
      'unknown key',
    ],
    ['runtime:\n  __proto__: {type: bun}\n', 'runtime.__proto__', 2, 'unknown key'],
    ['runtime:\n  constructor: 1\n', 'runtime.constructor', 2, 'unknown key'],
  ])('below runtime is refused: %p', async (text, field, line, message) => {
    await expectFault(text, field, line, message)
  })

  it('is named with the file and the line in the message', async () => {
    const error = await refusal(() => load('runtime:\n\n  tipe: bun\n'))
    expect(error.message).toMatch(new RegExp(`^${file.replaceAll('\\', '\\\\')}:3: unknown key`))
  })
})

describe('a wrong value', () => {
  it.each([
    ['runtime: bun\n', 'runtime', 1, 'a mapping'],
    ['runtime:\n  type: deno\n', 'runtime.type', 2, 'unsupported runtime type: deno'],
    ['runtime:\n  permissions: --allow-read\n', 'runtime.permissions', 2, 'a list of flags'],
    ['runtime:\n  permissions:\n    - --allow-read\n    - 1\n', 'runtime.permissions[1]', 4, '1'],
    ['runtime:\n  node_options: [--inspect]\n', 'runtime.node_options[0]', 2, 'is refused'],
    ['runtime:\n  limits: {timeout: 30}\n', 'runtime.limits.timeout', 2, 'a duration with a unit'],
    ['runtime:\n  limits: {timeout: "0s"}\n', 'runtime.limits.timeout', 2, 'a duration'],
    ['runtime:\n  limits: {memory: 256XB}\n', 'runtime.limits.memory', 2, 'a size in bytes'],
    ['runtime:\n  limits: {memory: 256}\n', 'runtime.limits.memory', 2, 'from 1048576'],
    ['runtime:\n  worker_file_perm: 600\n', 'runtime.worker_file_perm', 2, 'in quotes'],
    ['runtime:\n  worker_file_perm: "0666"\n', 'runtime.worker_file_perm', 2, 'a mode from'],
    ['runtime:\n  debug: {enabled: yes}\n', 'runtime.debug.enabled', 2, 'true or false'],
    ['runtime:\n  debug: {log_level: trace}\n', 'runtime.debug.log_level', 2, "'debug'"],
    ['tools:\n  - id: a\n', 'tools', 1, 'a mapping'],
    ['tools:\n  a: 5m\n', 'tools.a', 2, 'a mapping'],
    ['tools:\n  a:\n    env:\n      PORT: 80\n', 'tools.a.env.PORT', 4, 'a string'],
    ['tools:\n  a:\n    input: text\n', 'tools.a.input', 3, 'a JSON Schema'],
  ])('is refused with its key and line: %p', async (text, field, line, message) => {
    await expectFault(text, field, line, message)
  })

  it.each([
    ['- 1\n', 'a mapping'],
    ['text\n', 'a mapping'],
  ])('is a document that is no mapping: %p', async (text, message) => {
    const error = await refusal(() => load(text))
    expect([error.code, error.message.includes(message)]).toEqual(['INVALID_ARGUMENT', true])
  })
})

describe('two keys of one option', () => {
  it('may agree', async () => {
    const text = 'runtime:\n  tool_execution_timeout: 60s\n  limits: {timeout: 1m}\n'
    expect((await load(text)).toolExecutionTimeoutMs).toBe(60_000)
    const tools = 'tools: {a: {timeout: 1s}}\nruntime: {tools: {a: {timeout: 1000ms}}}\n'
    expect((await load(tools)).tools?.a).toEqual({ timeoutMs: 1_000 })
  })

  it.each([
    [
      'runtime:\n  tool_execution_timeout: 60s\n  limits:\n    timeout: 61s\n',
      'runtime.limits.timeout',
      4,
    ],
    [
      'tools:\n  a:\n    timeout: 1s\n    runtime:\n      limits: {timeout: 2s}\n',
      'tools.a.runtime.limits.timeout',
      5,
    ],
    ['tools: {a: {timeout: 1s}}\nruntime:\n  tools:\n    a: {timeout: 2s}\n', 'runtime.tools.a', 4],
  ])('may not differ: %p', async (text, field, line) => {
    await expectFault(text, field, line, 'are two names of one option')
  })
})

describe('a text that is refused as a whole', () => {
  it.each([
    ['runtime: &a {type: bun}\n', 'anchors are not read'],
    ['runtime: {type: bun}\n---\nruntime: {type: node}\n', 'a second document'],
    ['runtime: !!map {type: bun}\n', 'tags are not read'],
    ['runtime:\n  type: bun\n  type: node\n', 'runtime.type is given twice'],
    ['runtime:\n  <<: {type: bun}\n', 'merge keys'],
    ['runtime:\n  worker_file_perm: 0600\n', 'leading zeros'],
    ['runtime: {type: bun\n', /line \d/],
  ])('names the place: %p', async (text, message) => {
    const error = await refusal(() => load(text))
    expect([error.code, error.details?.file]).toEqual(['INVALID_ARGUMENT', file])
    expect(error.details?.line).toBe(Number(/line (\d+), column/.exec(error.message)?.[1]))
    expect(error.message).toMatch(message)
  })
})

describe('the file', () => {
  it('has to be there, a file, text, and at most 1 MiB', async () => {
    const messageOf = async (path: unknown) => {
      const load = loadRuntimeConfig as (path: unknown) => Promise<unknown>
      const error = await refusal(() => load(path))
      expect([error.code, error.details?.field]).toEqual(['INVALID_ARGUMENT', 'path'])
      return error.message
    }
    expect(await messageOf(join(folder, 'missing.yaml'))).toContain('does not exist')
    expect(await messageOf(folder)).toMatch(/is a folder|is not a regular file/)
    expect(await messageOf(undefined)).toContain('path must be')
    expect(await messageOf('')).toContain('path must be')
    writeFileSync(file, Uint8Array.of(0x61, 0xff))
    expect(await messageOf(file)).toContain('is not UTF-8')
    writeFileSync(file, ' '.repeat(MIB + 1))
    expect(await messageOf(file)).toContain('more than 1048576 bytes')
    writeFileSync(file, ' '.repeat(MIB))
    expect(await loadRuntimeConfig(file)).toEqual({ projectRoot: folder })
  })

  it('gives its folder as the project root', async () => {
    mkdirSync(join(folder, 'inner'))
    const inner = join(folder, 'inner', 'runlet.yaml')
    writeFileSync(inner, 'runtime: {type: node}\n')
    expect(await loadRuntimeConfig(inner)).toEqual({
      projectRoot: join(folder, 'inner'),
      runtimeType: 'node',
    })
  })
})

describe('precedence', () => {
  it('is code, environment, file, defaults', async () => {
    const file = await load('runtime: {type: node, environment: f, limits: {timeout: 1s}}\n')
    const env = configFromEnv({ RUNLET_ENVIRONMENT: 'e', RUNLET_TOOL_TIMEOUT: '2s' })
    const config = mergeWithDefaults({ ...file, ...env, toolExecutionTimeoutMs: 3_000 })
    const { runtimeType, environment, toolExecutionTimeoutMs, maxTimeoutMs } = config
    expect([runtimeType, environment, toolExecutionTimeoutMs]).toEqual(['node', 'e', 3_000])
    expect(maxTimeoutMs).toBe(300_000)
  })
})

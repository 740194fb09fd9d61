import { afterEach, describe, expect, it } from '@jest/globals'
import { Bench, errorOf, fixture, outputOf, RUNTIMES, thrown } from './support'

const bench = new Bench()
afterEach(() => bench.endAll())

const TRAVERSAL = 'tool_id contains path traversal or invalid path components'
const DOTS = 'tool_id contains directory traversal patterns'
const CHARACTERS = 'tool_id contains invalid characters'

describe.each(RUNTIMES)('the id of a tool on %s', (type) => {
  it.each(['simple-tool', 'category/tool-name', 'tool.name', 'a'.repeat(256)])(
    'may be %s',
    async (id) => {
      const tools = bench.runtime(type, { entrypointPath: fixture('standard.mjs') })
      const result = await tools.executeTool(id)
      // It was looked up: whether there is such a tool is another matter.
      if (!result.ok) expect(errorOf(result).cause.message).toMatch(/^Tool \S+ not found/)
      expect(result.attempts).toBe(1)
    },
  )

  it.each([
    ['', 'tool_id cannot be empty'],
    ['../malicious', DOTS],
    ['tool/../../../etc/passwd', TRAVERSAL],
    ['/etc/passwd', 'tool_id cannot be an absolute path'],
    ['.hidden-tool', 'tool_id cannot start with dot or contain multiple consecutive dots'],
    ['tool...name', DOTS],
    ['tool@name', CHARACTERS],
    ['tool\0name', CHARACTERS],
    ['t\u03bf\u03bfl', CHARACTERS],
    ['a..b', DOTS],
    ['a/', TRAVERSAL],
    ['a//b', TRAVERSAL],
    ['./a', TRAVERSAL],
    ['a b', CHARACTERS],
    ['\ud800', 'tool_id contains invalid UTF-8 characters'],
    ['a'.repeat(257), 'tool_id is too long'],
  ])('may not be %j', async (id, text) => {
    const tools = bench.runtime(type)
    const result = await tools.executeTool(id, { execId: 'e1' })
    if (result.ok) throw new Error('it was called')
    const { error } = result
    expect(error.message).toBe(
      `tool execution failed for tool ${id} (exec e1) during validate inputs: ${text}`,
    )
    expect(error.cause.message).toBe(text)
    expect([error.code, error.retryable]).toEqual(['INVALID_ARGUMENT', false])
    expect([result.attempts, result.startMs]).toEqual([0, 0])
  })

  it('is taken in its normal form', async () => {
    const tools = bench.runtime(type)
    // The same text in two ways of writing; neither is an id, and the reason is the same.
    for (const id of ['caf\u00e9', 'cafe\u0301']) {
      expect(errorOf(await tools.executeTool(id)).cause.message).toBe(CHARACTERS)
    }
  })
})

const failed = (text: string) => `environment variable validation failed: ${text}`
const badName = (name: string) =>
  failed(
    `invalid environment variable name "${name}": must contain only uppercase letters, numbers, and underscores`,
  )
const forbidden = (name: string) =>
  failed(`environment variable "${name}" is not allowed for security reasons`)
const badValue = failed(
  'environment variable "TEST" contains invalid characters (newline or null byte)',
)

/** Entries that may not be set, and the exact reason. */
const REFUSED: [string, string, string][] = [
  ['LD_PRELOAD', '/evil.so', forbidden('LD_PRELOAD')],
  ['NODE_OPTIONS', '--inspect', forbidden('NODE_OPTIONS')],
  ['DYLD_INSERT_LIBRARIES', '/evil.dylib', forbidden('DYLD_INSERT_LIBRARIES')],
  ['BUN_OPTIONS', '--preload=./evil.js', forbidden('BUN_OPTIONS')],
  ['lowercase_var', 'x', badName('lowercase_var')],
  ['INVALID@VAR', 'x', badName('INVALID@VAR')],
  ['', 'x', badName('')],
  ['TEST', 'a\nb', badValue],
  ['TEST', 'a\0b', badValue],
  ['TEST', 'a\rb', badValue],
  ['TEST', 'x'.repeat(128 * 1024), failed('environment variable "TEST" is too large')],
]

describe.each(RUNTIMES)('a variable of a call on %s', (type) => {
  it('reaches the tool', async () => {
    const tools = bench.runtime(type)
    const env = { VALID_VAR: 'value', ANOTHER_VAR: '', NUMBER_123: '123', '1ST': 'ä=b' }
    const input = [...Object.keys(env), 'NOT_GIVEN']
    const output = outputOf(await tools.executeTool('variables', { input, env }))
    expect(output).toEqual({ ...env, NOT_GIVEN: null })
  })

  it.each(REFUSED)('%s=%j is refused', async (name, value, text) => {
    const tools = bench.runtime(type)
    const result = await tools.executeTool('echo', { env: { FINE: 'x', [name]: value } })
    const error = errorOf(result)
    expect(error.cause.message).toBe(text)
    expect([error.code, error.operation]).toEqual(['INVALID_ARGUMENT', 'validate inputs'])
    expect(result.attempts).toBe(0)
  })

  it('may not be one that a permission denies', async () => {
    const tools = bench.runtime(type, { permissions: ['--allow-all', '--deny-env=SECRET_*'] })
    const error = errorOf(await tools.executeTool('echo', { env: { SECRET_KEY: 'x' } }))
    expect(error.code).toBe('POLICY_VIOLATION')
    expect(error.cause.message).toBe(
      failed('environment variable "SECRET_KEY" is denied by --deny-env'),
    )
  })

  it('together with others has at most a megabyte', async () => {
    const tools = bench.runtime(type)
    const env = Object.fromEntries(
      Array.from({ length: 9 }, (_, at) => [`PART_${at}`, 'x'.repeat(120_000)]),
    )
    const error = errorOf(await tools.executeTool('echo', { env }))
    expect(error.cause.message).toBe(failed('environment variable "PART_8" is too large'))
  })
})

describe('a variable of the runtime or of a tool', () => {
  it.each(REFUSED)('%s=%j is refused when the runtime is made', (name, value, text) => {
    const env = { [name]: value }
    for (const [field, options] of [
      ['env', { env }],
      ['tools["echo"].env', { tools: { echo: { env } } }],
    ] as const) {
      const error = thrown(() => bench.runtime('bun', options))
      expect(error.code).toBe('INVALID_ARGUMENT')
      if (/[\n\r\0]/.test(value)) {
        // The options' own table comes first; it names the entry.
        expect(error.message).toMatch(/\.TEST must be a string without line breaks and NUL, got /)
      } else {
        expect(error.message).toBe(`${field}: ${text}`)
        expect(error.details?.field).toBe(field)
      }
    }
  })
})

describe.each(RUNTIMES)('a request on %s', (type) => {
  it('has a name that is not empty', async () => {
    const tools = bench.runtime(type)
    const error = errorOf(await tools.executeTool('echo', { execId: '' }))
    expect(error.cause.message).toBe('tool_exec_id cannot be empty')
    expect([error.code, error.operation]).toEqual(['INVALID_ARGUMENT', 'validate inputs'])
  })

  it('must have JSON', async () => {
    const tools = bench.runtime(type)
    const cyclic: { self?: unknown } = {}
    cyclic.self = cyclic
    for (const input of [cyclic, 1n, { toJSON: () => cyclic }]) {
      const result = await tools.executeTool('echo', { input })
      const error = errorOf(result)
      expect([error.code, error.operation]).toEqual(['INVALID_ARGUMENT', 'marshal request'])
      expect(result.attempts).toBe(0)
      expect(errorOf(await tools.executeTool('echo', { config: input })).operation).toBe(
        'marshal request',
      )
    }
  })

  it('beyond maxInputBytes starts nothing; exactly that many bytes are fine', async () => {
    const tools = bench.runtime(type, { maxInputBytes: 100 })
    const input = 'x'.repeat(98)
    expect(outputOf(await tools.executeTool('echo', { input }))).toEqual({ value: input })
    const result = await tools.executeTool('echo', { input: `${input}x` })
    const error = errorOf(result)
    expect([error.code, error.details?.limit]).toEqual(['INVALID_ARGUMENT', 'maxInputBytes'])
    expect(result.attempts).toBe(0)
    const both = await tools.executeTool('echo', { input, config: 1 })
    expect(errorOf(both).code).toBe('INVALID_ARGUMENT')
  })
})

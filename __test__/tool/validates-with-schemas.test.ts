import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { RunletError } from 'runlet'
import { z } from 'zod'

const { checkSchema, checkValue } = require(
  join(__dirname, '../../dist/tool/schema.js'),
) as typeof import('../../ts/tool/schema')

type Issues = { path: (string | number)[]; message: string }[]

async function failure(check: Promise<unknown>): Promise<RunletError> {
  const error = await check.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof RunletError)) throw new Error(`no RunletError but ${String(error)}`)
  return error
}

const issuesOf = (error: RunletError) => error.details?.issues as Issues

/** A Standard Schema whose validate function is the given one. */
const standard = (validate: (value: unknown) => unknown) => ({
  '~standard': { version: 1, vendor: 'test', validate },
})

describe('a Standard Schema', () => {
  it('of zod accepts, and what it made of the value is used', async () => {
    const schema = z.object({ n: z.coerce.number(), kind: z.string().default('plain') })
    const value = await checkValue(schema, { n: '7', extra: 1 }, 'input')
    expect(value).toEqual({ n: 7, kind: 'plain' })
  })

  it('of zod refuses with each path and message', async () => {
    const schema = z.object({ lines: z.array(z.object({ price: z.number().min(0) })) })
    const value = { lines: [{ price: 1 }, { price: -1 }, { price: 'x' }] }
    const error = await failure(checkValue(schema, value, 'output'))
    expect(error.code).toBe('VALIDATION_ERROR')
    expect(error.retryable).toBe(false)
    expect(error.details?.side).toBe('output')
    expect(issuesOf(error).map((issue) => issue.path)).toEqual([
      ['lines', 1, 'price'],
      ['lines', 2, 'price'],
    ])
    expect(error.message).toContain('the schema refused output at lines.1.price: ')
    expect(error.message).toContain('(and 1 more)')
  })

  it('may answer later and transform', async () => {
    const schema = z.string().transform(async (text) => text.length)
    expect(await checkValue(schema, 'four', 'input')).toBe(4)
    const refine = z.string().refine(async (text) => text === 'yes', 'must be yes')
    const error = await failure(checkValue(refine, 'no', 'input'))
    expect(issuesOf(error)).toEqual([{ path: [], message: 'must be yes' }])
  })

  it('may be a function, and give undefined', async () => {
    const schema = Object.assign(
      () => {},
      standard(() => ({ value: undefined })),
    )
    expect(await checkValue(schema, 1, 'input')).toBeUndefined()
  })

  it('has at most 50 issues of bounded length', async () => {
    const issues = Array.from({ length: 5_000 }, () => ({ message: 'x'.repeat(10_000) }))
    const error = await failure(
      checkValue(
        standard(() => ({ issues })),
        1,
        'input',
      ),
    )
    expect(issuesOf(error)).toHaveLength(50)
    expect(JSON.stringify(error).length).toBeLessThan(40_000)
  })

  it('that fails itself is named, whatever it does', async () => {
    const hostile = {
      get issues(): unknown {
        throw new Error('from a getter')
      },
    }
    const texts: [unknown, string][] = [
      [
        standard(() => {
          throw new Error('inside')
        }),
        'threw',
      ],
      [standard(() => Promise.reject(new Error('later'))), 'threw'],
      [standard(() => hostile), 'threw'],
      [standard(() => ({ issues: [{ message: { toString: null } }] })), 'threw'],
      [standard(() => undefined), 'neither a value nor issues'],
      [standard(() => 7), 'neither a value nor issues'],
      [standard(() => ({})), 'neither a value nor issues'],
      [standard(() => ({ issues: 'many' })), 'neither a value nor issues'],
      [standard(() => ({ value: 1, issues: null })), 'neither a value nor issues'],
    ]
    for (const [schema, part] of texts) {
      const error = await failure(checkValue(schema, 1, 'input'))
      expect([error.code, error.details?.field]).toEqual(['INVALID_ARGUMENT', 'inputSchema'])
      expect(error.message).toContain(part)
    }
  })

  it('that never answers leaves its caller free to give up', async () => {
    const never = checkValue(
      standard(() => new Promise(() => {})),
      1,
      'input',
    )
    const deadline = new Promise((resolve) => setTimeout(resolve, 20, 'deadline'))
    expect(await Promise.race([never, deadline])).toBe('deadline')
  })
})

describe('a JSON Schema', () => {
  const order = {
    type: 'object',
    required: ['id'],
    properties: {
      id: { type: 'integer' },
      'a/b~c': { type: 'string' },
      lines: { type: 'array', items: { $ref: '#/$defs/line' } },
    },
    $defs: { line: { type: 'object', properties: { 0: { type: 'number', minimum: 0 } } } },
  }

  it('accepts and gives the very value', async () => {
    const value = { id: 1, lines: [{ 0: 2 }] }
    expect(await checkValue(order, value, 'input')).toBe(value)
  })

  it('refuses with paths of keys and indexes, and without the value', async () => {
    const value = { id: 'hunter2', 'a/b~c': 1, lines: [{}, { 0: -1 }] }
    const error = await failure(checkValue(order, value, 'output'))
    expect(error.code).toBe('VALIDATION_ERROR')
    const paths = issuesOf(error).map((issue) => JSON.stringify(issue.path))
    expect(paths.sort()).toEqual(['["a/b~c"]', '["id"]', '["lines",1,"0"]'])
    expect(JSON.stringify(error)).not.toContain('hunter2')
  })

  it('judges long values too, on another thread, and a text that is at hand', async () => {
    const list = { type: 'array', items: { type: 'integer' } }
    const long = Array.from({ length: 50_000 }, (_, at) => at)
    expect(await checkValue(list, long, 'output')).toBe(long)
    const error = await failure(checkValue(list, [...long, 'x'], 'output'))
    expect(issuesOf(error)).toHaveLength(1)
    expect(issuesOf(error)[0]?.path).toEqual([50_000])
    expect(await checkValue(list, undefined, 'output', '[1]')).toBeUndefined()
  })

  it('takes undefined for null', async () => {
    expect(await checkValue({ type: 'null' }, undefined, 'output')).toBeUndefined()
    const error = await failure(checkValue({ type: 'object' }, undefined, 'output'))
    expect(error.code).toBe('VALIDATION_ERROR')
  })

  it('judges deep values, and refuses those that are too deep', async () => {
    const tree = { properties: { a: { $ref: '#' } }, type: ['object', 'integer'] }
    const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
    await checkValue(tree, undefined, 'output', nested(1_000))
    const error = await failure(checkValue(tree, undefined, 'output', nested(20_000)))
    expect(issuesOf(error)[0]?.message).toContain('deeper than 10000')
  })

  it('is compiled once', async () => {
    const schema: { type: string } = { type: 'integer' }
    await checkValue(schema, 1, 'input')
    schema.type = 'string'
    expect(await checkValue(schema, 2, 'input')).toBe(2)
  })

  it('that does not compile is refused with the option and the reason', () => {
    const texts: [unknown, string][] = [
      [{ type: 'nonsense' }, 'at /type'],
      [{ $ref: 'https://127.0.0.1:1/schema.json' }, 'disabled'],
      [{ $ref: 'file:///etc/hostname' }, 'disabled'],
      [{ pattern: '(?=a)b' }, 'pattern'],
      [[], 'an array'],
      ['{}', 'must be a JSON Schema object'],
      [undefined, 'undefined'],
      [null, 'null'],
      [() => {}, 'a function'],
    ]
    for (const [schema, part] of texts) {
      let thrown: unknown
      try {
        checkSchema(schema, 'tools.add.inputSchema')
      } catch (error) {
        thrown = error
      }
      expect(thrown).toBeInstanceOf(RunletError)
      const error = thrown as RunletError
      expect([error.code, error.details?.field]).toEqual([
        'INVALID_ARGUMENT',
        'tools.add.inputSchema',
      ])
      expect(error.message).toContain('tools.add.inputSchema')
      expect(error.message).toContain(part)
    }
  })

  it('refuses a value that has no JSON', async () => {
    const error = await failure(checkValue({}, { n: 1n }, 'input'))
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.message).toContain('input.n is a BigInt')
  })
})

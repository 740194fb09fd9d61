import { describe, expect, it } from '@jest/globals'
import { runCodelet } from 'runlet'
import { body, failureOf, js } from './run-text'

describe('A8 · the four codes of the original mean what they meant', () => {
  it('TIMEOUT', async () => {
    const { error } = await failureOf('TIMEOUT', body('for (;;) {}'), { timeout_ms: 30 })
    expect(error.retryable).toBe(false)
  })

  it.each([
    ['a missing bracket', 'export const main = () => {', 1],
    ['a stray word', 'export const main = () => 1\n\nnot js at all', 3],
    ['an early error', 'export const main = () => { let a; let a }', 1],
    ['an unknown export', 'export { nothing }', 1],
    ['a return outside', 'return 1\nexport const main = () => 1', 1],
    ['sloppy code in a module', 'export const main = () => { with ({}) {} }', 1],
    ['a bad regular expression', 'export const main = () => /(/', 1],
  ])('SYNTAX_ERROR for %s, with line and column', async (_kind, code, line) => {
    const { error, logs } = await failureOf('SYNTAX_ERROR', code)
    expect(error.line).toBe(line)
    expect(Number(error.column)).toBeGreaterThanOrEqual(1)
    expect(error.message).not.toBe('')
    expect(logs).toEqual([])
  })

  it('RUNTIME_ERROR with name, message, stack, line and column', async () => {
    const code =
      'const fail = () => {\n  throw new RangeError("too far")\n}\nexport const main = () => fail()'
    const { error } = await failureOf('RUNTIME_ERROR', code)
    expect(error).toMatchObject({
      name: 'RangeError',
      message: 'too far',
      line: 2,
      retryable: false,
    })
    expect(error.column).toBe(13)
    expect(error.stack).toMatch(
      /^\s+at fail \(codelet\.js:2:13\)\n\s+at main \(codelet\.js:4:\d+\)$/,
    )
  })

  it('POLICY_VIOLATION with capability and name', async () => {
    const { error } = await failureOf('POLICY_VIOLATION', body("require('fs')"))
    expect(error.details).toEqual({ capability: 'require', name: 'fs' })
  })
})

describe('A8 · the codes that came on top', () => {
  it.each([
    ['MEMORY_LIMIT', body("const a = []; for (;;) a.push('x'.repeat(1e5) + a.length)"), {}],
    ['OUTPUT_LIMIT', body("return 'x'.repeat(2e6)"), {}],
    [
      'HOST_CALL_ERROR',
      body('await helpers.f()'),
      {
        host: {
          f() {
            throw new Error('x')
          },
        },
      },
    ],
    ['RUNTIME_ERROR', body('const f = () => f(); f()'), {}],
  ] as const)('%s', async (code, text, options) => {
    const { error, value } = await failureOf(code, text, { ...options, timeout_ms: 5000 })
    expect(error.retryable).toBe(false)
    expect(value).toBeUndefined()
  })

  it('VALIDATION_ERROR on either side, naming side and issues', async () => {
    const schema = (refused: unknown) => ({
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: (value: unknown) =>
          value === refused
            ? { issues: [{ message: 'not this', path: ['a', { key: 0 }] }] }
            : { value },
      },
    })
    const source = js(body("console.log('ran'); return 'out'"))
    const before = await runCodelet(source, { input: 'in', input_schema: schema('in') })
    expect(before.error).toMatchObject({
      code: 'VALIDATION_ERROR',
      details: { side: 'input', issues: [{ message: 'not this', path: ['a', 0] }] },
    })
    expect(before.logs).toEqual([])
    const after = await runCodelet(source, { outputSchema: schema('out') })
    expect(after.error).toMatchObject({ code: 'VALIDATION_ERROR', details: { side: 'output' } })
    expect(after.logs).toHaveLength(1)
    expect(after.value).toBeUndefined()
    expect(
      (await runCodelet(source, { input_schema: schema(1), output_schema: schema(1) })).value,
    ).toBe('out')
  })

  it('uses what the schemas make of the values', async () => {
    const plusOne = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: async (value: unknown) => ({ value: Number(value) + 1 }),
      },
    }
    const source = js('export const main = (n) => n * 10')
    const result = await runCodelet(source, {
      input: 1,
      input_schema: plusOne,
      output_schema: plusOne,
    })
    expect(result.value).toBe(21)
  })
})

describe('A8 · whatever is thrown becomes a typed failure, logs kept', () => {
  it.each([
    ['null', 'null', null],
    ['a number', '42', 42],
    ['a string', "'plain'", 'plain'],
    ['an object', "({ code: 7, message: 'mine' })", { code: 7, message: 'mine' }],
    ['an array', '[1, 2]', [1, 2]],
    ['undefined', 'undefined', undefined],
    ['a symbol', "Symbol('s')", undefined],
    ['a function', '() => 1', undefined],
    ['a BigInt', '1n', undefined],
    ['a Proxy', 'new Proxy({}, {})', {}],
    ['a throwing Proxy', 'new Proxy({}, { get() { throw 1 }, ownKeys() { throw 2 } })', undefined],
    ['a cycle', '(() => { const a = {}; a.a = a; return a })()', undefined],
    [
      'hostile getters',
      '({ get message() { throw 1 }, get name() { throw 2 }, get stack() { throw 3 } })',
      undefined,
    ],
    ['hostile toString', '({ toString() { throw 1 }, toJSON() { throw 1 } })', undefined],
    ['an object without prototype', 'Object.create(null)', {}],
  ])('%s', async (_kind, expression, thrown) => {
    const { error, logs } = await failureOf(
      'RUNTIME_ERROR',
      body(`console.log('kept'); throw ${expression}`),
    )
    expect(error.message).not.toBe('')
    expect(error.details?.thrown).toEqual(thrown)
    expect(logs.map(({ message }) => message)).toEqual(['kept'])
  })

  it.each([
    ['a message that is no string', "Object.assign(new Error('x'), { message: { a: 1 } })"],
    ['a name that is no string', "Object.assign(new Error('x'), { name: Symbol('n') })"],
    [
      'a message getter that throws',
      "Object.defineProperty(new Error('x'), 'message', { get() { throw 1 } })",
    ],
    ['a stack that is no string', "Object.defineProperty(new Error('x'), 'stack', { value: 7 })"],
    ['no prototype', "Object.setPrototypeOf(new Error('x'), null)"],
    ['a Proxy around it', "new Proxy(new Error('x'), {})"],
    ['itself as cause', "(() => { const e = new Error('x'); e.cause = e; return e })()"],
    ['a subclass', "new (class Mine extends Error { name = 'Mine' })('x')"],
    ['an AggregateError', "new AggregateError([new Error('a')], 'x')"],
    ['a DOMException', "new DOMException('x', 'AbortError')"],
  ])('an Error with %s', async (_kind, expression) => {
    const { error } = await failureOf('RUNTIME_ERROR', body(`throw ${expression}`))
    expect(typeof error.message).toBe('string')
    expect(['string', 'undefined']).toContain(typeof error.name)
  })

  it.each([
    ['a lone surrogate', String.raw`'\ud800'`],
    ['a pair cut by the bound', String.raw`'a' + '\u{1f600}'.repeat(9000)`],
    ['NUL and control characters', String.raw`'\u0000\u001b[31m\u2028'`],
    ['quotes and line breaks', String.raw`'"}\n\r"'`],
  ])('an Error whose text has %s', async (_kind, expression) => {
    const { error } = await failureOf('RUNTIME_ERROR', body(`throw new Error(${expression})`))
    expect(error.name).toBe('Error')
    const named = body(`const e = new Error('x'); e.name = ${expression}; throw e`)
    expect((await failureOf('RUNTIME_ERROR', named)).error.message).toBe('x')
  })

  it('bounds message to 2 KiB and stack to 4 KiB', async () => {
    const deep = `const f = (n) => { if (n === 0) throw new Error('ä'.repeat(9000)); f(n - 1) }`
    const { error } = await failureOf('RUNTIME_ERROR', `${deep}\nexport const main = () => f(300)`)
    expect(Buffer.byteLength(error.message)).toBeLessThanOrEqual(2048)
    expect(error.message.startsWith('ää')).toBe(true)
    expect(Buffer.byteLength(error.stack ?? '')).toBeLessThanOrEqual(4096)
  })

  it.each([
    ['a rejection', body("await Promise.reject(new TypeError('late'))")],
    ['a throw at the top level', "throw new TypeError('early')\nexport const main = () => 1"],
    [
      'a rejection at the top level',
      "await Promise.reject(new TypeError('early'))\nexport const main = () => 1",
    ],
    ['a thenable that throws', body("return { then() { throw new TypeError('then') } }")],
    [
      'a throw in a timer',
      body("await new Promise(() => setTimeout(() => { throw new TypeError('x') }, 1))"),
    ],
  ])('%s', async (_kind, code) => {
    const { error } = await failureOf('RUNTIME_ERROR', code, { allow: { timers: true } })
    expect(error.name).toBe('TypeError')
    expect(Number(error.line)).toBeGreaterThanOrEqual(1)
  })
})

describe('A8 · codes cannot be forged by the codelet', () => {
  it.each([
    ['the name', "const e = new Error('eval is denied'); e.name = 'PolicyViolation'; throw e"],
    [
      'the code',
      "throw Object.assign(new Error('x'), { code: 'POLICY_VIOLATION', retryable: true })",
    ],
    [
      'an object like it',
      "throw { name: 'PolicyViolation', code: 'POLICY_VIOLATION', message: 'x' }",
    ],
    ['a copy', 'try { eval("1") } catch (e) { throw Object.assign(new Error(e.message), e) }'],
    ['an heir', 'try { eval("1") } catch (e) { throw Object.create(e) }'],
    ['a Proxy', 'try { eval("1") } catch (e) { throw new Proxy(e, {}) }'],
    ['a text of the engine', 'throw new TypeError("\'Math\' is read-only")'],
    ['a text of the memory limit', "throw new InternalError('out of memory')"],
    ['a text of the interrupt', "throw new InternalError('interrupted')"],
  ])('by %s', async (_how, statements) => {
    const { error } = await failureOf('RUNTIME_ERROR', body(statements))
    expect(error.retryable).toBe(false)
  })

  it('nor by an inherited `policy` when a host function fails', async () => {
    const code = body(
      `Object.prototype.policy = { capability: 'eval', name: 'forged' }
       await helpers.fail()`,
    )
    const host = {
      fail() {
        throw new Error('mine')
      },
    }
    const { error, usage } = await failureOf('HOST_CALL_ERROR', code, { host })
    expect(error.details).toEqual({ function: 'fail', seq: 0, reason: 'THREW' })
    expect(usage.policyDenials).toBe(0)
  })

  it('while the genuine denial keeps its code when thrown again', async () => {
    await failureOf('POLICY_VIOLATION', body('try { eval("1") } catch (e) { throw e }'))
    await failureOf('POLICY_VIOLATION', body('const p = (async () => eval("1"))(); await p'))
  })
})

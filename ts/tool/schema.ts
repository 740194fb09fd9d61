/** `inputSchema` and `outputSchema` of tools: a Standard Schema, or a JSON Schema checked natively. */

import { addon } from '../addon'
import { invalidArgument, RunletError } from '../errors'
import { type Issue, member, readIssue, standardValidate } from '../standard-schema'
import { jsonText } from '../values'
import { schemaMessages } from './schema-messages'

/** Which value is looked at. */
export type Checked = 'input' | 'output'

/** One complaint; the path is empty for the whole value. */
export interface ValueIssue {
  path: Array<string | number>
  message: string
}

/** How a schema looks at a value; `text` is the value's JSON where the caller has it. */
type Check = (value: unknown, what: Checked, text: string | undefined) => Promise<unknown>

const ACCEPTED = "a JSON Schema object or a Standard Schema (an object with '~standard'.validate)"
const MOST_ISSUES = 50
const LONGEST_MESSAGE = 512
/** Longer values are looked at on another thread: they would hold up the caller's. */
const LONGEST_AT_ONCE = 16 * 1024

/** Each schema is compiled at its first use; changing the object afterwards changes nothing. */
const compiled = new WeakMap<object, Check>()
const numbers = new FinalizationRegistry<number>((schema) => addon().native.dropSchema(schema))

/**
 * Checks a schema itself, without a value, so that a wrong one is refused when the runtime is made.
 *
 * @param schema the option's value
 * @param field the option's name, for the message
 * @throws RunletError `INVALID_ARGUMENT` when it is no schema, or a JSON Schema that does not compile
 */
export function checkSchema(schema: unknown, field: string): void {
  checkOf(schema, field)
}

/**
 * Validates a value.
 *
 * A Standard Schema may answer late or never: whoever calls this bounds it by the call's deadline.
 *
 * @param schema a Standard Schema or a JSON Schema (draft 2020-12)
 * @param value what is validated; for a JSON Schema `undefined` counts as null, as on the wire
 * @param what which value that is
 * @param text the value's JSON, where it is at hand
 * @returns the value that a Standard Schema answers with, else the value itself
 * @throws RunletError `VALIDATION_ERROR` with `details: {side, issues}`, at most 50 issues of
 *   `{path, message}`; `INVALID_ARGUMENT` when the schema itself fails or the value has no JSON
 */
export function checkValue(
  schema: unknown,
  value: unknown,
  what: Checked,
  text?: string,
): Promise<unknown> {
  try {
    return checkOf(schema, `${what}Schema`)(value, what, text)
  } catch (error) {
    return Promise.reject(error)
  }
}

function checkOf(schema: unknown, field: string): Check {
  const isHolder = (typeof schema === 'object' && schema !== null) || typeof schema === 'function'
  if (!isHolder) throw notASchema(schema, field)
  const known = compiled.get(schema)
  if (known !== undefined) return known
  const check = standardCheck(schema) ?? jsonCheck(schema, field)
  compiled.set(schema, check)
  return check
}

function standardCheck(schema: object): Check | undefined {
  const validate = standardValidate(schema)
  if (validate === undefined) return undefined
  return async (value, what) => {
    const field = `${what}Schema`
    let answer: unknown
    let issues: unknown
    try {
      answer = await validate(value)
      issues = member(answer, 'issues')
      if (Array.isArray(issues)) issues = issues.slice(0, MOST_ISSUES).map(readIssue)
      else if (issues === undefined) issues = accepted(answer)
    } catch (cause) {
      throw invalidArgument(field, schemaMessages.threw(what), { cause })
    }
    if (Array.isArray(issues)) throw refusal(what, issues.map(bounded))
    if (issues === undefined) return member(answer, 'value')
    throw invalidArgument(field, schemaMessages.nonsense(what))
  }
}

/** Nothing if an answer accepts; anything else says that it is no answer. */
function accepted(answer: unknown): unknown {
  return typeof answer === 'object' && answer !== null && 'value' in answer ? undefined : null
}

function jsonCheck(schema: object, field: string): Check {
  if (typeof schema === 'function' || Array.isArray(schema)) throw notASchema(schema, field)
  const { native } = addon()
  const answer = JSON.parse(native.compileSchema(jsonText(schema, field) ?? '')) as {
    schema?: number
    error?: { message: string }
  }
  if (answer.schema === undefined) {
    const why = answer.error?.message ?? ''
    throw invalidArgument(field, schemaMessages.doesNotCompile(field, why), { accepted: ACCEPTED })
  }
  const number = answer.schema
  numbers.register(schema, number)
  return async (value, what, given) => {
    const text = given ?? jsonText(value, what) ?? 'null'
    const found =
      text.length > LONGEST_AT_ONCE
        ? await native.validateSchemaAside(number, text)
        : native.validateSchema(number, text)
    const { issues } = JSON.parse(found) as { issues: Array<{ path: string; message: string }> }
    if (issues.length === 0) return value
    throw refusal(
      what,
      issues.map(({ path, message }) => ({ path: pathOf(path, value), message })),
    )
  }
}

function notASchema(schema: unknown, field: string): RunletError {
  const message = schemaMessages.notASchema(field, ACCEPTED, schema)
  return invalidArgument(field, message, { accepted: ACCEPTED })
}

function bounded({ path = [], message }: Issue): ValueIssue {
  const cut = message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)}...` : message
  return { path, message: cut }
}

/** A JSON pointer as the keys it is made of: numbers where the value has an array. */
function pathOf(pointer: string, value: unknown): Array<string | number> {
  let current = value
  const keys = pointer.split('/').slice(1)
  return keys.map((escaped) => {
    const key = escaped.replaceAll('~1', '/').replaceAll('~0', '~')
    const part = Array.isArray(current) && /^\d+$/.test(key) ? Number(key) : key
    current = ownMember(current, key)
    return part
  })
}

function ownMember(value: unknown, key: string): unknown {
  const isHolder = typeof value === 'object' && value !== null
  return isHolder && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined
}

function refusal(what: Checked, issues: ValueIssue[]): RunletError {
  const [first = { path: [], message: 'no reason given' }] = issues
  const more = Math.max(issues.length - 1, 0)
  const message = schemaMessages.refused(what, first.path, first.message, more)
  return new RunletError('VALIDATION_ERROR', message, { details: { side: what, issues } })
}

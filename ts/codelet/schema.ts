/** `input_schema` and `output_schema`: validators that follow the Standard Schema convention. */

import { invalidArgument } from '../errors'
import { messages } from '../messages'
import type { FaceFailure } from './outcome'

/** A checked schema, reduced to its one function. */
export type Validate = (value: unknown) => unknown

/** Which value was looked at. */
export type Side = 'input' | 'output'

/** What a schema made of a value. */
export type Validated = { ok: true; value: unknown } | { ok: false; failure: FaceFailure }

interface Issue {
  message: string
  path?: Array<string | number>
}

/**
 * Checks the option. Some libraries' schemas are functions, so only `~standard` counts.
 *
 * @throws RunletError `INVALID_ARGUMENT` when there is no `~standard.validate`
 */
export function readSchema(value: unknown, field: string): Validate | undefined {
  if (value === undefined) return undefined
  const standard = member(value, '~standard')
  const validate = member(standard, 'validate')
  if (typeof validate === 'function') return (given) => validate.call(standard, given)
  const accepted = "a Standard Schema (an object with '~standard'.validate)"
  throw invalidArgument(field, messages.wrongValue(field, accepted, value), { accepted })
}

/**
 * Runs a schema. The value it answers with, which may differ from the one given, is used from here on.
 *
 * @throws RunletError `INVALID_ARGUMENT` when the schema itself fails
 */
export async function validate(schema: Validate, side: Side, value: unknown): Promise<Validated> {
  const field = `${side}_schema`
  let answer: unknown
  try {
    answer = await schema(value)
  } catch (cause) {
    throw invalidArgument(field, messages.schemaThrew(field), { cause })
  }
  if (typeof answer !== 'object' || answer === null) {
    throw invalidArgument(field, messages.schemaAnswer(field))
  }
  const issues = member(answer, 'issues')
  if (issues === undefined) return { ok: true, value: member(answer, 'value') }
  return { ok: false, failure: refusal(side, Array.isArray(issues) ? issues.map(readIssue) : []) }
}

function refusal(side: Side, issues: Issue[]): FaceFailure {
  const [first] = issues
  const where = first?.path === undefined ? '' : ` at ${first.path.join('.')}`
  const message = messages.refusedBySchema(side, where, first?.message ?? 'no reason given')
  return { code: 'VALIDATION_ERROR', message, details: { side, issues } }
}

/** Plain data, whatever the library's own issue class holds. */
function readIssue(value: unknown): Issue {
  const path = member(value, 'path')
  const issue: Issue = { message: String(member(value, 'message') ?? 'invalid') }
  if (Array.isArray(path) && path.length > 0) {
    issue.path = path.map((part: unknown) => {
      const key = typeof part === 'object' ? member(part, 'key') : part
      return typeof key === 'number' ? key : String(key)
    })
  }
  return issue
}

function member(value: unknown, name: string): unknown {
  const isHolder = (typeof value === 'object' && value !== null) || typeof value === 'function'
  return isHolder ? Reflect.get(value, name) : undefined
}

/** `input_schema` and `output_schema`: validators that follow the Standard Schema convention. */

import { invalidArgument } from '../errors'
import { messages } from '../messages'
import { type Issue, member, readIssue, standardValidate, type Validate } from '../standard-schema'
import type { FaceFailure } from './outcome'

/** Which value was looked at. */
export type Side = 'input' | 'output'

/** What a schema made of a value. */
export type Validated = { ok: true; value: unknown } | { ok: false; failure: FaceFailure }

/**
 * Checks the option.
 *
 * @throws RunletError `INVALID_ARGUMENT` when there is no `~standard.validate`
 */
export function readSchema(value: unknown, field: string): Validate | undefined {
  if (value === undefined) return undefined
  const validate = standardValidate(value)
  if (validate !== undefined) return validate
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

/** Inputs of tools: JSON schemas that models are shown, and the same schemas kept here. */

import type { WorkspaceToolSchema } from '../../index.js'
import { isRecord } from '../codelet/fields'
import { invalidArgument } from '../errors'
import { shown } from '../messages'
import { suggest } from '../suggest'

/** One member of an input. */
type Member = WorkspaceToolSchema['properties'][string]

/** An input that fits its schema. */
export type ToolInput = Readonly<Record<string, string | number | boolean | undefined>>

export const string = (description: string, minLength = 0): Member => ({
  type: 'string',
  description,
  ...(minLength > 0 && { minLength }),
})

export const integer = (description: string, minimum: number, maximum?: number): Member => ({
  type: 'integer',
  description,
  minimum,
  ...(maximum !== undefined && { maximum }),
})

export const boolean = (description: string): Member => ({ type: 'boolean', description })

export const choice = (description: string, ...words: string[]): Member => ({
  type: 'string',
  description,
  enum: words,
})

/** The schema of an input with these members and no others. */
export function schema(
  required: readonly string[],
  properties: Readonly<Record<string, Member>>,
): WorkspaceToolSchema {
  return {
    type: 'object',
    properties: { ...properties },
    required: [...required],
    additionalProperties: false,
  }
}

/**
 * Reads what a model gave: an object, or its JSON text. `null` for a member that may be missing is as
 * good as nothing, since some models must name every member.
 *
 * @throws RunletError `INVALID_ARGUMENT` that says what is accepted
 */
export function readInput(tool: string, schema: WorkspaceToolSchema, given: unknown): ToolInput {
  const names = Object.keys(schema.properties)
  const value = typeof given === 'string' ? parsed(given) : given
  if (!isRecord(value)) {
    const accepted = `an object with ${listed(names)}`
    throw invalidArgument('input', `${tool}: the input must be ${accepted}`, { accepted })
  }
  const read: Record<string, string | number | boolean> = {}
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue
    if (!names.includes(name)) {
      const near = suggest(name, names)
      const hint = near === undefined ? '' : ` (did you mean ${near}?)`
      const message = `${tool}: there is no member ${shown(name)}${hint}; it takes ${listed(names)}`
      throw invalidArgument(name, message, { accepted: names.join(', ') })
    }
    if (member === null && !schema.required.includes(name)) continue
    const accepted = objection(schema.properties[name] as Member, member)
    if (accepted !== undefined) {
      const message = `${tool}: ${name} must be ${accepted}, not ${shown(member)}`
      throw invalidArgument(name, message, { accepted })
    }
    read[name] = member as string | number | boolean
  }
  const missing = schema.required.filter((name) => read[name] === undefined)
  if (missing.length > 0) {
    const accepted = listed(schema.required)
    throw invalidArgument(missing[0] ?? 'input', `${tool}: it needs ${listed(missing)}`, {
      accepted,
    })
  }
  return read
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text === '' ? '{}' : text) as unknown
  } catch {
    return undefined
  }
}

/** What is accepted, where a value is not. */
function objection(member: Member, value: unknown): string | undefined {
  const { type, enum: words, minimum, maximum, minLength } = member
  if (words !== undefined) {
    const accepted = words.map((word) => `"${word}"`).join(' or ')
    return words.includes(value as string) ? undefined : accepted
  }
  switch (type) {
    case 'integer': {
      const fits =
        Number.isSafeInteger(value) &&
        Number(value) >= (minimum ?? Number.NEGATIVE_INFINITY) &&
        Number(value) <= (maximum ?? Number.POSITIVE_INFINITY)
      const range =
        maximum === undefined ? `of at least ${minimum}` : `from ${minimum} to ${maximum}`
      return fits ? undefined : `a whole number ${range}`
    }
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'true or false'
    case 'string': {
      const fits = typeof value === 'string' && value.length >= (minLength ?? 0)
      return fits ? undefined : minLength === undefined ? 'a string' : 'a string that is not empty'
    }
  }
}

function listed(names: readonly string[]): string {
  if (names.length < 2) return names.join('')
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

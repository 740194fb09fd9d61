/** `modules`: virtual ES modules by name. */

import type { Language } from '../../index.js'
import { invalidArgument } from '../errors'
import { messages } from '../messages'
import { fieldTable, isRecord, oneOf, readFields } from './fields'

/** One virtual module as the addon reads it. */
export interface Module {
  name: string
  code: string
  language: Language
}

/** What `language` may be. */
export const LANGUAGES: readonly Language[] = ['auto', 'js', 'ts']

const TABLE = fieldTable('module property', ['code', 'language'])

/**
 * Reads the option; own enumerable names only.
 *
 * @throws RunletError `INVALID_ARGUMENT` naming the module
 */
export function readModules(value: unknown): Module[] {
  if (value === undefined) return []
  if (!isRecord(value)) {
    throw invalidArgument('modules', messages.wrongValue('modules', 'an object', value))
  }
  return Object.keys(value).map((name) => readModule(name, value[name]))
}

function readModule(name: string, value: unknown): Module {
  const field = `modules[${JSON.stringify(name)}]`
  // A codelet's `./x` finds `x`, so no import could ever reach a name with a dot in front.
  if (name === '' || name.startsWith('.') || name.includes('\0')) {
    throw invalidArgument(field, messages.moduleName(field))
  }
  if (typeof value === 'string') return { name, code: value, language: 'auto' }
  if (!isRecord(value)) {
    const accepted = 'a string or { code, language }'
    throw invalidArgument(field, messages.wrongValue(field, accepted, value), { accepted })
  }
  const { code, language } = readFields(value, field, TABLE)
  if (typeof code !== 'string') {
    throw invalidArgument(`${field}.code`, messages.wrongValue(`${field}.code`, 'a string', code))
  }
  return { name, code, language: oneOf(language, `${field}.language`, LANGUAGES, 'auto') }
}

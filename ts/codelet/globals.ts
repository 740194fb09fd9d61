/** `globals`: data that becomes read-only global variables of the codelet. */

import { addon } from '../addon'
import { invalidArgument } from '../errors'
import { messages } from '../messages'
import { dataText } from '../values'
import { isRecord } from './fields'

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u

/** Words a module may not declare; a global of that name could never be read. */
const RESERVED = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum ' +
    'eval export extends false finally for function if implements import in instanceof interface ' +
    'let new null package private protected public return static super switch this throw true try ' +
    'typeof var void while with yield __proto__'
  ).split(' '),
)

/**
 * The JSON text of `globals`, or `undefined` when there are none.
 *
 * @throws RunletError `INVALID_ARGUMENT` for a key that is no free identifier, and for functions,
 *   symbols, BigInts and cycles at any depth, with their path
 */
export function globalsText(value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (!isRecord(value)) {
    throw invalidArgument('globals', messages.wrongValue('globals', 'an object', value))
  }
  const names = Object.keys(value)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (names.length === 0 && prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw invalidArgument('globals', messages.wrongValue('globals', 'a plain object', value))
  }
  if (names.length === 0) return undefined
  taken ??= new Set(addon().facts.globals)
  for (const name of names) {
    const fault = keyFault(name, taken)
    if (fault !== undefined) {
      throw invalidArgument(`globals.${name}`, messages.badGlobalName(name, fault))
    }
  }
  return dataText(value, 'globals')
}
let taken: ReadonlySet<string> | undefined

function keyFault(name: string, builtins: ReadonlySet<string>): string | undefined {
  if (!IDENTIFIER.test(name)) return 'is not an identifier'
  if (RESERVED.has(name)) return 'is a reserved word'
  return builtins.has(name) ? 'is already a name of the language or of the codelet' : undefined
}

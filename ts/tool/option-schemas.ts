/** The form of a schema; whether it is a valid one is asked of whoever compiles it. */

import { type Kind, refuse } from './option-kinds'

/** A Standard Schema (an object or a function), or a JSON Schema (an object, true or false). */
export const schema: Kind = {
  accepts: 'a Standard Schema or a JSON Schema',
  read(value, field) {
    const isSchema =
      (typeof value === 'object' && value !== null && !Array.isArray(value)) ||
      typeof value === 'boolean' ||
      (typeof value === 'function' && '~standard' in value)
    if (!isSchema) throw refuse(field, this.accepts, value)
    return value
  },
}

/** The programs that can run tools. */

import { invalidArgument } from '../errors'
import { configurationMessages } from './configuration-messages'
import type { Kind } from './option-kinds'

/** Bun. */
export const RUNTIME_TYPE_BUN = 'bun'

/** Node. */
export const RUNTIME_TYPE_NODE = 'node'

/** Every runtime type there is. */
export const SUPPORTED_RUNTIME_TYPES = Object.freeze([RUNTIME_TYPE_BUN, RUNTIME_TYPE_NODE] as const)

export type RuntimeType = (typeof SUPPORTED_RUNTIME_TYPES)[number]

/** Whether `type` is one of them; upper case is not. */
export function isValidRuntimeType(type: unknown): type is RuntimeType {
  return SUPPORTED_RUNTIME_TYPES.includes(type as RuntimeType)
}

const accepts = `'${SUPPORTED_RUNTIME_TYPES.join("' or '")}'`

/** An empty text is Bun, as in the runtime that users come from. */
export const runtimeType: Kind<RuntimeType> = {
  accepts,
  blank: '',
  read(value, field) {
    if (value === '') return RUNTIME_TYPE_BUN
    if (isValidRuntimeType(value)) return value
    throw invalidArgument(field, configurationMessages.runtimeType(value), { accepted: accepts })
  },
}

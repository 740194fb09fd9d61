/** What one tool may have of its own. */

import { type OptionRow, readGiven } from './option-group'
import { anything, type Kind, record, textOrEmpty } from './option-kinds'
import { retry, warm } from './option-nested'
import { permissions } from './option-permissions'
import { memoryBytes, messageBytes, timeMs } from './option-ranges'
import { schema } from './option-schemas'

/** Variables for a process; which names and values a process may get is asked of the core. */
export const variables = record(textOrEmpty, 'an object of strings')

/** The options of one tool. None has a default: what is not given is the runtime's. */
export const OVERRIDES: readonly OptionRow[] = Object.freeze<OptionRow[]>([
  { name: 'timeoutMs', kind: timeMs, about: 'ms for a call of this tool, at most `maxTimeoutMs`' },
  { name: 'permissions', kind: permissions, about: 'replaces the permissions of the runtime' },
  { name: 'memoryLimitBytes', kind: memoryBytes, about: 'memory of this tool; 0 is no limit' },
  { name: 'maxOutputBytes', kind: messageBytes, about: 'bytes of a result of this tool' },
  { name: 'env', kind: variables, about: 'variables of this tool; win over those of the runtime' },
  {
    name: 'config',
    kind: anything,
    about: 'second argument of the tool, where the call gives none',
  },
  { name: 'inputSchema', kind: schema, about: 'Standard Schema or JSON Schema of the input' },
  { name: 'outputSchema', kind: schema, about: 'Standard Schema or JSON Schema of the output' },
  { name: 'retry', kind: retry, about: 'replaces the retry rules of the runtime' },
  { name: 'warm', kind: warm, about: 'ready workers of this tool alone' },
])

const override: Kind<Record<string, unknown>> = {
  accepts: `an object of ${OVERRIDES.map((row) => row.name).join(', ')}`,
  read: (value, field, reading) =>
    readGiven(value, field, 'option of a tool', OVERRIDES, { ...reading, fillsBlanks: false }),
}

/** Overrides by tool id. */
export const overrides = record(override, 'an object of options by tool id')

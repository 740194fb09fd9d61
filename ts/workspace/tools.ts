/** A runtime as tools for an agent: names, schemas, and texts that a model can use. */

import type {
  AbortSignalLike,
  Runtime,
  WorkspaceTool,
  WorkspaceToolName,
  WorkspaceToolResult,
  WorkspaceToolSchema,
  WorkspaceToolsOptions,
} from '../../index.js'
import { isRecord } from '../codelet/fields'
import { RunletError } from '../errors'
import { readSignal } from '../signal'
import { initialValues, type OptionRow, readGiven } from '../tool/option-group'
import { type Kind, refuse, text, textList, whole } from '../tool/option-kinds'
import { MIB } from '../tool/option-ranges'
import { bash } from './tools-bash'
import { attach, edit, ls, read, write } from './tools-files'
import { readInput, type ToolInput } from './tools-schema'
import { find, grep } from './tools-search'
import type { TextBounds } from './tools-text'

/** Options, complete. */
interface Settings extends TextBounds {
  readonly tools: readonly WorkspaceToolName[] | undefined
  readonly exclude: readonly string[]
  readonly chat: string | undefined
}

/** What a tool is given besides its input. */
export interface ToolTerms {
  readonly bounds: TextBounds
  readonly exclude: readonly string[]
  /** For every operation of the runtime. */
  readonly call: { readonly chat?: string; readonly signal?: AbortSignalLike }
}

/** One tool, whatever the runtime. */
export interface ToolDefinition {
  readonly name: WorkspaceToolName
  describe(runtime: Runtime, settings: Settings): string
  readonly inputSchema: WorkspaceToolSchema
  run(runtime: Runtime, input: ToolInput, terms: ToolTerms): Promise<WorkspaceToolResult>
}

const DEFINITIONS: readonly ToolDefinition[] = [bash, read, write, edit, grep, find, ls, attach]
const NAMES = DEFINITIONS.map(({ name }) => name)

const names: Kind = {
  accepts: `an array of ${NAMES.join(', ')}`,
  read(value, field) {
    if (!Array.isArray(value)) throw refuse(field, this.accepts, value)
    for (const [index, entry] of value.entries()) {
      if (NAMES.includes(entry)) continue
      throw refuse(`${field}[${index}]`, `one of ${NAMES.join(', ')}`, entry)
    }
    return [...value]
  },
}

/** The options, in the order of the documentation. */
export const TOOLS_ROWS: readonly OptionRow[] = [
  { name: 'tools', kind: names, about: 'which of them' },
  { name: 'maxLines', kind: whole(1, 1_000_000), initial: () => 2_000, about: 'of one read' },
  { name: 'maxBytes', kind: whole(256, 64 * MIB), initial: () => 51_200, about: 'of one text' },
  { name: 'maxLineChars', kind: whole(16, MIB), initial: () => 2_000, about: 'of a line' },
  { name: 'maxGrepLineChars', kind: whole(16, MIB), initial: () => 500, about: 'of a hit' },
  {
    name: 'exclude',
    kind: textList(text),
    initial: () => ['.git', 'node_modules'],
    about: 'names that searches pass over',
  },
  { name: 'chat', kind: text, about: 'whose operations they are' },
]

/** See `index.d.ts`. */
export function workspaceTools(runtime: Runtime, options?: WorkspaceToolsOptions): WorkspaceTool[] {
  if (!isRecord(runtime) || typeof runtime.name !== 'string') {
    throw refuse('runtime', 'a runtime, as createRuntime makes it', runtime)
  }
  const what = 'option of workspaceTools'
  const given = readGiven(options ?? {}, '', what, TOOLS_ROWS, { fillsBlanks: false })
  const settings = { ...initialValues(TOOLS_ROWS), ...given } as unknown as Settings
  return DEFINITIONS.filter(
    ({ name }) => has(runtime, name) && settings.tools?.includes(name) !== false,
  ).map((definition) => toolOf(definition, runtime, settings))
}

/** Whether a runtime can do what a tool does. */
function has(runtime: Runtime, name: WorkspaceToolName): boolean {
  const method = name === 'attach' ? 'openGenerated' : name
  return typeof Reflect.get(runtime, method) === 'function'
}

function toolOf(definition: ToolDefinition, runtime: Runtime, settings: Settings): WorkspaceTool {
  const { name, inputSchema } = definition
  const { exclude, chat } = settings
  return {
    name,
    description: definition.describe(runtime, settings),
    // A copy: what a caller does to it must not change what is accepted.
    inputSchema: structuredClone(inputSchema),
    async execute(input, { signal, abortSignal } = {}) {
      const listened = readSignal(signal ?? abortSignal, 'signal')
      const call = {
        ...(chat !== undefined && { chat }),
        ...(listened !== undefined && { signal: listened }),
      }
      try {
        const read = readInput(name, inputSchema, input)
        return await definition.run(runtime, read, { bounds: settings, exclude, call })
      } catch (error) {
        return failed(error)
      }
    },
  }
}

/** What a model can be told of an error. Only its host can do something about a runtime that is closed. */
function failed(error: unknown): WorkspaceToolResult {
  if (!(error instanceof RunletError) || error.code === 'DISPOSED') throw error
  const { code, message, details } = error
  return {
    text: message,
    value: { error: { code, message, ...(details && { details }) } },
    isError: true,
  }
}

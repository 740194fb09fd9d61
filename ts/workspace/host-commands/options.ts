/** The options `justBash.javascript` and `justBash.tools`, checked. */

import type { ToolRuntime } from '../../../index.js'
import { isRecord } from '../../codelet/fields'
import { type OptionRow, readGiven } from '../../tool/option-group'
import { callback, refuse, text, textList, textOrEmpty, whole, word } from '../../tool/option-kinds'
import { MIB } from '../../tool/option-ranges'

/** What codelets of a shell are given. */
export interface JavaScript {
  /** Runs before every program. */
  readonly bootstrap: string
  readonly memoryLimitBytes: number
  readonly isolation: 'thread' | 'process' | undefined
  readonly invokeTool: ((path: string, args: string) => unknown) | undefined
}

/** Tools that scripts may call. */
export interface Tools {
  readonly runtime: ToolRuntime
  /** Whether a tool is one of those that were named; all are where none was. */
  allows(name: string): boolean
}

const READING = { fillsBlanks: false }

const JAVASCRIPT_ROWS: readonly OptionRow[] = [
  { name: 'bootstrap', kind: textOrEmpty, about: 'code before every program' },
  { name: 'memoryLimitBytes', kind: whole(MIB, 4096 * MIB), about: 'memory of one program' },
  { name: 'isolation', kind: word('thread', 'process'), about: 'where programs live' },
  { name: 'invokeTool', kind: callback, about: 'answers tools.name()' },
]

/** Undefined where codelets are not granted. @throws RunletError `INVALID_ARGUMENT` */
export function readJavaScript(value: unknown): JavaScript | undefined {
  if (value === undefined || value === false) return undefined
  const field = 'justBash.javascript'
  if (value !== true && !isRecord(value)) throw refuse(field, 'true, false or an object', value)
  const given = value === true ? {} : value
  const read = readGiven(given, field, 'javascript option', JAVASCRIPT_ROWS, READING)
  return {
    bootstrap: '',
    memoryLimitBytes: 64 * MIB,
    isolation: undefined,
    invokeTool: undefined,
    ...read,
  }
}

const TOOLS_ROWS: readonly OptionRow[] = [
  {
    name: 'runtime',
    about: 'whose tools they are',
    kind: {
      accepts: 'a tool runtime',
      read(value, field) {
        if (isToolRuntime(value)) return value
        throw refuse(field, this.accepts, value)
      },
    },
  },
  { name: 'allow', kind: textList(text), about: 'names of tools' },
]

/** Undefined where tools are not granted. @throws RunletError `INVALID_ARGUMENT` */
export function readTools(value: unknown): Tools | undefined {
  if (value === undefined) return undefined
  const field = 'justBash.tools'
  if (isToolRuntime(value)) return { runtime: value, allows: () => true }
  if (!isRecord(value)) throw refuse(field, 'a tool runtime, or {runtime, allow}', value)
  const read = readGiven(value, field, 'tools option', TOOLS_ROWS, READING) as {
    runtime?: ToolRuntime
    allow?: readonly string[]
  }
  const { runtime, allow } = read
  if (runtime === undefined) throw refuse(`${field}.runtime`, 'a tool runtime', undefined)
  return { runtime, allows: (name) => allow?.includes(name) ?? true }
}

function isToolRuntime(value: unknown): value is ToolRuntime {
  const { executeTool, listTools } = Object(value) as Partial<ToolRuntime>
  return typeof executeTool === 'function' && typeof listTools === 'function'
}

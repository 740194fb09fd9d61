/** `tool`: a tool of the host, called from a script. */

import { RunletError } from '../../errors'
import { onAbort } from '../../signal'
import {
  failure,
  type HostCommand,
  type HostCommandContext,
  type HostCommandResult,
} from '../host-commands'
import type { Tools } from './options'

const USAGE = `usage: tool NAME [JSON | KEY=TEXT | KEY:=JSON ...]
       tool NAME < JSON
       tool --list`

export function toolCommand(tools: Tools): HostCommand {
  return { name: 'tool', run: (args, context) => run(tools, args, context) }
}

async function run(
  tools: Tools,
  args: readonly string[],
  { stdin, signal }: HostCommandContext,
): Promise<HostCommandResult> {
  const [first, ...rest] = args
  if (first === '--help' || first === '-h') return printed(USAGE)
  if (first === '--list') {
    if (rest.length > 0) return failure(`tool: --list takes nothing\n${USAGE}`, 2)
    return list(tools)
  }
  if (first === undefined) return failure(`tool: which one?\n${USAGE}`, 2)
  if (first.startsWith('-')) return failure(`tool: there is no option ${first}\n${USAGE}`, 2)
  const input = inputOf(rest, stdin)
  if (typeof input === 'string') return failure(`tool: ${first}: ${input}`, 2)
  const result = await callTool(tools, first, input.value, signal)
  if (!result.ok) return failure(`tool: ${result.message}`)
  return printed(JSON.stringify(result.output) ?? '')
}

function printed(text: string): HostCommandResult {
  return { stdout: text === '' ? '' : `${text}\n`, stderr: '', exitCode: 0 }
}

/** The names of what may be called, one on each line. */
async function list(tools: Tools): Promise<HostCommandResult> {
  try {
    const all = await tools.runtime.listTools()
    return printed(all.flatMap(({ id }) => (tools.allows(id) ? [id] : [])).join('\n'))
  } catch (error) {
    return failure(`tool: ${told(error)}`)
  }
}

/**
 * What a tool is given: the words of the command, or JSON from stdin where there are none. A sentence
 * says what is wrong with it.
 */
function inputOf(words: readonly string[], stdin: string): { value: unknown } | string {
  const [first] = words
  if (first === undefined) return stdin.trim() === '' ? { value: {} } : json(stdin, 'stdin')
  if (first === '-' && words.length === 1) return json(stdin, 'stdin')
  if (words.length === 1 && !/^[^\s"{}[\]=:]+:?=/.test(first)) return json(first, 'the argument')
  const value: Record<string, unknown> = Object.create(null)
  for (const word of words) {
    const [, key, sign, text = ''] = /^([^\s"{}[\]=:]+)(:?=)(.*)$/s.exec(word) ?? []
    if (key === undefined) return `${JSON.stringify(word.slice(0, 100))} is not KEY=TEXT`
    if (key in value) return `${key} is given twice`
    if (sign === '=') {
      value[key] = text
      continue
    }
    const read = json(text, key)
    if (typeof read === 'string') return read
    value[key] = read.value
  }
  return { value }
}

function json(text: string, what: string): { value: unknown } | string {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return `${what} is not JSON`
  }
}

export type ToolAnswer = { ok: true; output: unknown } | { ok: false; message: string }

/** Calls a tool until the signal is aborted. A tool that was not named is not there. */
export async function callTool(
  { runtime, allows }: Tools,
  name: string,
  input: unknown,
  signal: AbortSignal,
): Promise<ToolAnswer> {
  if (!allows(name)) {
    return { ok: false, message: `POLICY_VIOLATION: ${shortly(name)} is not granted` }
  }
  const calling = new AbortController()
  const unlisten = onAbort(signal, () => calling.abort())
  try {
    const result = await runtime.executeTool<unknown>(name, { input, signal: calling.signal })
    if (result.ok) return { ok: true, output: result.output }
    return { ok: false, message: told(result.error) }
  } catch (error) {
    return { ok: false, message: told(error) }
  } finally {
    unlisten()
  }
}

/** Code and message. Of an error of another kind nothing is told: it may name paths of the host. */
function told(error: unknown): string {
  if (!(error instanceof RunletError)) return 'INTERNAL: the tool could not be called'
  // The outer message names the call as well, which the script has no use for.
  const { code, cause } = error
  return `${code}: ${cause instanceof RunletError ? cause.message : error.message}`
}

function shortly(name: string): string {
  return JSON.stringify(name.slice(0, 100))
}

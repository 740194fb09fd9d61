/** `js`, `js-exec` and `node`: a program of a script, run as a codelet. */

import { posix } from 'node:path'
import type {
  CodeletFailure,
  CodeletResult,
  CodeletRunner,
  CodeletRunOptions,
  ConsoleLog,
} from '../../../index.js'
import { createCodeletRunner } from '../../codelets'
import { HostError, RunletError } from '../../errors'
import { fetchBy } from '../../fetch'
import {
  failure,
  type HostCommand,
  type HostCommandContext,
  type HostCommandResult,
} from '../host-commands'
import type { ShellNetwork } from '../network'
import type { JavaScript, Tools } from './options'
import { type Reading, readingsOf } from './program'
import { filesForCodelets, whyNot } from './shell-files'
import { callTool } from './tool'

const MIB = 1024 * 1024

/** A program prints and returns at most so much; the shell has bounds of its own beyond. */
const BOUNDS = {
  max_source_bytes: MIB,
  max_input_bytes: 64 * MIB,
  max_result_bytes: 16 * MIB,
  max_log_entries: 100_000,
  max_log_bytes: 16 * MIB,
  max_host_calls: 100_000,
  max_host_calls_in_flight: 8,
  max_host_arg_bytes: 64 * MIB,
  max_host_result_bytes: 64 * MIB,
}

/** Programs of one shell that hold memory at once, waiting ones included; more of them wait. */
const AT_ONCE = 8

const LONGEST_MS = 86_400_000
/**
 * At its deadline a script is ended, and its programs with it, by the signal. A program that its own
 * limit ended a moment before would let the script go on as if that had failed by itself.
 */
const SLACK_MS = 1_000

interface Given {
  readonly javascript: JavaScript
  readonly tools: Tools | undefined
  readonly network: ShellNetwork | undefined
}

/** A program, found among the arguments. */
interface Program {
  readonly code: string
  readonly args: readonly string[]
  readonly stdin: string
  readonly typescript: boolean
}

export class JsCommand {
  readonly #given: Given
  #runner: CodeletRunner | undefined
  #closed = false

  constructor(given: Given) {
    this.#given = given
  }

  /** The command by one of its names. */
  as(name: string): HostCommand {
    return { name, run: (args, context) => this.#run(name, args, context) }
  }

  close(): void {
    this.#closed = true
    this.#runner?.dispose()
  }

  async #run(
    name: string,
    args: readonly string[],
    context: HostCommandContext,
  ): Promise<HostCommandResult> {
    const program = await programOf(name, args, context)
    if ('exitCode' in program) return program
    if (program.code.length > BOUNDS.max_source_bytes) {
      return failure(`${name}: a program has at most ${BOUNDS.max_source_bytes} bytes`)
    }
    try {
      const { bootstrap, invokeTool } = this.#given.javascript
      const hasTools = invokeTool !== undefined || this.#given.tools !== undefined
      const { typescript } = program
      const readings = readingsOf(program.code, { bootstrap, hasTools, typescript })
      return await this.#attempt(name, program, readings, context)
    } catch (error) {
      const message = error instanceof RunletError ? error.message : 'the program could not be run'
      return failure(`${name}: ${message}`)
    }
  }

  async #attempt(
    name: string,
    program: Program,
    readings: readonly Reading[],
    context: HostCommandContext,
  ): Promise<HostCommandResult> {
    let last: { result: CodeletResult; reading: Reading } | undefined
    for (const reading of readings) {
      const result = await this.#codelet(program, reading, context)
      last = { result, reading }
      if (result.ok || result.error.code !== 'SYNTAX_ERROR') break
    }
    if (last === undefined) throw new Error('there is no way to read a program')
    return shown(name, last.result, last.reading)
  }

  async #codelet(
    { args, stdin }: Program,
    { source, modules }: Reading,
    { env, cwd, signal, deadline, files }: HostCommandContext,
  ): Promise<CodeletResult> {
    const { javascript, tools, network } = this.#given
    if (this.#closed || signal.aborted) throw new RunletError('CANCELLED', 'cancelled')
    this.#runner ??= createCodeletRunner({ maxParked: AT_ONCE })
    const left = Math.ceil(deadline - performance.now()) + SLACK_MS
    const options: CodeletRunOptions = {
      ...BOUNDS,
      timeout_ms: Math.min(Math.max(left, 1), LONGEST_MS),
      memory_limit_bytes: javascript.memoryLimitBytes,
      ...(javascript.isolation && { isolation: javascript.isolation }),
      input: { args, stdin, cwd, env },
      signal,
      ...(modules && { modules }),
      host: {
        files: filesForCodelets(files, cwd),
        ...(tools || javascript.invokeTool ? { tool: this.#tool(signal) } : {}),
      },
      allow: {
        timers: true,
        random: true,
        now: true,
        ...(network && {
          fetch: {
            hosts: [],
            fetch: fetchBy((url, init, until) => network.fetch(url, init, until)),
          },
        }),
      },
    }
    return this.#runner.run(source, options)
  }

  /** What answers `tools.name(input)`. */
  #tool(signal: AbortSignal) {
    const { javascript, tools } = this.#given
    return async (name: unknown, input: unknown) => {
      if (javascript.invokeTool !== undefined) {
        const text = input === undefined || input === null ? '' : JSON.stringify(input)
        const answer = await javascript.invokeTool(String(name), text)
        return typeof answer === 'string' && answer !== '' ? JSON.parse(answer) : undefined
      }
      if (tools === undefined) throw new HostError('there are no tools')
      const result = await callTool(tools, String(name), input ?? {}, signal)
      if (result.ok) return result.output
      throw new HostError(result.message)
    }
  }
}

/** The program that the arguments name: `-e CODE`, a file, or stdin. */
async function programOf(
  name: string,
  args: readonly string[],
  { stdin, cwd, files }: HostCommandContext,
): Promise<Program | HostCommandResult> {
  const [first, ...rest] = args
  const usage = `usage: ${name} -e CODE [ARG...] | ${name} FILE [ARG...] | ${name} < FILE`
  if (first === '--help' || first === '-h') {
    return { stdout: `${usage}\n`, stderr: '', exitCode: 0 }
  }
  if (['-e', '-c', '-p', '--eval', '--print'].includes(first ?? '')) {
    const [code, ...words] = rest
    if (code === undefined) return failure(`${name}: ${first} needs a program\n${usage}`, 2)
    return { code, args: words[0] === '--' ? words.slice(1) : words, stdin, typescript: false }
  }
  if (first === undefined || first === '-') {
    if (stdin.trim() === '') return failure(`${name}: there is no program\n${usage}`, 2)
    return { code: stdin, args: rest, stdin: '', typescript: false }
  }
  const [file, words] = first === '--' ? [rest[0] ?? '', rest.slice(1)] : [first, rest]
  if (first.startsWith('-') && first !== '--') {
    return failure(`${name}: there is no option ${first}\n${usage}`, 2)
  }
  try {
    const bytes = await files.read(posix.resolve('/', cwd, file))
    const typescript = /\.[cm]?ts$/.test(file)
    return { code: Buffer.from(bytes).toString('utf8'), args: words, stdin, typescript }
  } catch (error) {
    return failure(`${name}: ${file}: ${whyNot(error)}`)
  }
}

/** What the messages of the codelet room say of its own options, in the words of this room. */
const WORDING: ReadonlyArray<readonly [RegExp, string]> = [
  [/^the run took longer than timeout_ms.*/, 'the time of the script is over'],
  [/ than memory_limit_bytes /, ' than justBash.javascript.memoryLimitBytes '],
  [/: name the allowed hosts in `allow\.fetch\.hosts`/, ': it needs justBash.network'],
  [/: give the code by (the )?name .*/, ': a program has no modules'],
]

/** What a run printed, and its value or why it has none. */
function shown(name: string, result: CodeletResult, reading: Reading): HostCommandResult {
  const printed = (wanted: boolean) =>
    result.logs
      .filter(({ level }) => (level === 'warn' || level === 'error') === wanted)
      .map((entry) => lineOf(entry))
      .join('')
  const notes: string[] = []
  const { logsDropped, logBytesDropped } = result.usage
  if (logsDropped > 0 || logBytesDropped > 0) {
    notes.push(`${name}: console: ${logBytesDropped} bytes were left out; return long texts\n`)
  }
  const [stdout, stderr] = [printed(false), printed(true)]
  if (result.ok) {
    const value = textOf(result.value)
    return { stdout: stdout + value, stderr: stderr + notes.join(''), exitCode: 0 }
  }
  notes.push(`${name}: ${reasonOf(result, reading)}\n`)
  return { stdout, stderr: stderr + notes.join(''), exitCode: 1 }
}

function lineOf({ message }: ConsoleLog): string {
  return `${message}\n`
}

/** A text as it is, anything else as JSON, nothing for nothing. */
function textOf(value: unknown): string {
  if (value === undefined) return ''
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}

function reasonOf({ error }: CodeletFailure, { linesAbove }: Reading): string {
  const { code, name, line, column, filename } = error
  const message = WORDING.reduce((text, [from, to]) => text.replace(from, to), error.message)
  const thrown = code === 'RUNTIME_ERROR' || code === 'SYNTAX_ERROR'
  const label = thrown ? (name ?? '') : code
  const own = filename === 'script.js' && line !== undefined && line > linesAbove
  const place = own ? ` (line ${line - linesAbove}, column ${column})` : ''
  return `${label === '' ? '' : `${label}: `}${message}${place}`
}

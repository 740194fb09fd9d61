/** Command line to command. Anything that is not known is an error with a hint. */

import { messages } from '../messages'
import { suggest } from '../suggest'
import { BASH_FLAGS } from './bash-flags'
import { bashMessages } from './bash-messages'
import { type Flag, RUN_FLAGS } from './flags'
import { type Flags, parseFlags } from './parse-flags'
import { DOCTOR_FLAGS, TOOL_LIST_FLAGS, TOOL_RUN_FLAGS } from './tool-flags'
import { toolMessages } from './tool-messages'
import { UsageError } from './usage-error'

/** What `runlet run` was told. */
export interface RunArguments {
  /** FILE, `-`, or `undefined` when `-c` is given. */
  file: string | undefined
  flags: Flags
}

/** What `runlet tool list` was told, and half of what `runlet tool run` was. */
export interface ToolArguments {
  /** `undefined` where flags say where tools come from. */
  entrypoint: string | undefined
  flags: Flags
}

/** What `runlet tool run` was told. */
export interface ToolRunArguments extends ToolArguments {
  toolId: string
}

/** What `runlet bash` was told. */
export interface BashArguments {
  /** FILE or `-`; `undefined` when `-c` is given, and for what is typed or piped. */
  file: string | undefined
  flags: Flags
}

/** What a help text can be about. */
export type Topic = 'run' | 'tool' | 'tool list' | 'tool run' | 'bash' | 'doctor'

/** One command of the program. */
export type Command =
  | { name: 'help'; topic: Topic | undefined }
  | { name: 'version' }
  | { name: 'run'; options: RunArguments }
  | { name: 'tool list'; options: ToolArguments }
  | { name: 'tool run'; options: ToolRunArguments }
  | { name: 'bash'; options: BashArguments }
  | { name: 'doctor'; flags: Flags }

const TOPICS: readonly string[] = ['run', 'tool', 'tool list', 'tool run', 'bash', 'doctor']

/** @throws UsageError */
export function readCommand(args: readonly string[]): Command {
  const [first, second] = args
  if (first === 'tool') return readToolCommand(second, args.slice(1))
  if (first === 'bash') return read(args.slice(1), BASH_FLAGS, 'bash', readBash)
  if (first === 'doctor') {
    return read(args.slice(1), DOCTOR_FLAGS, 'doctor', (flags, [extra]) => {
      if (extra !== undefined) throw new UsageError(toolMessages.flagsOnly(extra))
      return { name: 'doctor', flags }
    })
  }
  return read(args, RUN_FLAGS, undefined, readRunCommand)
}

/** What each command line has in common: help and version win over everything else. */
function read(
  args: readonly string[],
  table: readonly Flag[],
  topic: Topic | undefined,
  rest: (flags: Flags, positionals: readonly string[]) => Command,
): Command {
  const { flags, positionals } = parseFlags(args, table)
  if (flags.has('version')) return { name: 'version' }
  if (flags.has('help')) return { name: 'help', topic: topic ?? topicOf(positionals) }
  return rest(flags, positionals)
}

/** The topic that words name, as `tool run` or, for want of that, `tool`. */
function topicOf([first = '', second = '']: readonly string[]): Topic | undefined {
  return [`${first} ${second}`, first].find((name): name is Topic => TOPICS.includes(name))
}

function readRunCommand(flags: Flags, positionals: readonly string[]): Command {
  const [command, ...rest] = positionals
  if (command === 'help') return { name: 'help', topic: topicOf(rest) }
  if (command === undefined) throw new UsageError(messages.cliNoCommand())
  if (command !== 'run') {
    const near = suggest(command, ['run', 'tool', 'bash', 'doctor', 'help'])
    throw new UsageError(messages.cliUnknownCommand(command, near))
  }
  return { name: 'run', options: { file: readFile(rest, flags), flags } }
}

function readFile(files: readonly string[], flags: Flags): string | undefined {
  const [file, extra] = files
  if (extra !== undefined) throw new UsageError(messages.cliTwoFiles(extra))
  if (flags.has('code') === (file !== undefined)) throw new UsageError(messages.cliOneSource())
  return file
}

function readBash(flags: Flags, [file, extra]: readonly string[]): Command {
  if (file !== undefined && flags.has('command')) throw new UsageError(bashMessages.tooMany(file))
  if (extra !== undefined) throw new UsageError(bashMessages.tooMany(extra))
  return { name: 'bash', options: { file, flags } }
}

function readToolCommand(verb: string | undefined, args: readonly string[]): Command {
  switch (verb) {
    case 'run':
      return read(args.slice(1), TOOL_RUN_FLAGS, 'tool run', readToolRun)
    case 'list':
      return read(args.slice(1), TOOL_LIST_FLAGS, 'tool list', (flags, [entrypoint, extra]) => {
        if (extra !== undefined) throw new UsageError(toolMessages.tooMany(extra))
        if (entrypoint === undefined && !hasOtherTools(flags)) {
          throw new UsageError(toolMessages.noEntrypoint())
        }
        return { name: 'tool list', options: { entrypoint, flags } }
      })
    default:
      if (verb?.startsWith('-') === false) {
        throw new UsageError(toolMessages.unknownVerb(verb, suggest(verb, ['run', 'list'])))
      }
      return read(args, [], 'tool', () => {
        throw new UsageError(toolMessages.noVerb())
      })
  }
}

function readToolRun(flags: Flags, positionals: readonly string[]): Command {
  const [first, second, extra] = positionals
  if (extra !== undefined) throw new UsageError(toolMessages.tooMany(extra))
  if (first !== undefined && second !== undefined) {
    return { name: 'tool run', options: { entrypoint: first, toolId: second, flags } }
  }
  if (first !== undefined && hasOtherTools(flags)) {
    return { name: 'tool run', options: { entrypoint: undefined, toolId: first, flags } }
  }
  throw new UsageError(
    first === undefined ? toolMessages.noEntrypoint() : toolMessages.noTool(first),
  )
}

/** Whether there may be tools without an entrypoint on the command line. */
function hasOtherTools(flags: Flags): boolean {
  return flags.has('config-file') || flags.has('native')
}

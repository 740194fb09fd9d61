/** Command line to command. Anything that is not known is an error with a hint. */

import { parseArgs } from 'node:util'
import { messages } from '../messages'
import { suggest } from '../suggest'
import { COMMON_FLAGS, RUN_FLAGS } from './flags'
import { UsageError } from './usage-error'

/** Values of flags by name, as they were written. */
export interface Flags {
  text(name: string): string | undefined
  list(name: string): readonly string[]
  has(name: string): boolean
}

/** What `runlet run` was told. */
export interface RunArguments {
  /** FILE, `-`, or `undefined` when `-c` is given. */
  file: string | undefined
  flags: Flags
}

/** One command of the program. */
export type Command =
  | { name: 'help'; topic: 'run' | undefined }
  | { name: 'version' }
  | { name: 'run'; options: RunArguments }

const KNOWN = [...RUN_FLAGS, ...COMMON_FLAGS].map(({ name }) => name)

/** @throws UsageError */
export function readCommand(args: readonly string[]): Command {
  const { values, positionals } = parse(args)
  const [command, ...rest] = positionals
  if (values.has('version')) return { name: 'version' }
  if (values.has('help')) return { name: 'help', topic: command === 'run' ? 'run' : undefined }
  if (command === 'help') return { name: 'help', topic: rest[0] === 'run' ? 'run' : undefined }
  if (command === undefined) throw new UsageError(messages.cliNoCommand())
  if (command !== 'run') throw new UsageError(messages.cliUnknownCommand(command))
  return { name: 'run', options: { file: readFile(rest, values), flags: values } }
}

function readFile(files: readonly string[], flags: Flags): string | undefined {
  const [file, extra] = files
  if (extra !== undefined) throw new UsageError(messages.cliTwoFiles(extra))
  if (flags.has('code') === (file !== undefined)) throw new UsageError(messages.cliOneSource())
  return file
}

/** Not strict, since the parser's own complaints name no alternative. */
function parse(args: readonly string[]): { values: Flags; positionals: string[] } {
  const options: NonNullable<Parameters<typeof parseArgs>[0]>['options'] = {}
  for (const { name, short, value } of [...RUN_FLAGS, ...COMMON_FLAGS] as Array<
    (typeof RUN_FLAGS)[number]
  >) {
    options[name] = {
      type: value === undefined ? 'boolean' : 'string',
      // All of them, so that a flag given twice is seen and not overwritten.
      multiple: true,
      ...(short !== undefined && { short }),
    }
  }
  const { values, positionals } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
  })
  const given = new Map<string, string[]>()
  for (const [name, value] of Object.entries(values)) given.set(name, checkFlag(name, value))
  const flags: Flags = {
    text: (name) => given.get(name)?.[0],
    list: (name) => given.get(name) ?? [],
    has: (name) => given.has(name),
  }
  return { values: flags, positionals }
}

/** The texts a flag was given; none for a switch. */
function checkFlag(name: string, value: unknown): string[] {
  if (!KNOWN.includes(name)) {
    const dashes = name.length === 1 ? '-' : '--'
    throw new UsageError(messages.cliUnknownFlag(dashes + name, suggest(name, KNOWN)))
  }
  const flag = RUN_FLAGS.find((candidate) => candidate.name === name)
  const given: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (given.length > 1 && flag?.multiple !== true) throw new UsageError(messages.cliTwice(name))
  if (flag?.value === undefined) {
    if (given.some((entry) => entry !== true)) throw new UsageError(messages.cliNoValue(name))
    return []
  }
  const placeholder = flag.value
  return given.map((entry) => {
    if (typeof entry === 'string' && !isKnownFlag(entry)) return entry
    throw new UsageError(messages.cliNeedsValue(name, placeholder))
  })
}

/** `--input --json` forgot the input; `--input -5` did not. */
function isKnownFlag(text: string): boolean {
  return text.startsWith('--') && KNOWN.includes(text.slice(2))
}

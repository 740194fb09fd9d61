/** The option `justBash`, checked. */

import { RunletError } from '../../errors'
import { type HostCommand, type HostCommands, hostCommands } from '../host-commands'
import { type NetworkGround, ShellNetwork } from '../network'
import { readNetwork } from '../network/options'
import type { Opening } from './messages'

/** A command of the caller: an object of the engine's `defineCommand`, or one that loads it. */
export interface CustomCommand {
  name: string
  trusted?: boolean
  execute?(args: string[], ctx: object): Promise<unknown>
  load?(): Promise<{ execute(args: string[], ctx: object): Promise<unknown> }>
}

export interface Settings {
  /** What the thread is told. */
  opening: Omit<Opening, 'root' | 'maxFileBytes' | 'maxOutputBytes'>
  commands: Map<string, CustomCommand>
  hostCommands: Map<string, HostCommand>
  fileSystem: Record<string, unknown> | undefined
  network: ShellNetwork | undefined
  /** Ends what the host does for scripts. */
  close(): void
}

const KNOWN = ['filesystem', 'files', 'env', 'commands', 'customCommands', 'network', 'python']
KNOWN.push('javascript', 'tools', 'defenseInDepth', 'engine', 'session')

type Raw = Record<string, unknown>

/** @throws RunletError `INVALID_ARGUMENT` */
export function settingsOf(justBash: object, ground?: NetworkGround): Settings {
  const raw = justBash as Raw
  for (const name of Object.keys(raw)) {
    if (!KNOWN.includes(name)) throw wrong(name, `one of ${KNOWN.join(', ')}`)
  }
  if (raw.session === true) throw wrong('session', 'false with this engine')
  const { fileSystem, kind } = fileSystemOf(raw.filesystem)
  const commands = commandsOf(raw.customCommands)
  const rules = readNetwork(raw.network)
  const network = rules && new ShellNetwork(rules, ground)
  const own = hostCommands(justBash, network)
  refuseTaken(commands, own)
  const answered = own.list.filter(({ name }) => !commands.has(name))
  return {
    commands,
    hostCommands: new Map(answered.map((command) => [command.name, command])),
    fileSystem,
    network,
    close: () => own.close(),
    opening: {
      fileSystem: kind,
      files: filesOf(raw.files),
      env: textsOf(raw.env),
      commands: namesOf(raw.commands),
      customCommands: [
        ...[...commands.values()].map(({ name, trusted }) => ({ name, trusted })),
        ...answered.map(({ name }) => ({ name, trusted: undefined })),
      ],
      network: network !== undefined,
      python: flag('python', raw.python),
      defenseInDepth: defenseOf(raw.defenseInDepth),
    },
  }
}

function wrong(name: string, accepted: string): RunletError {
  const field = `justBash.${name}`
  const details = { field, accepted }
  return new RunletError('INVALID_ARGUMENT', `${field} must be ${accepted}`, { details })
}

function isObject(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function flag(name: string, value: unknown): boolean {
  if (value === undefined || typeof value === 'boolean') return value === true
  throw wrong(name, 'a boolean')
}

function fileSystemOf(value: unknown) {
  if (value === undefined || value === 'workspace')
    return { kind: 'workspace' as const, fileSystem: undefined }
  if (value === 'memory') return { kind: 'memory' as const, fileSystem: undefined }
  if (isObject(value) && typeof value.readFile === 'function')
    return { kind: 'calls' as const, fileSystem: value }
  throw wrong('filesystem', "'workspace', 'memory' or a file system of just-bash")
}

function filesOf(value: unknown): Opening['files'] {
  if (value === undefined) return undefined
  const fits = (content: unknown) => typeof content === 'string' || ArrayBuffer.isView(content)
  if (isObject(value) && Object.values(value).every(fits)) return value as Opening['files']
  throw wrong('files', 'an object of texts or bytes by path')
}

function textsOf(value: unknown): Record<string, string> {
  if (value === undefined) return {}
  if (isObject(value) && Object.values(value).every((text) => typeof text === 'string'))
    return { ...value } as Record<string, string>
  throw wrong('env', 'an object of texts')
}

function namesOf(value: unknown): string[] | undefined {
  if (value === undefined) return undefined
  if (Array.isArray(value) && value.every((name) => typeof name === 'string')) return [...value]
  throw wrong('commands', 'an array of names')
}

function commandsOf(value: unknown): Map<string, CustomCommand> {
  const commands = new Map<string, CustomCommand>()
  if (value === undefined) return commands
  const accepted = 'an array of commands, each with a name and execute or load'
  if (!Array.isArray(value)) throw wrong('customCommands', accepted)
  for (const command of value as Partial<CustomCommand>[]) {
    const runs = typeof command?.execute === 'function' || typeof command?.load === 'function'
    if (typeof command?.name !== 'string' || !runs) throw wrong('customCommands', accepted)
    commands.set(command.name, command as CustomCommand)
  }
  return commands
}

/** A command of the caller may take the name of one of ours only where that is not granted. */
function refuseTaken(commands: Map<string, CustomCommand>, { granted }: HostCommands): void {
  const taken = granted.find((name) => commands.has(name))
  if (taken === undefined) return
  const accepted = `names other than ${granted.join(', ')}, which justBash grants`
  throw wrong('customCommands', accepted)
}

/** The engine's own guard needs a hook that Bun has not. */
function defenseOf(value: unknown): boolean | object {
  if (value === undefined) return process.versions.bun === undefined
  if (typeof value === 'boolean') return value
  if (isObject(value)) return crossing('defenseInDepth', value)
  throw wrong('defenseInDepth', 'a boolean or an object')
}

/** Only plain data reaches the thread. */
function crossing(name: string, value: object): object {
  try {
    return structuredClone(value)
  } catch {
    throw wrong(name, 'plain data, without functions')
  }
}

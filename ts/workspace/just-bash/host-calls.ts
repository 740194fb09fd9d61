/** What scripts may call in the host: its commands, its network, its file system. */

import type { Runtime } from '../../../index.js'
import type { HostCommand } from '../host-commands'
import type { ShellFiles } from '../host-commands/shell-files'
import type { ShellRequest } from '../network'
import type { Calls } from './calls'
import { FILE_OPERATIONS } from './messages'
import { inWordsOfCurl } from './network-errors'
import type { CustomCommand, Settings } from './settings'

/** The script that calls. */
export interface Caller {
  readonly calls: Calls
  /** Aborted when nobody waits for the call any more. */
  readonly signal: AbortSignal
  /** On the clock of `performance.now()`. */
  readonly deadline: number
  /** For commands, which hold their caller's place. */
  readonly runtime: Runtime | undefined
}

/** Answers a call of the thread. */
export async function answerThread(
  settings: Settings,
  caller: Caller,
  name: string,
  args: unknown[],
): Promise<unknown> {
  const { calls, signal, runtime } = caller
  switch (name) {
    case 'fetch': {
      if (settings.network === undefined) throw new Error('there is no network')
      return inWordsOfCurl(settings.network.request(args[0] as ShellRequest, signal))
    }
    case 'command': {
      const [number, command, words, context] = args as [number, string, string[], Context]
      const own = settings.hostCommands.get(command)
      if (own !== undefined) return answer(own, words, number, context, caller)
      const found = settings.commands.get(command)
      if (found === undefined) throw new Error('there is no such command')
      return execute(found, words, commandContext(number, context, calls, signal, runtime))
    }
    case 'fileSystem': {
      const [operation, operands] = args as [string, unknown[]]
      const { fileSystem } = settings
      if (fileSystem === undefined || !FILE_OPERATIONS.includes(operation))
        throw new Error('there is no such operation')
      const method = fileSystem[operation] as ((...operands: unknown[]) => unknown) | undefined
      if (method === undefined) throw new Error(`ENOSYS: this file system has no ${operation}`)
      const [path, ...times] = operands as [unknown, ...number[]]
      const given = operation === 'utimes' ? [path, ...times.map((ms) => new Date(ms))] : operands
      return method.apply(fileSystem, given)
    }
    default:
      throw new Error('there is no such call')
  }
}

/** Runs a command of ours. */
async function answer(
  command: HostCommand,
  words: string[],
  number: number,
  { stdin, cwd, exportedEnv }: Context,
  { calls, signal, deadline }: Caller,
): Promise<object> {
  const { stdout, stderr, exitCode } = await command.run(words, {
    // The engine has bytes, each as a character.
    stdin: Buffer.from(stdin, 'latin1').toString('utf8'),
    cwd,
    env: exportedEnv,
    signal,
    deadline,
    files: filesOfScript(calls, number),
  })
  return { stdout, stderr, exitCode, stdoutKind: 'text' }
}

interface Context {
  cwd: string
  env: [string, string][]
  exportedEnv: Record<string, string>
  stdin: string
}

async function execute(command: CustomCommand, words: string[], context: object): Promise<object> {
  const loaded = command.execute === undefined ? await command.load?.() : command
  const result = (await loaded?.execute?.(words, context)) as Partial<Result> | undefined
  // Its own words: an object with methods or getters would not cross.
  const { stdout = '', stderr = '', exitCode = 0, stdoutKind, stdoutEncoding } = result ?? {}
  const kinds = { ...(stdoutKind && { stdoutKind }), ...(stdoutEncoding && { stdoutEncoding }) }
  return { stdout: String(stdout), stderr: String(stderr), exitCode: Number(exitCode), ...kinds }
}

interface Result {
  stdout: string
  stderr: string
  exitCode: number
  stdoutKind: string
  stdoutEncoding: string
}

/** Files as the script sees them, with its mounts. */
function filesOfScript(calls: Calls, number: number): ShellFiles {
  const call = <T>(name: string, ...args: unknown[]) =>
    calls.call(name, number, ...args) as Promise<T>
  return {
    read: (path) => call('readFileBuffer', path),
    write: (path, bytes) => call('writeFile', path, bytes),
    list: (path) => call('readdir', path),
    stat: async (path) => {
      const { isFile, isDirectory, size } = await call<Facts>('stat', path)
      return { type: isFile ? 'file' : isDirectory ? 'directory' : 'other', size }
    },
    makeDirectory: (path) => call('mkdir', path, { recursive: true }),
    remove: (path, recursive) => call('rm', path, { recursive }),
  }
}

interface Facts {
  isFile: boolean
  isDirectory: boolean
  size: number
}

/** What a command gets, as the engine would give it. */
function commandContext(
  number: number,
  context: Context,
  calls: Calls,
  signal: AbortSignal,
  runtime: object | undefined,
): object {
  const fs = Object.fromEntries(
    FILE_OPERATIONS.map((name) => [
      name,
      async (...args: unknown[]) => {
        const result = await calls.call(name, number, ...args)
        if (name !== 'stat' && name !== 'lstat') return result
        const facts = result as { mtime: number }
        return { ...facts, mtime: new Date(facts.mtime) }
      },
    ]),
  )
  return {
    ...context,
    env: new Map(context.env),
    fs,
    signal,
    exec: (script: string, options?: object) => calls.call('exec', number, script, plain(options)),
    ...(runtime === undefined ? {} : { runtime }),
  }
}

/** A signal does not cross, and is not needed: the script's own ends what it started. */
function plain(options: object = {}): object {
  const { signal: _, ...rest } = options as { signal?: unknown }
  return rest
}

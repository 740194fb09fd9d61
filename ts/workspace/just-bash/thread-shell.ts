/** One workspace inside the thread: its file system, its commands, and a new shell for each script. */

import { AsyncLocalStorage } from 'node:async_hooks'
import type { BashOptions, CustomCommand, IFileSystem, SecureFetch } from 'just-bash'
import { confinedFiles } from '../confined/files'
import { type Calls, callsOver } from './calls'
import { deviceFileSystem, resolvePath, workspaceFileSystem } from './file-system'
import { below, layout } from './layout'
import { boundsMet, executionLimits, rangesCut } from './limits'
import { type Ended, FILE_OPERATIONS, type Opening, type Script } from './messages'

export type Engine = typeof import('just-bash')

export interface ThreadShell {
  run(script: Script): Promise<Ended>
  abort(run: number): void
  /** A call of the host, or its answer to one of ours. */
  receive(message: unknown): void
}

/** Bytes of `/tmp`, and of a whole file system in memory. */
const MEMORY_BYTES = 64 * 1024 * 1024

/** What a command of the host may use while it runs, by its number. */
interface OpenCommand {
  fs: IFileSystem
  cwd: string
  exec: (script: string, options: { cwd: string }) => Promise<unknown>
  /** Runs in the asynchronous context of the script, which the engine checks. */
  within: <T>(work: () => T) => T
}

export function openInThread(
  engine: Engine,
  opening: Opening,
  send: (message: object) => void,
): ThreadShell {
  const running = new Map<number, AbortController>()
  const commands = new Map<number, OpenCommand>()
  let lastCommand = 0
  const calls: Calls = callsOver(send, (name, [number, ...args]) => {
    const command = commands.get(number as number)
    if (command === undefined) throw new Error('the command has ended')
    return command.within(() => serve(command, name, args))
  })
  const base = baseFileSystem(engine, opening, calls)
  const memory = new engine.InMemoryFs(undefined, { maxTotalBytes: MEMORY_BYTES })
  const filled = fill(base, opening.files)

  /** A command that the host answers. */
  function proxied({ name, trusted }: Opening['customCommands'][number]): CustomCommand {
    const execute: Parameters<Engine['defineCommand']>[1] = async (args, ctx) => {
      lastCommand += 1
      const number = lastCommand
      const { exec } = ctx
      commands.set(number, {
        fs: ctx.fs,
        cwd: ctx.cwd,
        exec: exec === undefined ? async () => undefined : exec.bind(ctx),
        within: AsyncLocalStorage.snapshot(),
      })
      const context = {
        cwd: ctx.cwd,
        env: [...ctx.env],
        exportedEnv: { ...ctx.exportedEnv },
        stdin: ctx.stdin,
      }
      try {
        const words = [...args]
        return (await calls.callUntil(ctx.signal, 'command', number, name, words, context)) as never
      } finally {
        commands.delete(number)
      }
    }
    return engine.defineCommand(name, execute, trusted === undefined ? {} : { trusted })
  }

  const custom = opening.customCommands.map(proxied)

  /** What `curl` calls. The host makes the request, and decides whether it may be made. */
  const fetch: SecureFetch = async (url, { signal, headers, followRedirects, ...rest } = {}) => {
    const pairs = headers instanceof Headers ? [...headers] : Object.entries(headers ?? {})
    const redirect = followRedirects === false ? 'manual' : 'follow'
    const request = { url, headers: pairs, redirect, ...rest }
    return (await calls.callUntil(signal, 'fetch', request)) as never
  }

  /** What is the same for every script. */
  function lasting(): BashOptions {
    const chosen: Record<string, unknown> = {
      executionLimitProfile: 'hardened',
      customCommands: custom,
      commands: opening.commands,
      fetch: opening.network ? fetch : undefined,
      python: opening.python,
      defenseInDepth: opening.defenseInDepth,
    }
    for (const name of Object.keys(chosen)) if (chosen[name] === undefined) delete chosen[name]
    return chosen as BashOptions
  }

  const options = lasting()
  const system = new engine.InMemoryFs()
  // Leaves a file for each command, so that `which ls`, `/bin/ls` and `#!/bin/sh` find one.
  new engine.Bash({ ...options, fs: system, cwd: '/' })
  const mounts = {
    '/dev': deviceFileSystem(),
    '/tmp': memory,
    '/bin': below(system, '/bin'),
    '/usr': below(system, '/usr'),
  }

  async function run(script: Script): Promise<Ended> {
    const aborter = new AbortController()
    running.set(script.run, aborter)
    const ended = { ended: script.run, code: 0, out: '', err: '', limited: [] as string[] }
    try {
      await filled
      const bash = new engine.Bash({
        ...options,
        fs: await layout(engine, base, mounts),
        cwd: script.cwd,
        env: { HOME: '/', TMPDIR: '/tmp', ...opening.env, ...script.env },
        executionLimits: executionLimits(script.timeoutMs),
      })
      const result = await bash.exec(script.text, {
        rawScript: true,
        signal: aborter.signal,
        ...(script.stdin === undefined ? {} : { stdin: script.stdin }),
      })
      const { stdout: out, stderr: err, exitCode: code } = result
      const limited = [...boundsMet(err), ...rangesCut(script.text)]
      const { maxOutputBytes: most } = opening
      const [outBytes, errBytes] = [Buffer.byteLength(out), Buffer.byteLength(err)]
      if (outBytes + errBytes <= most) return { ...ended, code, out, err, limited }
      // Neither pushes the other out of sight.
      const ofErr = Math.min(errBytes, Math.max(most >> 2, most - outBytes))
      const kept = { out: cut(out, most - ofErr), err: cut(err, ofErr) }
      return { ...ended, code, ...kept, limited, tooMuch: true }
    } catch (error) {
      return { ...ended, code: 1, fault: error instanceof Error ? error.message : 'unknown' }
    } finally {
      running.delete(script.run)
    }
  }

  return {
    run,
    abort: (number) => running.get(number)?.abort(),
    receive: (message) => void calls.receive(message),
  }
}

/** The first bytes of a text, in whole letters. */
function cut(text: string, bytes: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(bytes))
  return text.slice(0, read)
}

async function fill(base: IFileSystem, files: Opening['files']): Promise<void> {
  for (const [name, content] of Object.entries(files ?? {})) {
    const path = resolvePath('/', name)
    await base.mkdir(resolvePath(path, '..'), { recursive: true })
    await base.writeFile(path, content)
  }
}

function baseFileSystem(engine: Engine, opening: Opening, calls: Calls): IFileSystem {
  if (opening.fileSystem === 'calls') return calledFileSystem(calls)
  if (opening.fileSystem === 'memory' || opening.root === undefined)
    return new engine.InMemoryFs(undefined, { maxTotalBytes: MEMORY_BYTES })
  return workspaceFileSystem(confinedFiles({ ...opening.root, name: '' }, opening.maxFileBytes))
}

/** A file system that the host's caller gave. */
function calledFileSystem(calls: Calls): IFileSystem {
  const entries = FILE_OPERATIONS.map((name) => [
    name,
    (...args: unknown[]) => {
      const [path, ...times] = args
      return calls.call('fileSystem', name, name === 'utimes' ? [path, ...times.map(Number)] : args)
    },
  ])
  return { ...Object.fromEntries(entries), resolvePath, getAllPaths: () => [] } as IFileSystem
}

/** What a command of the host asks of the script it is part of. */
async function serve(command: OpenCommand, name: string, args: unknown[]): Promise<unknown> {
  if (name === 'exec') {
    const [script, options] = args as [string, object | undefined]
    const result = (await command.exec(script, { cwd: command.cwd, ...options })) as object
    const { stdout, stderr, exitCode } = result as Record<string, unknown>
    return { stdout, stderr, exitCode }
  }
  if (!FILE_OPERATIONS.includes(name)) throw new Error('there is no such operation')
  const operation = Reflect.get(command.fs, name) as (...args: unknown[]) => Promise<unknown>
  const result = await operation.apply(command.fs, args)
  if (name !== 'stat' && name !== 'lstat') return result
  // A date that the engine's own guard has made does not cross.
  const { mtime, ...facts } = result as { mtime: Date }
  return { ...facts, mtime: Number(mtime) }
}

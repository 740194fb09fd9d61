/** The operations of one scope: commands in its container, files from whichever side reaches them. */

import type {
  AbortSignalLike,
  BashInput,
  BashResult,
  Runtime,
  RuntimeCall,
  RuntimeEventHandler,
  RuntimeScope,
} from '../../../index.js'
import { RunletError } from '../../errors'
import { onAbort } from '../../signal'
import { readBash, readCall, requestOf } from '../calls'
import { cancelled, type Folder, type FolderOperation } from '../core'
import { ended } from '../exit-codes'
import { generatedOperations } from '../generated'
import type { ShellCommand } from '../shell'
import type { Spool } from '../spool'
import type { WarmScope } from '../warm-scope'
import { type CommandTerms, runInside } from './commands'
import type { Container } from './container'
import { runForeign } from './foreign'
import type { GuestFiles } from './guest-files'
import { openOwned, writesAsAnother } from './ownership'

/** What the operations of a scope are made of. */
export interface ScopeParts extends CommandTerms {
  readonly scope: RuntimeScope
  readonly warm: WarmScope<Container>
  readonly folder: Folder
  readonly spool: Spool
  readonly guestFiles: GuestFiles
}

/** Somebody was aborted while a container was being started. */
class StoppedWaiting extends RunletError {
  constructor() {
    super('CANCELLED', 'cancelled')
  }
}

/** A signal that is never aborted. */
const NEVER: AbortSignalLike = new AbortController().signal

/** The runtime of one scope. */
export function scopeRuntime(parts: ScopeParts): Required<Runtime> {
  const operations = new Operations(parts)
  const files =
    <Input extends RuntimeCall, Result>(operation: FolderOperation) =>
    (input: Input) =>
      operations.file<Result>(operation, input)
  return {
    name: 'docker',
    root: parts.scope.root,
    bash: (input) => operations.bash(input),
    read: files('read'),
    write: files('write'),
    edit: files('edit'),
    grep: files('grep'),
    find: files('find'),
    ls: files('ls'),
    ...generatedOperations(
      (operation, request) => operations.file(operation, request),
      parts.scope,
    ),
  }
}

/** A request whose path may be one of the container: its workdir is the scope's root. */
function inScope(request: object, workdir: string): object {
  const path: unknown = Reflect.get(request, 'path')
  if (typeof path !== 'string') return request
  if (path === workdir) return { ...request, path: '/' }
  return path.startsWith(`${workdir}/`) ? { ...request, path: path.slice(workdir.length) } : request
}

/** The error of a path that was put in other words: its text has the caller's own. */
function asAsked(error: unknown, request: object, asked: object): unknown {
  if (!(error instanceof RunletError)) return error
  const [put, own] = [request, asked].map((one) => String(Reflect.get(one, 'path')))
  const { code, message, retryable, details } = error
  // Behind the words and before sizes; a path may also be a part of the words.
  const at = message.lastIndexOf(put ?? '')
  if (at < 0) return error
  const text = message.slice(0, at) + own + message.slice(at + (put ?? '').length)
  return new RunletError(code, text, { retryable, ...(details && { details }) })
}

/** What was made is told by the times of files, which only their own machine has. */
function farAway(): RunletError {
  const message =
    'files that were made are told only where the folder of the container is on this machine'
  return new RunletError('RUNTIME_ERROR', message, { details: { reason: 'guest_files' } })
}

class Operations {
  readonly #parts: ScopeParts
  /** Whether the folder inside is the one outside, once that was looked at. */
  #local: boolean | undefined

  constructor(parts: ScopeParts) {
    this.#parts = parts
    const { files } = parts.settings
    if (files !== 'auto') this.#local = files === 'host'
  }

  async bash(input: BashInput): Promise<BashResult> {
    const { scope, settings } = this.#parts
    const { signal = NEVER, runtimeEvents } = readCall(input, scope.path)
    const command: ShellCommand = { ...readBash(input, settings), signal }
    // Closed is closed, whatever is asked.
    openOwned(this.#parts.folder, this.#parts)
    if (signal.aborted) return ended({ why: 'cancelled' })
    try {
      const first = await this.#command(command, runtimeEvents)
      if (typeof first !== 'string') return first
      // It certainly did not begin, and what it was meant for is gone.
      const second = await this.#command(command, runtimeEvents)
      if (typeof second !== 'string') return second
      return ended({ why: 'not-started', reason: `the command could not be started: ${second}` })
    } catch (error) {
      if (error instanceof StoppedWaiting) return ended({ why: 'cancelled' })
      throw error
    }
  }

  /** Runs one, or says why it did not begin. */
  async #command(
    command: ShellCommand,
    handler: RuntimeEventHandler | undefined,
  ): Promise<BashResult | string> {
    const { warm, spool } = this.#parts
    const run = this.#parts.engine.foreign ? runForeign : runInside
    const used = await this.#use(handler, command.signal, async (container) => {
      const end = await run(this.#parts, container, command)
      return { container, end }
    })
    const { container, end } = used
    if (end.kind === 'not-started') {
      if (container.ended) return ended({ why: 'cancelled' })
      await this.#giveUp(handler, container, end.words)
      return end.words
    }
    const { result, out, err } = end.run
    if (end.kind === 'lost') {
      await this.#giveUp(handler, container, end.words)
      return ended({ why: 'lost' }, result)
    }
    if (result.leftover !== undefined && container.occupancy.count === 0) {
      // What no signal ended goes with its container.
      await warm.discard(container).catch(() => {})
      delete result.leftover
    }
    if (result.truncated && this.#local === true) {
      const file = await spool.write(out, err)
      if (file !== undefined) result.spool = file
    }
    return result
  }

  /** Of a container that cannot be removed either, the next start has more to say. */
  async #giveUp(
    handler: RuntimeEventHandler | undefined,
    container: Container,
    words: string,
  ): Promise<void> {
    await this.#parts.warm.broken(handler, container, words).catch(() => {})
  }

  async file<Result>(operation: FolderOperation, input: RuntimeCall): Promise<Result> {
    const { scope, folder, guestFiles } = this.#parts
    const { signal, runtimeEvents } = readCall(input, scope.path)
    openOwned(folder, this.#parts)
    if (signal?.aborted) throw cancelled()
    const asked = requestOf(input, operation)
    const request = inScope(asked, this.#parts.settings.workdir)
    const local = this.#local ?? (await this.#look(runtimeEvents, signal ?? NEVER))
    try {
      const isWrite = operation === 'write' || operation === 'edit'
      const { settings } = this.#parts
      const isForCommands = isWrite && settings.files !== 'host' && writesAsAnother(settings)
      if (local && !isForCommands) return await folder.operate<Result>(operation, request, signal)
      if (operation === 'mark' || operation === 'generated') throw farAway()
      return await this.#use(runtimeEvents, signal ?? NEVER, ({ name, occupancy }) =>
        occupancy.during(() => guestFiles.operate<Result>(name, operation, request)),
      )
    } catch (error) {
      throw request === asked ? error : asAsked(error, request, asked)
    }
  }

  /** Starts the container, which tells. */
  async #look(handler: RuntimeEventHandler | undefined, signal: AbortSignalLike): Promise<boolean> {
    return this.#use(handler, signal, async ({ name, inside, occupancy }) => {
      this.#local =
        inside.local ?? (await occupancy.during(() => this.#parts.guestFiles.sharesFolder(name)))
      return this.#local
    })
  }

  /** Uses the container. Who gives up does not wait for a start that others may want. */
  async #use<T>(
    handler: RuntimeEventHandler | undefined,
    signal: AbortSignalLike,
    work: (container: Container) => Promise<T>,
  ): Promise<T> {
    let unlisten: (() => void) | undefined
    const waiting = new Promise<never>((_, reject) => {
      unlisten = onAbort(signal, () => reject(new StoppedWaiting()))
    })
    waiting.catch(() => {})
    const used = this.#parts.warm.use(handler, async (container) => {
      unlisten?.()
      if (signal.aborted) throw new StoppedWaiting()
      this.#local ??= container.inside.local
      return work(container)
    })
    used.catch(() => {})
    try {
      return await Promise.race([used, waiting])
    } finally {
      unlisten?.()
    }
  }
}

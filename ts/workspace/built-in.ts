/** A runtime that comes with the package: a shell, a folder, a queue and perhaps a guard. */

import type {
  AbortSignalLike,
  ApprovalGrant,
  BashInput,
  BashResult,
  BuiltInRuntime,
  EditInput,
  EditResult,
  FindInput,
  FindResult,
  GeneratedFile,
  GrepInput,
  GrepResult,
  Guard,
  LsInput,
  LsResult,
  OpenedFile,
  QueueLease,
  ReadInput,
  ReadResult,
  RuntimeCall,
  RuntimeScope,
  RuntimeStatus,
  WriteInput,
  WriteResult,
} from '../../index.js'
import { RunletError } from '../errors'
import { onAbort } from '../signal'
import { type CallTerms, readBash, readCall, requestOf } from './calls'
import type { Folder, FolderOperation } from './core'
import { emit } from './events'
import { ended } from './exit-codes'
import { generated, mark, type Operate, openGenerated } from './generated'
import type { RuntimeGuard } from './guard'
import { Life } from './life'
import type { Queue } from './queue'
import type { Shell } from './shell'
import type { Spool } from './spool'

/** What a runtime is made of. */
export interface BuiltInParts {
  readonly name: string
  readonly scope: RuntimeScope
  readonly folder: Folder
  readonly queue: Queue
  readonly shell: Shell
  readonly guard: RuntimeGuard | undefined
  readonly spool: Spool
  readonly timeoutMs: number
  readonly maxTimeoutMs: number
}

/** See `BuiltInRuntime` in `index.d.ts`. */
export class BuiltIn implements BuiltInRuntime {
  readonly name: string
  readonly root: string
  readonly scope: RuntimeScope
  declare readonly guard?: Guard
  readonly #parts: BuiltInParts
  readonly #life = new Life()
  readonly #guard: RuntimeGuard | undefined
  readonly #folder: Folder
  #closing: Promise<void> | undefined
  #startedAt: number | undefined
  #lastUsedAt: number | undefined

  constructor(parts: BuiltInParts) {
    const { name, scope, guard } = parts
    this.name = name
    this.root = scope.root
    this.scope = scope
    this.#parts = parts
    this.#guard = guard
    if (guard !== undefined) this.guard = guard
    this.#folder = parts.folder
  }

  async bash(input: BashInput): Promise<BashResult> {
    const terms = this.#terms(input)
    const command = readBash(input, this.#parts)
    try {
      const { result, waitMs } = await this.#turn(terms, (lease, signal) =>
        this.#execute(command, { ...terms, signal, approved: input.approved }, lease),
      )
      const waited = Math.round(waitMs)
      return waited > 0 ? { ...result, waitMs: waited } : result
    } catch (error) {
      if (error instanceof RunletError && error.code === 'CANCELLED') {
        return ended({ why: 'cancelled' })
      }
      throw error
    }
  }

  read(input: ReadInput): Promise<ReadResult> {
    return this.#operate('read', input)
  }

  write(input: WriteInput): Promise<WriteResult> {
    return this.#operate('write', input)
  }

  edit(input: EditInput): Promise<EditResult> {
    return this.#operate('edit', input)
  }

  grep(input: GrepInput): Promise<GrepResult> {
    return this.#operate('grep', input)
  }

  find(input: FindInput): Promise<FindResult> {
    return this.#operate('find', input)
  }

  ls(input: LsInput): Promise<LsResult> {
    return this.#operate('ls', input)
  }

  async mark(): Promise<string> {
    this.#life.check()
    return mark(this.#made())
  }

  async generated(request: {
    since: string | number
    path?: string | undefined
  }): Promise<GeneratedFile[]> {
    const terms = this.#terms(request as object)
    const { result } = await this.#turn(terms, (_, signal) =>
      generated(this.#made(signal), request),
    )
    return result
  }

  async openGenerated(file: { path: string; maxBytes?: number | undefined }): Promise<OpenedFile> {
    const { result } = await this.#turn(this.#terms(file as object), () =>
      openGenerated(this.#made(), this.scope, file),
    )
    return result
  }

  /** Works on the folder for what is about files that were made. */
  #made(signal?: AbortSignalLike): Operate {
    return (operation, request) => this.#folder.operate(operation, request, signal)
  }

  async status(): Promise<RuntimeStatus[]> {
    const { name, scope, root } = this
    const { queue, shell } = this.#parts
    const { active, queued } = queue.scope(scope.path)
    const status: RuntimeStatus = {
      name,
      scope,
      root,
      state: this.#startedAt === undefined ? 'stopped' : 'running',
      idleMs: false,
      active,
      queued,
      ...shell.facts(),
    }
    if (this.#startedAt !== undefined) status.startedAt = this.#startedAt
    if (this.#lastUsedAt !== undefined) status.lastUsedAt = this.#lastUsedAt
    return [status]
  }

  async stop(): Promise<void> {
    await this.#life.stop()
    await this.#parts.shell.close()
    this.#startedAt = undefined
  }

  async restart(): Promise<void> {
    this.#life.check()
    await this.stop()
  }

  async cleanup(): Promise<void> {}

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#life.close()
    await this.stop()
    this.#folder.close()
    this.#parts.spool.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #terms(input: RuntimeCall): CallTerms {
    this.#life.check()
    return readCall(input, this.scope.path)
  }

  /** Waits for a turn and takes it, unless the runtime was closed meanwhile. */
  #turn<T>(
    { chat, signal }: CallTerms,
    work: (lease: QueueLease, signal: AbortSignal) => Promise<T>,
  ): Promise<{ result: T; waitMs: number }> {
    return this.#life.spend(signal, (both) => {
      const job = (lease: QueueLease) => {
        this.#life.check()
        this.#lastUsedAt = Date.now()
        this.#startedAt ??= this.#lastUsedAt
        return work(lease, both)
      }
      return this.#parts.queue.submit(chat, job, both, this.scope.path)
    })
  }

  async #operate<Result>(operation: FolderOperation, input: RuntimeCall): Promise<Result> {
    const terms = this.#terms(input)
    const request = requestOf(input, operation)
    const { result } = await this.#turn(terms, (_, signal) =>
      this.#folder.operate<Result>(operation, request, signal),
    )
    return result
  }

  async #execute(
    { text, timeoutMs, onOutput }: ReturnType<typeof readBash>,
    terms: CallTerms & { signal: AbortSignal; approved: ApprovalGrant | undefined },
    lease: QueueLease,
  ): Promise<BashResult> {
    const { shell, spool } = this.#parts
    const { signal, runtimeEvents } = terms
    if (signal.aborted) return ended({ why: 'cancelled' })
    const answer = await this.#ask(text, terms, lease)
    const facts = answer?.facts
    if (answer?.ending !== undefined) {
      const refused = ended(answer.ending)
      return facts === undefined ? refused : { ...refused, guard: facts }
    }
    const { result, out, err } = await shell.run({ text, timeoutMs, signal, onOutput })
    if (facts !== undefined) result.guard = facts
    if (result.truncated) {
      const file = await spool.write(out, err)
      if (file !== undefined) result.spool = file
    }
    if (result.error?.code === 'RUNTIME_NOT_FOUND') {
      const { name: runtime, scope, root } = this
      const message = result.error.message
      emit(runtimeEvents, { kind: 'exec_failed', runtime, message, scope, root })
    }
    return result
  }

  async #ask(
    text: string,
    {
      chat,
      signal,
      approved,
    }: CallTerms & { signal: AbortSignal; approved: ApprovalGrant | undefined },
    lease: QueueLease,
  ) {
    if (this.#guard === undefined) return undefined
    let stop: (() => void) | undefined
    const aborted = new Promise<void>((resolve) => {
      stop = onAbort(signal, resolve)
    })
    try {
      return await this.#guard.decide(text, {
        runtime: this.name,
        scope: this.scope,
        chat,
        approved,
        aborted,
        aside: (work) => lease.aside(work),
      })
    } finally {
      stop?.()
    }
  }
}

/** The core's side of workspaces: folders by number, operations as JSON. Nothing else names its functions. */

import type { AbortSignalLike, ErrorCode, RuntimeLimits } from '../../index.js'
import { addon } from '../addon'
import { RunletError } from '../errors'
import { onAbort } from '../signal'
import { refuse } from '../tool/option-kinds'

/** What the addon has for this room; see src/node/workspace.rs. */
interface WorkspaceNative {
  workspaceOpen(spec: string): string
  workspaceTicket(): number
  workspaceOperate(workspace: number, op: string, request: string, ticket: number): Promise<string>
  workspaceCancel(ticket: number): void
  workspaceClose(workspace: number): void
  workspacePath(path: string): string
  scopeOf(origin: string): string
  attachmentPath(scope: string, path: string): string
  safeRoot(folders: string): string
}

/** An answer of the core. */
interface Refused {
  error?: {
    code: ErrorCode
    message: string
    retryable?: boolean
    details?: Record<string, unknown>
  }
}

/** A folder, as the core takes it. */
export interface FolderSpec {
  /** Absolute. */
  readonly root: string
  readonly oversize?: 'skip' | 'error'
  readonly limits?: RuntimeLimits
}

/** What the core does with a folder. */
export type FolderOperation =
  | 'read'
  | 'write'
  | 'edit'
  | 'grep'
  | 'find'
  | 'ls'
  | 'stat'
  | 'list'
  | 'delete'
  | 'mark'
  | 'generated'
  | 'open'

function native(): WorkspaceNative {
  const loaded = addon().native as unknown as Partial<WorkspaceNative>
  if (typeof loaded.workspaceOpen === 'function') return loaded as WorkspaceNative
  const message = 'the native part of runlet has no operations on files'
  throw new RunletError('RUNTIME_NOT_FOUND', message, { details: { reason: 'native_outdated' } })
}

function read<Answer>(text: string): Answer {
  const answer = JSON.parse(text) as Answer & Refused
  if (answer.error === undefined) return answer
  const { code, message, details, retryable = false } = answer.error
  throw new RunletError(code, message, { retryable, ...(details && { details }) })
}

/** The error for what is used after its end. */
export function disposed(): RunletError {
  return new RunletError('DISPOSED', 'this runtime has been closed')
}

/** The error for what was aborted. */
export function cancelled(): RunletError {
  return new RunletError('CANCELLED', 'cancelled')
}

/** @throws RunletError `INVALID_ARGUMENT` for what has no JSON, such as a BigInt */
function jsonOf(request: object): string {
  try {
    return JSON.stringify(request)
  } catch {
    throw refuse('input', 'an object of texts, numbers and flags', request)
  }
}

/** How JSON has half a character, unless a backslash stands before. */
const HALF = /\\ud[89a-f]/

/** @throws RunletError `INVALID_ARGUMENT` for a text that has no bytes */
function refuseHalves(request: object): void {
  for (const [field, value] of Object.entries(request)) {
    if (typeof value === 'string' && /\p{Surrogate}/u.test(value)) {
      throw refuse(field, 'a text of whole characters', value)
    }
  }
}

/** Limits that the core takes with each request to read. */
const READING = ['maxLines', 'maxReadBytes', 'maxLineChars'] as const

/** Closes what was forgotten: each holds a descriptor. */
const forgotten = new FinalizationRegistry<number>((number) => native().workspaceClose(number))

/** One folder of the core, opened at its first operation. */
export class Folder {
  readonly #spec: FolderSpec
  readonly #reading: RuntimeLimits = {}
  #number: number | undefined
  #closed = false

  constructor({ limits = {}, ...spec }: FolderSpec) {
    const others = { ...limits }
    for (const name of READING) {
      if (limits[name] !== undefined) this.#reading[name] = limits[name]
      delete others[name]
    }
    this.#spec = { ...spec, limits: others }
  }

  /** A request within the limits: what it asks for itself is less, or a fault for the core to name. */
  #bounded(request: object): object {
    const bounded: Record<string, unknown> = { ...request }
    for (const name of READING) {
      const [most, asked] = [this.#reading[name], bounded[name]]
      if (most === undefined) continue
      if (asked === undefined || asked === 0) bounded[name] = most
      else if (typeof asked === 'number') bounded[name] = Math.min(asked, most)
    }
    return bounded
  }

  /** Opens it, and makes it if it is missing. */
  open(): number {
    if (this.#closed) throw disposed()
    if (this.#number === undefined) {
      const opened = native().workspaceOpen(JSON.stringify(this.#spec))
      this.#number = read<{ workspace: number }>(opened).workspace
      forgotten.register(this, this.#number, this)
    }
    return this.#number
  }

  /** @throws (rejects) RunletError with the text that the core has for it */
  async operate<Result>(
    op: FolderOperation,
    request: object,
    signal?: AbortSignalLike,
  ): Promise<Result> {
    if (signal?.aborted) throw cancelled()
    const number = this.open()
    const text = jsonOf(op === 'read' ? this.#bounded(request) : request)
    if (HALF.test(text)) refuseHalves(request)
    const { workspaceOperate, workspaceTicket, workspaceCancel } = native()
    if (signal === undefined) return read<Result>(await workspaceOperate(number, op, text, 0))
    const ticket = workspaceTicket()
    const pending = workspaceOperate(number, op, text, ticket)
    const unlisten = onAbort(signal, () => workspaceCancel(ticket))
    try {
      return read<Result>(await pending)
    } finally {
      unlisten()
    }
  }

  /** Ends what is under way, for ever. */
  close(): void {
    this.#closed = true
    if (this.#number !== undefined) native().workspaceClose(this.#number)
    forgotten.unregister(this)
    this.#number = undefined
  }
}

/** A path of a local workspace, normal; empty for the workspace itself. */
export function localPath(path: string): string {
  return read<{ path: string }>(native().workspacePath(path)).path
}

/** The scopes of a message. */
export function scopesOf<Keys>(origin: object): Keys {
  return read<Keys>(native().scopeOf(JSON.stringify(origin)))
}

/** `scopes/<scope>/<path>`. */
export function attachmentPath(scope: string, path: string): string {
  return read<{ path: string }>(native().attachmentPath(scope, path)).path
}

/** Refuses overlapping folders, all absolute. */
export function refuseOverlap(folders: object): void {
  read<object>(native().safeRoot(JSON.stringify(folders)))
}

/** What a virtual shell is to the rest of the room: it interprets scripts, and starts no program. */

import type {
  AbortSignalLike,
  ErrorCode,
  JustBashOptions,
  Runtime,
  RuntimeLogger,
} from '../../index.js'

/** What a shell is opened with. Nothing is started before its first script. */
export interface VirtualShellOptions {
  /** The workspace on the host, an absolute path; mounted at `/`. */
  readonly root: string
  /** As the caller gave it; what it may hold is for the engine to check. */
  readonly justBash: JustBashOptions
  readonly logger: RuntimeLogger | undefined
  /** The same workspace without the queue: for commands that a script calls, which hold a place. */
  readonly runtime: Runtime
  /** Bytes of stdout and of stderr after which a script is ended. */
  readonly maxOutputBytes: number
  readonly maxFileBytes: number
}

/** What one script gets. */
export interface VirtualExec {
  /** Besides what the engine sets. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Of the virtual file system. Default `/`. */
  readonly cwd?: string | undefined
  readonly stdin?: string | undefined
  /** Ends the script; one that is aborted already runs nothing. */
  readonly signal?: AbortSignalLike | undefined
  /** Milliseconds, from the start of the script. */
  readonly timeoutMs: number
  /** Gets what is printed, where the engine hands it over before the end. */
  readonly onOutput?: ((chunk: { stream: 'stdout' | 'stderr'; text: string }) => void) | undefined
}

/** What came of a script. */
export interface VirtualOutcome {
  /** The shell's own; of no meaning where `ended` is set. */
  readonly code: number
  /** Whole, up to `maxOutputBytes`. */
  readonly out: string
  readonly err: string
  /** Who ended it, where that was not the script. */
  readonly ended?: 'timeout' | 'cancelled' | 'output' | undefined
  /** A fault of the engine, such as `MEMORY_LIMIT`. */
  readonly error?:
    | { code: ErrorCode; message: string; details?: Record<string, unknown> | undefined }
    | undefined
  /** Commands whose result was cut by a bound of the engine. */
  readonly limited?: readonly string[] | undefined
}

/** One shell. State of a script does not reach the next one, unless `session` was asked for. */
export interface VirtualShell {
  /** Rejects with a RunletError only where no script ran. */
  exec(script: string, options: VirtualExec): Promise<VirtualOutcome>
  /** Ends what runs. */
  close(): Promise<void>
}

/** A shell of a runtime, whichever it is. */

import type { AbortSignalLike, BashInput, BashResult, RuntimeStatus } from '../../index.js'

/** One text to run. */
export interface ShellCommand {
  readonly text: string
  readonly timeoutMs: number
  readonly signal: AbortSignalLike
  readonly onOutput: BashInput['onOutput']
}

/** A result, and all that was kept of what was printed. */
export interface ShellRun {
  readonly result: BashResult
  readonly out: string
  readonly err: string
}

/** Runs texts. Nothing is started before the first. */
export interface Shell {
  /** Gives a result whatever happens. */
  run(command: ShellCommand): Promise<ShellRun>
  /** What confines it. */
  facts(): Pick<RuntimeStatus, 'enforced' | 'unenforced'>
  /** Ends what runs and gives up what is kept; the next text starts anew. */
  close(): Promise<void>
}

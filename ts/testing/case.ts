/** What a case of the kit is, and the ground it is tried on. */

import type { Runtime, RuntimeEvent, RuntimeProvider, RuntimeScope } from '../../index.js'
import type { Operation } from '../workspace/events'

/** What a case cannot do without. */
export type Need =
  | Operation
  /** A provider, not a runtime alone. */
  | 'provider'
  | 'status'
  | 'stop'
  | 'restart'
  | 'cleanup'
  | 'close'
  | 'setLogger'
  /** The folder of a scope is a folder of this machine. */
  | 'local'
  /** Symbolic links can be made, on this machine or by a command. */
  | 'links'

/** The operations that a case said it needs are there. */
export type Operations = Required<Runtime>

/** A scope with its runtime. */
export interface Place {
  readonly scope: RuntimeScope
  readonly ops: Operations
}

/** What a case works with. */
export interface Ground extends Place {
  /** A folder of the workspace that is this case's own, as operations name it. */
  readonly folder: string
  /** A file in it. */
  at(name: string): string
  readonly provider: RuntimeProvider
  /** One whose starts fail. */
  readonly failing: RuntimeProvider | undefined
  /** One whose `idleMs` is short, and how short. */
  readonly idling: { readonly provider: RuntimeProvider; readonly idleMs: number } | undefined
  readonly maxFileBytes: number
  /** Milliseconds that only a hang takes. */
  readonly patienceMs: number
  /** A file of this machine beside all workspaces, and what it holds. */
  readonly secret: { readonly path: string; readonly text: string }
  /** A scope that nobody has used. */
  fresh(provider?: RuntimeProvider): Place
  /** Its path on this machine. Only for a case that needs `local`. */
  hostPath(path: string): string
  /** Makes a symbolic link. */
  link(target: string, path: string): Promise<void>
}

/** One row of the table. */
export interface Case {
  /** Stable: `<what>/<which>`. */
  readonly name: string
  /** What must hold. */
  readonly about: string
  readonly needs: readonly Need[]
  /** Rejects where it does not hold. */
  run(ground: Ground): Promise<void>
}

/** Collects events. */
export class Events {
  readonly all: RuntimeEvent[] = []
  readonly handler = (event: RuntimeEvent): void => {
    this.all.push(event)
  }

  get kinds(): string[] {
    return this.all.map(({ kind }) => kind)
  }
}

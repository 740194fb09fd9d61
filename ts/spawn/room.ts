/** The core's side of commands: started by number, output back to the command that it is of. */

import type { AbortSignalLike, ErrorCode, SandboxedSpawnResult } from '../../index.js'
import { addon } from '../addon'
import { onAbort } from '../signal'
import type { SpawnOptions } from './options'

/** A command, as the core takes it; see src/spawn/spec.rs. */
export interface SpawnSpec {
  command: string
  program: string
  arguments: readonly string[]
  env: readonly (readonly [string, string])[]
  folder: string
  timeoutMs: number
  limits: {
    memoryBytes: number | null
    dataBytes: number | null
    processes: number
    openFiles: number
    fileBytes: number
    outputBytes: number
    captureBytes: number
  }
  permissions: readonly string[]
  /** The permissions do not count: it has the rights of its user. Default false. */
  unconfined?: boolean
  bestEffort: boolean
  hosts: Readonly<Record<string, readonly string[]>>
  servers: readonly string[]
  maxConnections: number
  pins: string
}

/** What came of one; see src/spawn/outcome.rs. */
export type CoreOutcome = Omit<SandboxedSpawnResult, 'enforcement'> & { error?: undefined }

/** Why one was not started. */
export interface NotStarted {
  error: { code: ErrorCode; field: string | null; reason: string }
}

type OnOutput = NonNullable<SpawnOptions['onOutput']>

/** Commands that ask for their output, by number. */
const listeners = new Map<number, { readonly onOutput: OnOutput; got: number }>()
let opening: number | undefined
let last = 0

function open(): number {
  opening ??= addon().native.spawnOpen((command, stream, text) => {
    const listener = listeners.get(command)
    if (listener === undefined) return
    listener.got++
    // An exception of the caller's function is the caller's: it must not end the command.
    listener.onOutput({ stream: stream === 1 ? 'stdout' : 'stderr', text })
  })
  return opening
}

/** Runs a command. Rejects for nothing that the command does. */
export async function runCommand(
  spec: SpawnSpec,
  input: Uint8Array | undefined,
  onOutput: OnOutput | undefined,
  signal: AbortSignalLike | undefined,
): Promise<CoreOutcome | NotStarted> {
  const { native } = addon()
  const room = open()
  last = last === 0xffffffff ? 1 : last + 1
  const number = last
  const listener = onOutput && { onOutput, got: 0 }
  if (listener !== undefined) listeners.set(number, listener)
  let unlisten: (() => void) | undefined
  try {
    const text = JSON.stringify(spec)
    const pending = native.spawnRun(room, number, text, input, listener !== undefined)
    unlisten = signal && onAbort(signal, () => native.spawnCancel(room, number))
    const [outcome, handed] = await pending
    // The outcome may overtake what was printed before it.
    while (listener !== undefined && listener.got < Number(handed)) {
      await new Promise(setImmediate)
    }
    return JSON.parse(outcome) as CoreOutcome | NotStarted
  } finally {
    unlisten?.()
    listeners.delete(number)
  }
}

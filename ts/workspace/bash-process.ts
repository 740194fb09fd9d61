/** One text for bash as a process of its own, ended with all that it started. */

import { constants } from 'node:os'
import type { AbortSignalLike, BashInput, BashResult, Denial, ErrorCode } from '../../index.js'
import { RunletError } from '../errors'
import { type CoreOutcome, type NotStarted, runCommand, type SpawnSpec } from '../spawn/room'
import { type Ending, ended, signalled } from './exit-codes'
import { shortened } from './output'
import type { ShellRun } from './shell'

/** Bash, wherever this system has it. */
export const BASH = '/bin/bash'

/** How a command is confined. */
export interface Confinement {
  readonly permissions: readonly string[]
  /** It is not: the rights are the user's. */
  readonly unconfined: boolean
  readonly pins: string
  /** Bytes; 0 is no limit. */
  readonly memoryLimitBytes: number
  readonly maxProcesses: number
  /** What cannot be kept is left out, not refused. */
  readonly bestEffort: boolean
}

/** What is the same for all commands of a runtime. */
export interface BashTerms {
  readonly program: string
  readonly strictShell: boolean
  /** Bytes of stdout and stderr together, beyond which a command is ended. */
  readonly maxOutputBytes: number
}

/** One command. */
export interface BashCommand {
  readonly text: string
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly confinement: Confinement
  readonly signal: AbortSignalLike | undefined
  readonly onOutput: BashInput['onOutput']
}

/** Kept of stdout and of stderr, each. Together they are what a spool file holds. */
const CAPTURED = 8 * 1024 * 1024
const UNBOUNDED = Number.MAX_SAFE_INTEGER
const OPEN_FILES = 4_096

/** Runs a command. Gives a result whatever happens, also where it was never started. */
export async function runBash(terms: BashTerms, command: BashCommand): Promise<ShellRun> {
  const flags = ['--noprofile', '--norc', ...(terms.strictShell ? ['-euo', 'pipefail'] : [])]
  return runProgram('bash', [...flags, ...scriptArguments(command.text)], terms, command)
}

/** Runs any program, on the same terms. */
export async function runProgram(
  name: string,
  args: readonly string[],
  terms: Omit<BashTerms, 'strictShell'>,
  command: Omit<BashCommand, 'text'>,
): Promise<ShellRun> {
  const outcome = await started(name, args, terms, command)
  if (outcome instanceof RunletError) return notRun(name, outcome)
  const { stdout, stderr, durationMs: ms, denials } = outcome
  const out = shortened(stdout, outcome.stdoutDroppedBytes)
  const err = shortened(stderr, outcome.stderrDroppedBytes)
  const ending = endingOf(outcome, terms)
  const printed = { out: out.text, err: err.text, ms }
  const result: BashResult =
    ending === undefined ? { code: codeOf(outcome), ...printed } : ended(ending, printed)
  if (out.cut || err.cut) result.truncated = true
  if (denials.length > 0) result.denials = denials as Denial[]
  return { result, out: stdout, err: stderr }
}

/** What the kernel takes for one argument, with room to spare. */
const ARGUMENT_BYTES = 120 * 1024
/** Runs what its arguments are the parts of, as if it had none. */
const REJOIN = 'printf -v REPLY %s "$@"; set --; eval "$REPLY"'

/** The arguments that make bash run a text. */
export function scriptArguments(text: string): string[] {
  const bytes = Buffer.from(text)
  if (bytes.length <= ARGUMENT_BYTES) return ['-c', text]
  const parts: string[] = []
  for (let at = 0; at < bytes.length; ) {
    let end = Math.min(at + ARGUMENT_BYTES, bytes.length)
    // Not within a character: its later bytes all begin with the bits 10.
    while (end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
    parts.push(bytes.toString('utf8', at, end))
    at = end
  }
  return ['-c', REJOIN, 'bash', ...parts]
}

async function started(
  name: string,
  args: readonly string[],
  terms: Omit<BashTerms, 'strictShell'>,
  { folder, env, timeoutMs, confinement, signal, onOutput }: Omit<BashCommand, 'text'>,
): Promise<CoreOutcome | RunletError> {
  const { memoryLimitBytes, maxProcesses } = confinement
  const spec: SpawnSpec = {
    command: name,
    program: terms.program,
    arguments: [...args],
    env: Object.entries(env),
    folder,
    timeoutMs,
    limits: {
      memoryBytes: memoryLimitBytes > 0 ? memoryLimitBytes : null,
      dataBytes: null,
      processes: maxProcesses,
      openFiles: OPEN_FILES,
      fileBytes: UNBOUNDED,
      outputBytes: terms.maxOutputBytes,
      captureBytes: CAPTURED,
    },
    permissions: confinement.permissions,
    unconfined: confinement.unconfined,
    bestEffort: confinement.bestEffort,
    hosts: {},
    servers: [],
    maxConnections: 64,
    pins: confinement.pins,
  }
  let outcome: CoreOutcome | NotStarted
  try {
    outcome = await runCommand(spec, undefined, onOutput, signal)
  } catch (error) {
    return new RunletError('INTERNAL', `${name} could not be started`, { cause: error })
  }
  if (outcome.error === undefined) return outcome
  const { code, reason } = outcome.error
  return new RunletError(code, reason, { retryable: code === 'WORKER_LOST' })
}

/** A command that never ran. Only the machine's passing lack of a process is not bash's absence. */
function notRun(name: string, { code, message }: RunletError): ShellRun {
  const codes: readonly ErrorCode[] = ['WORKER_LOST', 'POLICY_UNENFORCEABLE']
  const result = ended({
    why: 'not-started',
    reason: `${name} could not be started: ${message}`,
    details: { reason: code },
  })
  if (codes.includes(code) && result.error !== undefined) result.error.code = code
  return { result, out: '', err: '' }
}

function endingOf(
  { timedOut, cancelled, limit }: CoreOutcome,
  { maxOutputBytes }: Pick<BashTerms, 'maxOutputBytes'>,
): Ending | undefined {
  if (cancelled) return { why: 'cancelled' }
  if (timedOut) return { why: 'timeout' }
  switch (limit) {
    case 'output':
      return { why: 'output', limit: maxOutputBytes }
    case 'memory':
      return { why: 'memory' }
    case 'processes':
      return { why: 'processes' }
    default:
      return undefined
  }
}

function codeOf({ exitCode, signal }: CoreOutcome): number {
  if (exitCode !== null) return exitCode
  return signal === null ? 128 + constants.signals.SIGKILL : signalled(signal)
}

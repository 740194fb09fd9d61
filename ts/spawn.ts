/** Runs one command, confined to what its permissions grant. The contract is `index.d.ts`. */

import type { SandboxedSpawnOptions, SandboxedSpawnResult } from '../index.js'
import { RunletError } from './errors'
import { shown } from './messages'
import { findProgram, scriptRefused } from './spawn/command'
import { readArguments, readSpawnOptions, type SpawnOptions } from './spawn/options'
import { type CoreOutcome, type NotStarted, runCommand, type SpawnSpec } from './spawn/room'
import { MIB } from './tool/option-ranges'
import { type Policy, readPolicy } from './tool/policy'
import { checkVariables } from './tool/request'
import { SEARCH_PATH } from './tool/shape'

/** What every program starts from, whoever asks for it. */
const IMPLICIT = 'the command, or any program of this system, needs it'

/** Runs a command; see `index.d.ts`. */
export async function sandboxedSpawn(
  command: string,
  args?: readonly string[],
  options?: SandboxedSpawnOptions,
): Promise<SandboxedSpawnResult> {
  const given = readSpawnOptions(options)
  const list = readArguments(args)
  if (process.platform !== 'linux') throw notHere()
  const plan = plannedFor(command, given)
  const { report } = plan.policy
  if (given.signal?.aborted) return { ...neverStarted(), enforcement: report }
  const spec = specOf(command, list, given, plan)
  const outcome = await runCommand(spec, given.input, given.onOutput, given.signal)
  if (outcome.error !== undefined) throw startError(command, outcome)
  return { ...outcome, enforcement: report }
}

/** What a command comes to on this machine. */
interface Plan {
  readonly program: string
  readonly env: Readonly<Record<string, string>>
  readonly policy: Policy
}

function plannedFor(command: string, options: SpawnOptions): Plan {
  const { cwd, enforcement: mode } = options
  const terms = { field: 'permissions', mode, strict: false, implicit: IMPLICIT }
  const { flags, inherited } = readPolicy(options.permissions, terms)
  checkVariables(options.env, 'env', flags)
  const env = {
    PATH: SEARCH_PATH,
    HOME: cwd,
    TMPDIR: cwd,
    LANG: 'C.UTF-8',
    ...inherited,
    ...options.env,
  }
  const program = findProgram(command, cwd, env.PATH)
  const place = { projectRoot: cwd, binary: program, codeRoots: [], searchPath: env.PATH }
  const policy = readPolicy(flags, { ...terms, place })
  if (policy.interpreters.length > 0) throw scriptRefused(command, policy.interpreters)
  return { program, env, policy }
}

function specOf(
  command: string,
  args: readonly string[],
  { limits, cwd, enforcement, resolver, maxConnections }: SpawnOptions,
  { program, env, policy }: Plan,
): SpawnSpec {
  const { memoryLimitBytes } = limits
  return {
    command,
    program,
    arguments: args,
    env: Object.entries(env),
    folder: cwd,
    timeoutMs: limits.timeoutMs,
    limits: {
      memoryBytes: memoryLimitBytes > 0 ? memoryLimitBytes : null,
      // Programs reserve far more than they use, so this can only be a second lock.
      dataBytes: memoryLimitBytes > 0 ? 2 * memoryLimitBytes + 1024 * MIB : null,
      processes: limits.maxProcesses,
      openFiles: limits.maxOpenFiles,
      fileBytes: limits.maxFileBytes,
      outputBytes: limits.maxOutputBytes,
      captureBytes: limits.captureBytes,
    },
    permissions: policy.flags,
    bestEffort: enforcement === 'best-effort',
    hosts: resolver.hosts ?? {},
    servers: resolver.servers ?? [],
    maxConnections,
    pins: policy.pins,
  }
}

function neverStarted(): CoreOutcome {
  return {
    exitCode: null,
    signal: null,
    stdout: '',
    stderr: '',
    stdoutDroppedBytes: 0,
    stderrDroppedBytes: 0,
    timedOut: false,
    cancelled: true,
    limit: null,
    durationMs: 0,
    peakMemoryBytes: 0,
    denials: [],
  }
}

function startError(command: string, { error }: NotStarted): RunletError {
  const { code, field, reason } = error
  const message = `command ${shown(command)} was not started: ${reason}`
  const details = field === null ? { command } : { command, field }
  return new RunletError(code, message, { details, retryable: code === 'WORKER_LOST' })
}

/** A sandbox without the means to keep it would be none. */
function notHere(): RunletError {
  const message = 'sandboxedSpawn needs Linux: this version confines no processes on other systems'
  const details = { platform: process.platform }
  return new RunletError('POLICY_UNENFORCEABLE', message, { details })
}

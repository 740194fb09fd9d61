/** What is kept of calls: counts, log lines, records for an audit, heap snapshots. */

import type {
  ToolAuditRecord,
  ToolLogger,
  ToolPhase,
  ToolResult,
  ToolRuntimeStats,
} from '../../index.js'
import { addon } from '../addon'
import { RunletError } from '../errors'
import { byteLength } from '../values'
import { type AuditTrail, auditToFile, auditToFunction } from './audit'
import type { TraceEnd } from './diagnostics'
import { beginHeapSnapshot } from './heap-store'
import type { ResolvedToolOptions } from './options'
import { type CallIds, failed, toolError } from './outcome'
import type { CoreAnswer, CoreStats } from './room'
import { ToolCounters } from './stats'
import type { Store } from './store'

/** What is known of a call besides its result. */
export interface CallFacts {
  phase: ToolPhase
  core: CoreAnswer | undefined
  /** Names of the host's variables that its process got. */
  inherited: readonly string[]
  /** Values of the variables that it was given; never logged. */
  secrets: readonly string[]
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const
type Level = (typeof LEVELS)[number]
/** Longest line that goes to the logger. */
const LINE = 256

/** Keeps what a runtime's options ask for. */
export class Recorder {
  readonly #options: ResolvedToolOptions
  readonly #folder: string
  readonly #counters = new ToolCounters()
  readonly #trail: AuditTrail | undefined

  constructor(options: ResolvedToolOptions, store: Store) {
    this.#options = options
    this.#folder = store.folder
    if (options.security.auditMode) {
      const { onAudit } = options
      this.#trail =
        onAudit === undefined
          ? auditToFile(store.folder)
          : auditToFunction((record) => onAudit({ ...record }))
    }
  }

  /**
   * Notes the end of a call.
   *
   * @returns the result; a failed one in its place when the audit trail cannot be written
   */
  async settle(ids: CallIds, result: ToolResult, facts: CallFacts): Promise<ToolResult> {
    let settled = result
    const { core } = facts
    if (core !== undefined && core.heapText !== '') await this.#keepHeap(ids, core.heapText)
    this.#log(ids, result, facts)
    const trail = this.#trail
    try {
      if (trail !== undefined) {
        for (const record of this.#records(ids, result, facts)) await trail.write(record)
      }
    } catch (error) {
      const { ok, output, error: _, ...rest } = result as ToolResult & Record<string, unknown>
      const cause =
        error instanceof RunletError
          ? error
          : new RunletError('INTERNAL', 'the audit trail could not be written')
      settled = failed(rest as never, toolError(ids, 'execute', cause))
    }
    const failure = core?.outcome.failure
    this.#counters.settled({
      durationMs: settled.durationMs,
      phase: facts.phase,
      denials: settled.denials,
      ...(settled.ok ? {} : { code: settled.error.code }),
      ...(typeof failure?.details.limit === 'string' && { limit: failure.details.limit }),
      ...(core !== undefined &&
        core.valueText !== '' && { outputBytes: byteLength(core.valueText) }),
      ...(failure?.process && {
        exitCode: failure.process.exitCode,
        signal: failure.process.signal,
      }),
    })
    return settled
  }

  /** Counts until now. */
  stats(core: CoreStats): ToolRuntimeStats {
    return { ...this.#counters.snapshot(), ...core }
  }

  /** What subscribers hear of a call's end. */
  traceEnd(result: ToolResult): TraceEnd {
    const { ok, durationMs, queueMs, startMs, attempts, warm } = result
    const error = result.ok ? {} : { code: result.error.code, error: result.error }
    return { ok, durationMs, queueMs, startMs, attempts, warm, ...error }
  }

  *#records(ids: CallIds, result: ToolResult, facts: CallFacts): Generator<ToolAuditRecord> {
    const { security } = this.#options
    const at = new Date().toISOString()
    if (security.logAccess) {
      for (const target of facts.inherited) {
        yield { at, type: 'grant', ...ids, kind: 'env', target, decision: 'allowed' }
      }
    }
    const { core, phase } = facts
    const { ok, attempts, warm, durationMs, queueMs, startMs, logs, peakMemoryBytes } = result
    yield {
      at,
      type: 'call',
      ...ids,
      phase,
      ok,
      code: result.ok ? undefined : result.error.code,
      attempts,
      warm,
      durationMs,
      queueMs,
      startMs,
      inputBytes: core?.inputBytes,
      outputBytes: byteLength(core?.valueText),
      stdoutBytes: byteLength(logs.stdout) + logs.stdoutDroppedBytes,
      stderrBytes: byteLength(logs.stderr) + logs.stderrDroppedBytes,
      peakMemoryBytes,
    }
  }

  async #keepHeap(ids: CallIds, text: string): Promise<void> {
    try {
      const snapshot = await beginHeapSnapshot(this.#folder, ids.toolId)
      await snapshot.write(Buffer.from(text))
      await snapshot.finish()
    } catch (error) {
      // The tool's own failure is what the caller asked about.
      this.#say(
        'warn',
        { ...ids, reason: String(Reflect.get(Object(error), 'code')) },
        'no heap snapshot was kept',
      )
    }
  }

  #log(ids: CallIds, result: ToolResult, { secrets, inherited }: CallFacts): void {
    const { logger, debug, security } = this.#options
    if (logger === undefined) return
    if (debug.enabled) {
      for (const line of result.logs.stderr.split('\n')) {
        if (line !== '') this.#say('info', { ...ids, stream: 'stderr' }, this.#shown(line, secrets))
      }
    }
    if (security.logAccess) {
      for (const target of inherited) {
        this.#say('info', { ...ids, kind: 'env', target, decision: 'allowed' }, 'access decided')
      }
    }
    const { ok, durationMs, attempts, warm } = result
    if (!result.ok) {
      this.#say('warn', { ...ids, code: result.error.code, durationMs, attempts }, 'tool failed')
    } else if (security.logAllOperations || debug.enabled) {
      this.#say('info', { ...ids, ok, durationMs, attempts, warm }, 'tool done')
    }
  }

  #shown(line: string, secrets: readonly string[]): string {
    const text = this.#options.redact ? addon().native.redactText(line, [...secrets]) : line
    return text.length > LINE ? `${text.slice(0, LINE)}...` : text
  }

  #say(level: Level, facts: object, message: string): void {
    const { logger, debug } = this.#options
    if (logger === undefined || LEVELS.indexOf(level) < LEVELS.indexOf(debug.logLevel)) return
    try {
      ;(logger as ToolLogger)[level](facts, message)
    } catch {
      // A logger that throws must not change what became of a call.
    }
  }
}

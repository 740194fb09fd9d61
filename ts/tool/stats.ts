/** Counters and histograms of one tool runtime. */

import type {
  Denial,
  ErrorCode,
  ToolErrorKind,
  ToolHistogram,
  ToolPhase,
  ToolRuntimeStats,
} from '../../index.js'

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const BYTES = [100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000]

/** How a call ended, as far as it is counted. */
export interface CountedCall {
  /** Absent when the tool answered. */
  code?: ErrorCode
  /** What the call was doing when it failed. */
  phase?: ToolPhase
  /** Which limit was reached, for `OUTPUT_LIMIT`. */
  limit?: string
  /** From the caller's call to its result, ms. */
  durationMs: number
  /** Bytes of the result, if there is one. */
  outputBytes?: number
  /** How the child ended by itself, if it did. */
  exitCode?: number | null
  signal?: string | null
  /** What its sandbox refused. */
  denials?: readonly Denial[]
}

/** What is counted here; the queue and the pool are counted where they are, in the core. */
export type CountedStats = Omit<ToolRuntimeStats, 'queued' | 'running' | 'pool'>

/** Counts; `snapshot` gives them out as a copy. */
export class ToolCounters {
  readonly #executions = { success: 0, error: 0, timeout: 0 }
  readonly #kinds = new Map<ToolErrorKind, number>(KINDS.map((kind) => [kind, 0]))
  readonly #codes = new Map<ErrorCode, number>()
  readonly #exits = new Map<string, number>()
  readonly #signals = new Map<string, number>()
  readonly #denials = { read: 0, write: 0, net: 0, dns: 0, run: 0 }
  readonly #seconds = new Histogram(SECONDS)
  readonly #bytes = new Histogram(BYTES)

  /** A call has its result, whether it ever had a turn or not. Once for each call. */
  settled(call: CountedCall): void {
    this.#seconds.add(call.durationMs / 1000)
    if (call.outputBytes !== undefined) this.#bytes.add(call.outputBytes)
    for (const { kind, count } of call.denials ?? []) {
      if (kind !== 'chmod') this.#denials[kind] += count
    }
    if (typeof call.signal === 'string') increase(this.#signals, call.signal)
    else if (typeof call.exitCode === 'number') increase(this.#exits, String(call.exitCode))
    if (call.code === undefined) {
      this.#executions.success += 1
      return
    }
    this.#executions[call.code === 'TIMEOUT' ? 'timeout' : 'error'] += 1
    increase(this.#codes, call.code)
    increase(this.#kinds, kindOf(call.code, call.phase, call.limit))
  }

  /** A copy that later counts do not change. */
  snapshot(): CountedStats {
    return {
      executions: { ...this.#executions },
      errorsByKind: Object.fromEntries(this.#kinds) as Record<ToolErrorKind, number>,
      byCode: Object.fromEntries(this.#codes) as Partial<Record<ErrorCode, number>>,
      timeouts: this.#executions.timeout,
      processExits: {
        exit: Object.fromEntries(this.#exits),
        signal: Object.fromEntries(this.#signals),
      },
      executeSeconds: this.#seconds.snapshot(),
      outputBytes: this.#bytes.snapshot(),
      denials: { ...this.#denials },
    }
  }
}

const KINDS: readonly ToolErrorKind[] = [
  'start',
  'request',
  'response',
  'stderr',
  'wait',
  'parse',
  'timeout',
  'unknown',
]

/** Where in a call's life its failure belongs. */
function kindOf(code: ErrorCode, phase?: ToolPhase, limit?: string): ToolErrorKind {
  switch (code) {
    case 'TIMEOUT':
      return 'timeout'
    case 'PROTOCOL_ERROR':
      return 'parse'
    case 'PROCESS_EXIT':
    case 'MEMORY_LIMIT':
      return 'wait'
    case 'OUTPUT_LIMIT':
      return limit === 'maxLogBytes' ? 'stderr' : 'response'
    case 'INVALID_ARGUMENT':
      return 'request'
    case 'VALIDATION_ERROR':
      return phase === 'settle' ? 'response' : 'request'
    case 'RUNTIME_NOT_FOUND':
    case 'POLICY_UNENFORCEABLE':
    case 'SYNTAX_ERROR':
      return 'start'
    case 'WORKER_LOST':
      return phase === 'run' ? 'request' : 'start'
    default:
      return phase === 'start' || phase === 'import' ? 'start' : 'unknown'
  }
}

class Histogram {
  readonly #bounds: readonly number[]
  readonly #counts: number[]
  #sum = 0

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = new Array<number>(bounds.length + 1).fill(0)
  }

  add(value: number): void {
    const found = this.#bounds.findIndex((bound) => value <= bound)
    const at = found === -1 ? this.#bounds.length : found
    this.#counts[at] = (this.#counts[at] ?? 0) + 1
    this.#sum += value
  }

  snapshot(): ToolHistogram {
    const count = this.#counts.reduce((total, each) => total + each, 0)
    return { bounds: [...this.#bounds], counts: [...this.#counts], count, sum: this.#sum }
  }
}

function increase<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

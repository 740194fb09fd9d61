/** One run from submission to its settled promise. */

import { randomUUID } from 'node:crypto'
import type {
  AbortSignalLike,
  CodeletResult,
  ConsoleLog,
  ErrorCode,
  RunnerLogger,
} from '../../index.js'
import { CloneFault } from '../clone/kinds'
import { RunletError } from '../errors'
import { HostCalls, type HostTarget } from '../host'
import { messages } from '../messages'
import { type Payload, type Received, readPayload, type Values } from '../payload'
import { onAbort } from '../signal'
import { bridge, type Ending, follow, type OpenRun, pump, submit, submitPlan } from './bridge'
import { type FaceFailure, failedLate, readOutcome, setCause } from './outcome'
import { Replies } from './replies'

/** Run ids of the addon start over in each process; the ids that leave the package must not. */
const PROCESS_ID = randomUUID().replaceAll('-', '').slice(0, 16)

/** What is submitted. */
export interface Submission {
  runner: number
  input: Payload | undefined
  /** The number of a kept plan, or what would be one. */
  plan: number | { code: string; request: string }
}

/** What belongs to the run on the host side. */
export interface Attachments {
  targets?: readonly HostTarget[]
  /** How values cross; as JSON when absent. */
  values?: Values
  signal?: AbortSignalLike | undefined
  onLog?: ((entry: ConsoleLog) => unknown) | undefined
  logger?: RunnerLogger | undefined
  /** Ends the process that a run lives in, if it lives in one. */
  distrust?: ((run: number) => void) | undefined
  /** Told when a result that the addon counts as a success turns out not to be one. */
  onRecoded?: (code: ErrorCode) => void
  /** Told once, just before the promise settles. */
  onEnd: () => void
}

/**
 * Submits a run.
 *
 * @returns the outcome; rejects with `INTERNAL` only if the addon itself fails
 */
export function startRun(submission: Submission, attachments: Attachments): Promise<CodeletResult> {
  return new Promise((resolve, reject) => {
    new Run(attachments, resolve, reject).start(submission)
  })
}

class Run implements OpenRun {
  readonly #attached: Attachments
  readonly #resolve: (result: CodeletResult) => void
  readonly #reject: (error: RunletError) => void
  #calls: HostCalls | undefined
  #replies: Replies | undefined
  #stopListening: (() => void) | undefined
  #id = 0

  constructor(
    attached: Attachments,
    resolve: (result: CodeletResult) => void,
    reject: (error: RunletError) => void,
  ) {
    this.#attached = attached
    this.#resolve = resolve
    this.#reject = reject
  }

  start({ runner, input, plan }: Submission): void {
    const { targets, signal, values } = this.#attached
    try {
      const native = bridge()
      const id =
        typeof plan === 'number'
          ? submitPlan(runner, plan, input)
          : submit(runner, plan.code, input, plan.request)
      this.#id = id
      follow(id, this)
      // Such a run calls nothing of the host, so nobody is called before `run` has returned.
      if (typeof plan === 'number') pump()
      if (targets !== undefined && targets.length > 0) {
        this.#replies = new Replies(native, id)
        this.#calls = new HostCalls(`${PROCESS_ID}-${id}`, targets, this.#replies, values)
      }
      if (signal !== undefined) {
        this.#stopListening = onAbort(signal, () => {
          this.#calls?.end(signal.reason)
          native.cancel(id)
        })
      }
    } catch (cause) {
      this.#broken(cause)
    }
  }

  ended(ending: Ending): void {
    this.#stopListening?.()
    this.#calls?.end()
    try {
      const result = this.#amend(this.#read(ending))
      this.#attached.onEnd()
      this.#resolve(result)
    } catch (cause) {
      this.#broken(cause)
    }
  }

  logged(entry: ConsoleLog): void {
    const complain = (error: unknown) => this.#complain(error)
    try {
      const answer = this.#attached.onLog?.(entry)
      // An async callback's rejection would otherwise end the whole process.
      if (typeof answer === 'object') Promise.resolve(answer).catch(complain)
    } catch (error) {
      complain(error)
    }
  }

  called(calls: string): void {
    this.#replies?.together(() => {
      for (const [seq, index, args] of JSON.parse(calls) as Array<[number, number, unknown[]]>) {
        this.#calls?.start(seq, index, () => args)
      }
    })
  }

  calledWith(seq: number, index: number, args: Received): void {
    this.#calls?.start(seq, index, () => {
      const list = readPayload(args)
      // A process that was taken over may say anything.
      if (!Array.isArray(list)) throw new TypeError('arguments that are no list')
      return list
    })
  }

  /**
   * A value that this runtime cannot make is a failed run like one that the guest cannot write. One that
   * no engine writes is a fault of ours, unless it comes from a process that was taken over.
   */
  #read(ending: Ending): CodeletResult {
    try {
      return readOutcome(ending)
    } catch (error) {
      if (error instanceof CloneFault) {
        const details = { reason: 'UNSERIALIZABLE_RESULT' }
        const message = messages.resultUnreadable(error.what)
        return this.#recoded(ending, { code: 'RUNTIME_ERROR', message, details })
      }
      if (this.#attached.distrust === undefined) throw error
      this.#attached.distrust(this.#id)
      const details = { reason: 'PROTOCOL' }
      const message = messages.processSaidNoValue()
      const retryable = ending.usage.hostCalls === 0
      return this.#recoded(ending, { code: 'WORKER_LOST', message, retryable, details })
    }
  }

  #recoded(ending: Ending, failure: FaceFailure): CodeletResult {
    this.#attached.onRecoded?.(failure.code)
    return failedLate(readOutcome({ ...ending, value: undefined }), failure)
  }

  /** Adds what only the host side knows: causes, and whether a host error is worth a retry. */
  #amend(result: CodeletResult): CodeletResult {
    if (result.ok) return result
    const { error } = result
    if (error.code === 'CANCELLED' && error.details?.by === 'signal') {
      setCause(error, this.#attached.signal?.reason)
    }
    const seq = error.details?.seq
    if (error.code === 'HOST_CALL_ERROR' && this.#calls?.hasFailed(seq) === true) {
      const cause = this.#calls.failure(seq)
      setCause(error, cause)
      error.retryable = isRetryable(cause)
    }
    return result
  }

  #complain(err: unknown): void {
    try {
      this.#attached.logger?.error({ err }, messages.onLogThrew())
    } catch {
      // A logger that throws has no one left to tell.
    }
  }

  #broken(cause: unknown): void {
    this.#stopListening?.()
    this.#attached.onEnd()
    this.#reject(new RunletError('INTERNAL', messages.nativeFault(), { cause }))
  }
}

/** As the host's own error says. A getter that throws says nothing. */
function isRetryable(error: unknown): boolean {
  try {
    return typeof error === 'object' && error !== null && Reflect.get(error, 'retryable') === true
  } catch {
    return false
  }
}

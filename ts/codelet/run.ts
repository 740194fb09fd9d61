/** One run from submission to its settled promise. */

import { randomUUID } from 'node:crypto'
import type { AbortSignalLike, CodeletResult, ConsoleLog, RunnerLogger } from '../../index.js'
import { RunletError } from '../errors'
import { HostCalls, type HostTarget } from '../host'
import { messages } from '../messages'
import { type Payload, readPayload } from '../payload'
import { onAbort } from '../signal'
import { bridge, follow, type OpenRun, submit } from './bridge'
import { readOutcome, setCause } from './outcome'

/** Run ids of the addon start over in each process; the ids that leave the package must not. */
const PROCESS_ID = randomUUID().replaceAll('-', '').slice(0, 16)

/** What is submitted. */
export interface Submission {
  runner: number
  code: string
  input: Payload | undefined
  request: string
}

/** What belongs to the run on the host side. */
export interface Attachments {
  targets?: readonly HostTarget[]
  signal?: AbortSignalLike | undefined
  onLog?: ((entry: ConsoleLog) => unknown) | undefined
  logger?: RunnerLogger | undefined
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
  #stopListening: (() => void) | undefined

  constructor(
    attached: Attachments,
    resolve: (result: CodeletResult) => void,
    reject: (error: RunletError) => void,
  ) {
    this.#attached = attached
    this.#resolve = resolve
    this.#reject = reject
  }

  start({ runner, code, input, request }: Submission): void {
    const { targets, signal } = this.#attached
    try {
      const native = bridge()
      const id = submit(runner, code, input, request)
      follow(id, this)
      if (targets !== undefined && targets.length > 0) {
        this.#calls = new HostCalls(`${PROCESS_ID}-${id}`, targets, {
          answer: (seq, value) =>
            native.reply(id, seq, true, value?.text, value?.form, value?.buffers),
          refuse: (seq, text) => native.reply(id, seq, false, text),
        })
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

  ended(
    outcomeText: string,
    text: string | undefined,
    form: unknown,
    buffers: ArrayBuffer[] | undefined,
  ): void {
    this.#stopListening?.()
    this.#calls?.end()
    try {
      const result = this.#amend(readOutcome(outcomeText, () => readPayload(text, form, buffers)))
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

  called(
    seq: number,
    index: number,
    text: string,
    form: unknown,
    buffers: ArrayBuffer[] | undefined,
  ): void {
    this.#calls?.start(seq, index, () => readPayload(text, form, buffers) as unknown[])
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

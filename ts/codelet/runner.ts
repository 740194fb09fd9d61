/**
 * The state behind a runner: checks a call, prepares what takes time, submits it, judges the output.
 *
 * A call that needs no preparation is submitted at once; only a file or an input schema makes it
 * wait. Whatever is wrong with the call itself rejects, whatever the codelet does is a result.
 */

import type { AbortSignalLike, CodeletResult, CodeletStats, RunnerLogger } from '../../index.js'
import { encodeClone } from '../clone/encode'
import { CloneFault } from '../clone/kinds'
import { invalidArgument, RunletError } from '../errors'
import { createHostFetch, type FetchCapability, type HostFetch } from '../fetch'
import type { HostTarget } from '../host'
import { messages } from '../messages'
import {
  isPlainText,
  isSmall,
  JSON_TEXT,
  type Payload,
  PLAIN_TEXT,
  payloadBytes,
  type Values,
} from '../payload'
import { onAbort } from '../signal'
import { byteLength, jsonText } from '../values'
import { bridge } from './bridge'
import { type FaceFailure, failedEarly, failedLate, setCause } from './outcome'
import { PlainRequests, requestText } from './request'
import { startRun } from './run'
import { type Bounds, type RunOptions, readRunOptions } from './run-options'
import type { RunnerOptions } from './runner-options'
import { validate } from './schema'
import { type FileSource, readSource, type TextSource } from './source'
import { readSourceFile } from './source-file'
import { Tally } from './tally'

/** Disposes in the addon what the caller has dropped. An open run keeps its runner from being dropped. */
const dropped = new FinalizationRegistry<number>((id) => bridge().disposeRunner(id))

/** Compiling an allow-list is worth keeping for as long as its grant lives. */
const fetches = new WeakMap<FetchCapability, HostFetch>()

/** One runner. Its public face in `codelets.ts` only holds functions that end here. */
export class Runner {
  readonly #id: number
  readonly #bounds: Bounds
  readonly #logger: RunnerLogger | undefined
  readonly #plain: PlainRequests
  readonly #tally = new Tally()
  #isDisposed = false
  #open = 0
  #whenIdle: Array<() => void> = []

  constructor({ text, bounds, logger }: RunnerOptions) {
    this.#id = bridge().createRunner(text)
    this.#bounds = bounds
    this.#logger = logger
    this.#plain = new PlainRequests(this.#id, bounds)
    dropped.register(this, this.#id, this)
  }

  /** Runs a codelet. Never throws: misuse rejects. */
  run(source: unknown, options: unknown): Promise<CodeletResult> {
    try {
      if (this.#isDisposed) throw new RunletError('DISPOSED', messages.disposed())
      const code = readSource(source)
      if ('code' in code && this.#plain.fits(options)) return this.#runPlain(code, options)
      return this.#runFully(code, readRunOptions(options, this.#bounds))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  stats(): CodeletStats {
    return this.#tally.correct(JSON.parse(bridge().stats(this.#id)) as CodeletStats)
  }

  /** Open runs end as CANCELLED; may be called again. */
  dispose(): void {
    if (this.#isDisposed) return
    this.#isDisposed = true
    dropped.unregister(this)
    bridge().disposeRunner(this.#id)
  }

  /** Settles when no run is open. */
  idle(): Promise<void> {
    if (this.#open === 0) return Promise.resolve()
    return new Promise((resolve) => this.#whenIdle.push(resolve))
  }

  #runPlain(
    source: TextSource,
    options: { input?: unknown; timeout_ms?: unknown } | undefined,
  ): Promise<CodeletResult> {
    const plan = this.#plain.plan(source, options?.timeout_ms)
    const input = this.#inputText(options?.input, 'json', undefined, this.#bounds.limits.base)
    this.#open += 1
    return startRun({ runner: this.#id, input, plan }, { onEnd: () => this.#closed() })
  }

  #runFully(source: TextSource | FileSource, options: RunOptions): Promise<CodeletResult> {
    const { signal, validateInput, validateOutput } = options
    if (signal?.aborted === true) return Promise.resolve(this.#cancelled('signal', signal))
    const isReady = 'code' in source && validateInput === undefined
    if (!isReady || validateOutput !== undefined) {
      // Input that no schema will change is refused before a file is read for it.
      if (validateInput === undefined) this.#checkedInput(options, options.input)
      return this.#runInSteps(source, options)
    }
    return this.#submit(source, options, this.#checkedInput(options, options.input))
  }

  async #runInSteps(source: TextSource | FileSource, options: RunOptions): Promise<CodeletResult> {
    this.#open += 1
    try {
      const ready = await this.#prepare(source, options)
      if ('ok' in ready) return ready
      const result = await this.#submit(ready.source, options, ready.input)
      return await this.#judge(result, options)
    } finally {
      this.#closed()
    }
  }

  /** Reads the file and asks the input schema, unless the run is cancelled meanwhile. */
  async #prepare(
    source: TextSource | FileSource,
    options: RunOptions,
  ): Promise<CodeletResult | { source: TextSource; input: Payload | undefined }> {
    const { signal, limits } = options
    const work = async () => {
      const text =
        'code' in source ? source : await readSourceFile(source, limits.maxSourceBytes ?? 0)
      if ('message' in text) return text
      if (options.validateInput === undefined) return { source: text, value: options.input }
      const checked = await validate(options.validateInput, 'input', options.input)
      return checked.ok ? { source: text, value: checked.value } : checked.failure
    }
    const done = await unlessAborted(work(), signal)
    if (this.#isDisposed) return this.#cancelled('dispose')
    if (done === ABORTED) return this.#cancelled('signal', signal)
    if ('message' in done) return this.#failed(done)
    return { source: done.source, input: this.#checkedInput(options, done.value) }
  }

  #submit(
    source: TextSource,
    options: RunOptions,
    input: Payload | undefined,
  ): Promise<CodeletResult> {
    const request = requestText(source, options)
    const targets = withFetch(options.host, options.grants.fetch)
    const { signal, onLog, values } = options
    const isApart = options.isolation === 'process'
    this.#open += 1
    return startRun(
      { runner: this.#id, input, plan: { code: source.code, request } },
      {
        targets,
        values,
        signal,
        onLog,
        logger: this.#logger,
        distrust: isApart ? (run) => bridge().distrust(this.#id, run) : undefined,
        onRecoded: (code) => this.#tally.recoded('OK', code),
        onEnd: () => this.#closed(),
      },
    )
  }

  async #judge(result: CodeletResult, { validateOutput }: RunOptions): Promise<CodeletResult> {
    if (!result.ok || validateOutput === undefined) return result
    const checked = await validate(validateOutput, 'output', result.value)
    if (checked.ok) return { ...result, value: checked.value }
    this.#tally.recoded('OK', checked.failure.code)
    return failedLate(result, checked.failure)
  }

  #checkedInput(options: RunOptions, input: unknown): Payload | undefined {
    return this.#inputText(input, options.values, options.globals, options.limits)
  }

  #inputText(
    input: unknown,
    values: Values,
    globals: string | undefined,
    { maxInputBytes }: Record<string, number | null>,
  ): Payload | undefined {
    const payload = values === 'clone' ? clonedInput(input) : inputPayload(input)
    const limit = maxInputBytes ?? Number.POSITIVE_INFINITY
    if (globals === undefined && (payload === undefined || isSmall(payload, limit))) return payload
    const bytes = (payload === undefined ? 0 : payloadBytes(payload)) + byteLength(globals)
    if (bytes <= limit) return payload
    const details = { accepted: `at most ${limit} bytes` }
    throw invalidArgument('input', messages.inputTooLarge(bytes, limit, values), details)
  }

  #cancelled(by: 'signal' | 'dispose', signal?: AbortSignalLike): CodeletResult {
    const message = by === 'signal' ? messages.cancelledBySignal() : messages.cancelledByDispose()
    const result = this.#failed({ code: 'CANCELLED', message, details: { by } })
    if (!result.ok && signal !== undefined) setCause(result.error, signal.reason)
    return result
  }

  #failed(failure: FaceFailure): CodeletResult {
    this.#tally.endedEarly(failure.code)
    return failedEarly(failure)
  }

  #closed(): void {
    this.#open -= 1
    if (this.#open > 0) return
    const waiting = this.#whenIdle
    this.#whenIdle = []
    for (const resolve of waiting) resolve()
  }
}

/** The input as it crosses. */
function inputPayload(input: unknown): Payload | undefined {
  if (isPlainText(input)) return { text: input, form: PLAIN_TEXT }
  const text = jsonText(input, 'input')
  return text === undefined ? undefined : { text, form: JSON_TEXT }
}

function clonedInput(input: unknown): Payload | undefined {
  try {
    return encodeClone(input, 'input')
  } catch (error) {
    if (!(error instanceof CloneFault)) throw error
    const { path, what, cause } = error
    const message = messages.unserializable(path, what)
    throw invalidArgument('input', message, cause === undefined ? {} : { cause })
  }
}

const ABORTED = Symbol('aborted')

/** The promise, or `ABORTED` as soon as the signal is aborted. */
async function unlessAborted<Value>(
  promise: Promise<Value>,
  signal: AbortSignalLike | undefined,
): Promise<Value | typeof ABORTED> {
  if (signal === undefined) return promise
  let stop = () => {}
  const aborted = new Promise<typeof ABORTED>((resolve) => {
    stop = onAbort(signal, () => resolve(ABORTED))
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    stop()
  }
}

/** The built-in fetch is the call behind the last function of the table. */
function withFetch(host: HostTarget[], grant: FetchCapability | undefined): HostTarget[] {
  if (grant === undefined) return host
  const perform = fetches.get(grant) ?? createHostFetch(grant)
  fetches.set(grant, perform)
  const call: HostTarget['call'] = ([url, init], makeContext) =>
    perform(url, init, makeContext().signal as AbortSignal)
  return [...host, { path: ['fetch'], name: 'fetch', call }]
}

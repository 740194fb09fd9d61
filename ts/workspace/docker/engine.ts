/** The engine, as far as it is asked with short calls of its client. */

import type { DockerRunner } from '../../../docker.js'
import type { BashResult } from '../../../index.js'
import { RunletError } from '../../errors'
import { callClient } from './client'
import type { Seen } from './hardening'
import type { DockerSettings } from './options'
import { engineWords } from './words'

/** What came of a call. */
export interface EngineAnswer {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** What the engine is. */
export interface EngineFacts {
  readonly rootless: boolean
  readonly podman: boolean
  /** Limits that it cannot keep. */
  readonly missing: readonly string[]
}

/** Enough for any answer but files. */
const MOST = 4 * 1024 * 1024
/** Of a call that starts nothing. */
export const SHORT_MS = 10_000

/** Why something could not be had of the engine; `reason` is for programs. */
export function engineFailure(reason: string, message: string): RunletError {
  return new RunletError('RUNTIME_NOT_FOUND', message, { details: { reason } })
}

/** Code of a call that took too long. */
export const LATE = 124

/** What engines say when nobody answers them. */
const UNREACHABLE =
  /cannot connect to|error during connect|is the docker daemon running|connection refused|unable to connect to podman|dial unix/i
const NO_IMAGE =
  /no such image|unable to find image|manifest (?:for .* )?(?:unknown|not found)|pull access denied|image not known|short-name/i

/** Sorts a failure by the engine's words. */
export function reasonOf(words: string): string {
  // First: of a registry that nobody reaches, engines say the same as of themselves.
  if (NO_IMAGE.test(words)) return 'image_missing'
  return UNREACHABLE.test(words) ? 'engine_unreachable' : 'run_failed'
}

/** One engine. */
export class Engine {
  readonly #settings: DockerSettings
  #facts: Promise<EngineFacts> | undefined

  constructor(settings: DockerSettings) {
    this.#settings = settings
  }

  /** Whether somebody else runs the client. */
  get foreign(): boolean {
    return this.#settings.runner !== undefined
  }

  /** Runs the client. Rejects only where it could not be started. */
  async call(
    args: readonly string[],
    { timeoutMs = SHORT_MS, input, most = MOST }: CallTerms = {},
  ): Promise<EngineAnswer> {
    const { docker } = this.#settings
    if (this.foreign) {
      return this.runForeign(args, { timeoutMs, ...(input !== undefined && { input }) })
    }
    const terms = { timeoutMs, most, ...(input !== undefined && { input }) }
    const answer = await callClient(docker, args, terms)
    if (answer.startError !== undefined) throw clientMissing(docker, answer.startError)
    const { out, err } = answer
    if (answer.timedOut) {
      const late = `${err}\nthe engine gave no answer within ${timeoutMs} ms`
      return { code: LATE, out, err: late }
    }
    if (answer.cut) return { code: 125, out: '', err: `the answer has more than ${most} bytes` }
    return { code: answer.code ?? 137, out, err }
  }

  /** Has somebody else run the client. @throws (rejects) RunletError where that gives no result */
  async runForeign(
    args: readonly string[],
    options: Parameters<DockerRunner>[2],
  ): Promise<BashResult> {
    const { docker, runner } = this.#settings
    let result: unknown
    try {
      result = await runner?.(docker, [...args], options)
    } catch (error) {
      const said: unknown = Reflect.get(Object(error), 'message')
      const words = this.words(typeof said === 'string' ? said : 'it threw no error')
      throw engineFailure('run_failed', `the runner failed: ${words}`)
    }
    const { code, out, err } = Object(result) as Record<string, unknown>
    if (Number.isInteger(code) && typeof out === 'string' && typeof err === 'string') {
      return result as BashResult
    }
    const message = 'the runner gave no result: it has to give { code, out, err, ms }'
    throw engineFailure('run_failed', message)
  }

  /** As `call`, and rejects where the client says that it failed. */
  async ask(args: readonly string[], terms: CallTerms & { root?: string } = {}): Promise<string> {
    const { code, out, err } = await this.call(args, terms)
    if (code === 0) return out
    const words = this.words(err, terms.root) || `the client ended with exit code ${code}`
    throw engineFailure(reasonOf(words), words)
  }

  /** Its words, fit to be shown. */
  words(text: string, root?: string): string {
    const { env } = this.#settings
    return engineWords(text, root === undefined ? { env } : { root, env })
  }

  /** What it is; asked once. @throws (rejects) RunletError where nobody answers */
  facts(): Promise<EngineFacts> {
    if (this.foreign) return Promise.resolve({ rootless: false, podman: false, missing: [] })
    this.#facts ??= this.#look().catch((error: unknown) => {
      this.#facts = undefined
      throw error
    })
    return this.#facts
  }

  async #look(): Promise<EngineFacts> {
    const { code, out, err } = await this.call(['info', '--format', '{{json .}}'])
    const told = record(out)
    const errors = told.ServerErrors
    const failed = Array.isArray(errors) && errors.length > 0
    if (code !== 0 || failed) {
      const words = this.words(failed ? errors.join('; ') : err) || 'the engine does not answer'
      throw engineFailure('engine_unreachable', words)
    }
    return readFacts(told)
  }
}

/** How a call is made. */
export interface CallTerms {
  readonly timeoutMs?: number
  readonly input?: string
  /** Bytes of an answer. */
  readonly most?: number
}

function clientMissing(docker: string, code: string): RunletError {
  const name = docker.split(/[\\/]/).pop() ?? 'docker'
  const why = code === 'ENOENT' ? 'it was not found' : code
  return engineFailure('engine_missing', `the client ${name} could not be started: ${why}`)
}

function record(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>
  } catch {
    return {}
  }
}

/** Names of limits that `docker info` has a switch for. */
const LIMITS: Readonly<Record<string, string>> = {
  MemoryLimit: 'memory',
  SwapLimit: 'memory',
  PidsLimit: 'processes',
  CpuCfsQuota: 'processors',
}

function readFacts(told: Record<string, unknown>): EngineFacts {
  const options = Array.isArray(told.SecurityOptions) ? told.SecurityOptions.map(String) : []
  const host = Object(told.host) as Record<string, unknown>
  const podman = told.host !== undefined
  const rootless = podman
    ? Reflect.get(Object(host.security), 'rootless') === true
    : options.some((option) => option.includes('rootless'))
  const missing = Object.entries(LIMITS).flatMap(([name, what]) =>
    told[name] === false ? [what] : [],
  )
  return { rootless, podman, missing: [...new Set(missing)] satisfies Seen['missing'] }
}

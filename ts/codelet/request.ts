/** The text that tells the addon how to run a codelet. */

import { addon } from '../addon'
import { integer, isRecord } from './fields'
import { NO_GRANTS, wireGrants } from './grants'
import type { Bounds, RunOptions } from './run-options'
import type { TextSource } from './source'

type Settings = Pick<
  RunOptions,
  'limits' | 'grants' | 'host' | 'modules' | 'globals' | 'deterministic' | 'onLog'
>

/** The request of one run, as JSON. */
export function requestText(source: TextSource, settings: Settings): string {
  return JSON.stringify({
    exportName: source.exportName,
    language: source.language,
    filename: source.filename,
    modules: settings.modules,
    globals: settings.globals ?? null,
    host: settings.host.map(({ path }) => path),
    allow: wireGrants(settings.grants),
    deterministic: settings.deterministic,
    values: 'direct',
    liveLogs: settings.onLog !== undefined,
    limits: settings.limits,
  })
}

/**
 * Requests of runs that give nothing but `input` and `timeout_ms`, the usual case of a hot loop.
 * Such a request depends on four plain values, so the last one is kept and compared by them: no
 * object of the caller's is trusted to have stayed the same.
 */
export class PlainRequests {
  readonly #bounds: Bounds
  readonly #isUsable: boolean
  #last: { source: TextSource; timeout: unknown; text: string } | undefined

  constructor(bounds: Bounds) {
    this.#bounds = bounds
    // Variables are read afresh for each run, and a fetch needs its host call answered.
    this.#isUsable = bounds.grants?.env === undefined && bounds.grants?.fetch === undefined
  }

  /** Whether options are of this kind. */
  fits(options: unknown): options is { input?: unknown; timeout_ms?: unknown } | undefined {
    if (!this.#isUsable) return false
    if (options === undefined) return true
    if (!isRecord(options)) return false
    for (const name of Object.keys(options)) {
      if (name !== 'input' && name !== 'timeout_ms') return false
    }
    return true
  }

  /** @throws RunletError `INVALID_ARGUMENT` for a bad `timeout_ms` */
  text(source: TextSource, timeout: unknown): string {
    const last = this.#last
    if (last !== undefined && last.timeout === timeout && alike(last.source, source)) {
      return last.text
    }
    const text = requestText(source, {
      limits: this.#limits(timeout),
      grants: this.#bounds.grants ?? NO_GRANTS,
      host: [],
      modules: [],
      globals: undefined,
      deterministic: null,
      onLog: undefined,
    })
    this.#last = { source, timeout, text }
    return text
  }

  #limits(timeout: unknown) {
    const { limits } = this.#bounds
    const fact = addon().facts.limits.timeoutMs
    if (timeout === undefined || fact === undefined) return limits.base
    return limits.apply({ timeoutMs: integer(timeout, 'timeout_ms', fact) })
  }
}

/** `code` is not part of a request. */
function alike(a: TextSource, b: TextSource): boolean {
  return a.exportName === b.exportName && a.language === b.language && a.filename === b.filename
}

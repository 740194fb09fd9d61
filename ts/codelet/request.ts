/** The text that tells the addon how to run a codelet. */

import { addon } from '../addon'
import { bridge } from './bridge'
import { integer, isRecord } from './fields'
import { NO_GRANTS, wireGrants } from './grants'
import type { Submission } from './run'
import type { Bounds, RunOptions } from './run-options'
import type { TextSource } from './source'

type Settings = Pick<
  RunOptions,
  | 'limits'
  | 'grants'
  | 'host'
  | 'modules'
  | 'globals'
  | 'deterministic'
  | 'values'
  | 'isolation'
  | 'onLog'
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
    // Strings of a JSON run cross as they are.
    values: settings.values === 'clone' ? 'clone' : 'direct',
    liveLogs: settings.onLog !== undefined,
    isolation: settings.isolation,
    limits: settings.limits,
  })
}

/** Plans kept by one runner, at most; the oldest leaves first. */
const MOST_PLANS = 64
/** Longer code is sent with each run: keeping it twice would cost more than it saves. */
const LONGEST_CODE = 256 * 1024

/** A plan that the addon keeps, and all it was made from but the code. */
interface Plan {
  id: number
  source: TextSource
  timeout: unknown
}

/**
 * Runs that give nothing but `input` and `timeout_ms`, the usual case of a hot loop. What is run is
 * then known by five plain values, so it is sent once and referred to by its number: no object of
 * the caller's is trusted to have stayed the same.
 */
export class PlainRequests {
  readonly #runner: number
  readonly #bounds: Bounds
  readonly #isUsable: boolean
  /** By code. */
  readonly #plans = new Map<string, Plan>()

  constructor(runner: number, bounds: Bounds) {
    this.#runner = runner
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
  plan(source: TextSource, timeout: unknown): Submission['plan'] {
    const known = this.#plans.get(source.code)
    if (known !== undefined && known.timeout === timeout && alike(known.source, source)) {
      return known.id
    }
    const request = requestText(source, {
      limits: this.#limits(timeout),
      grants: this.#bounds.grants ?? NO_GRANTS,
      host: [],
      modules: [],
      globals: undefined,
      deterministic: null,
      values: 'json',
      isolation: this.#bounds.isolation,
      onLog: undefined,
    })
    const { code } = source
    if (code.length > LONGEST_CODE) return { code, request }
    const id = bridge().keepPlan(this.#runner, code, request)
    this.#keep({ id, source, timeout }, known)
    return id
  }

  #keep(plan: Plan, replaced: Plan | undefined): void {
    const { code } = plan.source
    if (replaced !== undefined) this.#drop(code, replaced)
    else if (this.#plans.size >= MOST_PLANS) {
      for (const [oldest, gone] of this.#plans) {
        this.#drop(oldest, gone)
        break
      }
    }
    this.#plans.set(code, plan)
  }

  #drop(code: string, { id }: Plan): void {
    this.#plans.delete(code)
    bridge().dropPlan(this.#runner, id)
  }

  #limits(timeout: unknown) {
    const { limits } = this.#bounds
    const fact = addon().facts.limits.timeoutMs
    if (timeout === undefined || fact === undefined) return limits.base
    return limits.apply({ timeoutMs: integer(timeout, 'timeout_ms', fact) })
  }
}

/** Whether two sources of the same code are the same to the addon. */
function alike(a: TextSource, b: TextSource): boolean {
  return a.exportName === b.exportName && a.language === b.language && a.filename === b.filename
}

/** Runs that ended in the face, or whose verdict it changed, added to the addon's counters. */

import type { CodeletStats, ErrorCode } from '../../index.js'

type Verdict = ErrorCode | 'OK'

/** The difference between what the addon counted and what callers saw. */
export class Tally {
  #early = 0
  readonly #changes = new Map<Verdict, number>()

  /** A run that never reached the addon. */
  endedEarly(code: ErrorCode): void {
    this.#early += 1
    this.#add(code, 1)
  }

  /** A run that the addon counted under another code. */
  recoded(from: Verdict, to: ErrorCode): void {
    this.#add(from, -1)
    this.#add(to, 1)
  }

  /** The counters as callers saw the runs end. */
  correct(stats: CodeletStats): CodeletStats {
    stats.runs += this.#early
    for (const [code, change] of this.#changes) {
      stats.runsByCode[code] = (stats.runsByCode[code] ?? 0) + change
    }
    return stats
  }

  #add(code: Verdict, change: number): void {
    this.#changes.set(code, (this.#changes.get(code) ?? 0) + change)
  }
}

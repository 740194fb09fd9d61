/** What an operator should know of a runtime, said once. */

import type { RuntimeLogger } from '../../index.js'

/** Names of warnings. */
export type Warning =
  | 'security.runtime_host'
  | 'security.sandbox_unavailable'
  | 'security.engine_fallback'
  | 'security.docker_root'
  | 'security.gondolin_egress'

const said = new Set<string>()

/** Sentences for those who gave no logger. */
const TEXTS: Readonly<Record<Warning, string>> = {
  'security.runtime_host': 'commands run on the host, with its rights: for trusted callers only',
  'security.sandbox_unavailable': 'the kernel of this machine does not confine commands',
  'security.engine_fallback': 'another engine than the first choice runs the virtual shell',
  'security.docker_root': 'commands run as root inside their container',
  'security.gondolin_egress': 'the virtual machine may reach every host',
}

/** Says warnings to a logger, each once, or to the process, once for all loggers that there are not. */
export class Warnings {
  readonly #logger: RuntimeLogger | undefined
  readonly #said = new Set<string>()

  constructor(logger: RuntimeLogger | undefined) {
    this.#logger = logger
  }

  warn(warning: Warning, fields: Record<string, unknown>): void {
    const key = `${warning} ${String(fields.runtime)}`
    const before = this.#logger === undefined ? said : this.#said
    if (before.has(key)) return
    before.add(key)
    if (this.#logger !== undefined) {
      try {
        this.#logger.warn(warning, fields)
      } catch {
        // The logger's own affair.
      }
      return
    }
    const why = fields.reason === undefined ? '' : ` (${String(fields.reason)})`
    process.emitWarning(`${String(fields.runtime)}: ${TEXTS[warning]}${why}`, {
      type: 'RunletWarning',
      code: warning,
    })
  }
}

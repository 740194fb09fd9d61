/** The guard of a runtime: judges a command, asks whoever is to be asked, and says yes or no. */

import type {
  ApprovalGrant,
  ApprovalRequest,
  BashGuardFacts,
  CommandAnalysis,
  Guard,
  GuardOptions,
  RuntimeScope,
} from '../../index.js'
import type { Ending } from './exit-codes'
import { verdictOn } from './verdict'

const APPROVAL_MS = 60_000

/** Whose command it is. */
export interface Asking {
  readonly runtime: string
  readonly scope: RuntimeScope
  readonly chat: string
  readonly approved: ApprovalGrant | undefined
  /** Settles when the caller gives up. */
  readonly aborted: Promise<void>
  /** Runs what may take long without a place among those that run. */
  readonly aside: <T>(work: () => Promise<T>) => Promise<T>
}

/** A yes, or how the command ends. */
export type Answer =
  | { readonly ending?: undefined; readonly facts: BashGuardFacts | undefined }
  | { readonly ending: Ending; readonly facts: BashGuardFacts | undefined }

/** A guard with the texts that may run without asking. */
export class RuntimeGuard implements Guard {
  readonly #options: GuardOptions
  readonly #root: string
  readonly #grants = new WeakSet<ApprovalGrant>()

  constructor(options: GuardOptions, root: string) {
    this.#options = options
    this.#root = root
  }

  analyze(command: string): CommandAnalysis {
    return verdictOn(command, this.#options, this.#root)
  }

  grant(command: string): ApprovalGrant {
    const grant = Object.freeze({ command })
    this.#grants.add(grant)
    return grant
  }

  /** Decides on a command. */
  async decide(command: string, asking: Asking): Promise<Answer> {
    const analysis = this.analyze(command)
    const { risk, reason } = analysis
    if (risk === 'allow') return { facts: undefined }
    if (risk === 'block') {
      const details = { reason: 'blocked', code: analysis.code, span: analysis.span }
      return { ending: { why: 'blocked', reason, details }, facts: { risk, reason } }
    }
    if (this.#redeem(asking.approved, command)) return { facts: { risk, reason, approved: true } }
    const answer = await this.#ask(command, analysis, asking)
    if (answer === 'yes') return { facts: { risk, reason, approved: true } }
    const facts: BashGuardFacts = { risk, reason, approved: false }
    if (answer === 'aborted') return { ending: { why: 'cancelled' }, facts }
    const details = { reason: answer, code: analysis.code, span: analysis.span }
    return { ending: { why: 'not-approved', reason, details }, facts }
  }

  /** Uses a grant up. One for another text, of another guard or used before is none. */
  #redeem(grant: ApprovalGrant | undefined, command: string): boolean {
    if (grant === undefined || !this.#grants.has(grant) || grant.command !== command) return false
    return this.#grants.delete(grant)
  }

  async #ask(
    command: string,
    analysis: CommandAnalysis,
    asking: Asking,
  ): Promise<'yes' | 'denied' | 'approval_required' | 'aborted'> {
    const { onApproval, approvalTimeoutMs = APPROVAL_MS } = this.#options
    if (onApproval === undefined) return 'approval_required'
    const { runtime, scope, chat } = asking
    const request: ApprovalRequest = {
      command,
      reason: analysis.reason,
      analysis,
      runtime,
      scope,
      chat,
    }
    return asking.aside(async () => {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<'denied'>((resolve) => {
        timer = setTimeout(() => resolve('denied'), approvalTimeoutMs)
      })
      const said = (async () => ((await onApproval(request)) === true ? 'yes' : 'denied'))()
      try {
        return await Promise.race([
          said.catch(() => 'denied' as const),
          late,
          asking.aborted.then(() => 'aborted' as const),
        ])
      } finally {
        clearTimeout(timer)
      }
    })
  }
}

/** What the options come to for the calls of one tool: read once, not for every call. */

import type { ToolOverride } from '../../index.js'
import { RunletError } from '../errors'
import type { ResolvedToolOptions } from './options'
import type { Policy } from './policy'
import { checkToolInput } from './request'

/** Terms of a tool's calls. */
export interface Plan {
  readonly toolId: string
  /** What the options say of this tool alone. */
  readonly tool: ToolOverride | undefined
  readonly policy: Policy
  /** The variables that a process is given: those of the runtime, the tool and the call. */
  readonly env: Readonly<Record<string, string>>
  /** Their values, which nothing of ours may show. */
  readonly secrets: readonly string[]
  /** Names of the host's variables that a process gets. */
  readonly inherited: readonly string[]
  /** Why there can be no such call. */
  readonly fault: RunletError | undefined
  /** Has no variables of one call. */
  readonly shared: boolean
  /** The number that the core has for it, once it has one. */
  number: number | undefined
}

/** More are made for each call: a caller may take ids from anywhere. */
const KEPT = 1000

/** The plans of a runtime. */
export class Plans {
  readonly #options: ResolvedToolOptions
  readonly #policyOf: (toolId: string) => Policy
  readonly #kept = new Map<string, Plan>()

  constructor(options: ResolvedToolOptions, policyOf: (toolId: string) => Policy) {
    this.#options = options
    this.#policyOf = policyOf
  }

  /** The plan for a call of that tool with these variables of its own. */
  of(toolId: string, callEnv: Readonly<Record<string, string>>): Plan {
    for (const _ in callEnv) return this.#make(toolId, callEnv, false)
    const known = this.#kept.get(toolId)
    if (known !== undefined) return known
    const shared = this.#kept.size < KEPT
    const plan = this.#make(toolId, callEnv, shared)
    if (shared && plan.fault === undefined) this.#kept.set(toolId, plan)
    return plan
  }

  #make(given: string, callEnv: Readonly<Record<string, string>>, shared: boolean): Plan {
    const { tools } = this.#options
    const tool = Object.hasOwn(tools, given) ? tools[given] : undefined
    const policy = this.#policyOf(given)
    const env = { ...this.#options.env, ...tool?.env, ...callEnv }
    let toolId = given
    let fault: RunletError | undefined
    try {
      toolId = checkToolInput(given, env, policy.flags)
    } catch (error) {
      if (!(error instanceof RunletError)) throw error
      fault = error
    }
    const secrets = Object.values(env)
    const inherited = Object.keys(policy.inherited)
    const number = undefined
    return { toolId, tool, policy, env, secrets, inherited, fault, shared, number }
  }
}

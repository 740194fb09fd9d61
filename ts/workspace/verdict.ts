/** Verdicts on commands: the core's, and patterns of the caller's over what it found. */

import { resolve } from 'node:path'
import type {
  AnalyzedCommand,
  CommandAnalysis,
  CommandConfirmation,
  CommandLists,
  CommandRisk,
  CommandVerdict,
  GuardOptions,
  GuardRule,
} from '../../index.js'
import { RunletError } from '../errors'
import { analyze, type ClassifyTerms } from './classify'

const SEVERITY: Readonly<Record<CommandRisk, number>> = { allow: 0, approval: 1, block: 2 }

/** The part of a guard's options that a verdict depends on. */
export type Judging = Pick<GuardOptions, 'allow' | 'approve' | 'block' | 'rules' | 'onUnclear'>

type Tested = Extract<GuardRule, { test: unknown }>
type Coded = CommandVerdict & { code: string }

function matching(patterns: readonly RegExp[] | undefined, text: string): RegExp | undefined {
  return patterns?.find((pattern) => {
    // A global pattern would start where its last match ended.
    pattern.lastIndex = 0
    return pattern.test(text)
  })
}

function isTested(rule: GuardRule): rule is Tested {
  return 'test' in rule
}

/** What a rule that threw says of a command: it was there to be asked. */
function holds({ test }: Tested, command: AnalyzedCommand): boolean {
  const answer: unknown = test(command)
  if (typeof answer === 'boolean') return answer
  throw new RunletError('INVALID_ARGUMENT', 'a rule of the guard returned neither true nor false', {
    details: { field: 'rules' },
  })
}

function coded(risk: CommandRisk, what: string, code = 'RULE'): Coded {
  const verb = { allow: 'allowed', approval: 'approval', block: 'blocked' }[risk]
  return { risk, reason: `${verb} by ${what}`, code }
}

/** One command under the caller's patterns and functions: block, allow, approve, and what it had. */
function judged(command: AnalyzedCommand, lists: CommandLists, tested: readonly Tested[]): Coded {
  const own = { risk: command.risk, reason: command.reason, code: command.code }
  if (own.risk === 'block') return own
  const rule = (risk: CommandRisk) =>
    tested.some((candidate) => candidate.risk === risk && holds(candidate, command))
  const blocking = matching(lists.block, command.source)
  if (blocking !== undefined) return coded('block', `${blocking}`)
  if (rule('block')) return coded('block', 'a rule')
  if (command.overridable || own.risk === 'allow') {
    const allowing = matching(lists.allow, command.source)
    if (allowing !== undefined) return coded('allow', `${allowing}`)
    if (rule('allow')) return coded('allow', 'a rule')
  }
  if (own.risk === 'approval') return own
  const approving = matching(lists.approve, command.source)
  if (approving !== undefined) return coded('approval', `${approving}`)
  return rule('approval') ? coded('approval', 'a rule') : own
}

/** Judges a text by the built-in rules and by the caller's. */
export function verdictOn(text: string, judging: Judging, root?: string): CommandAnalysis {
  const rules = judging.rules ?? []
  const tested = rules.filter(isTested)
  const written = (risk: CommandRisk) =>
    rules.flatMap((rule) => (rule.risk === risk && 'rule' in rule ? [rule.rule] : []))
  const terms: ClassifyTerms = {
    allow: written('allow'),
    approve: written('approval'),
    block: written('block'),
    ...(judging.onUnclear !== undefined && { onUnclear: judging.onUnclear }),
    ...(root !== undefined && { workspace: resolve(root) }),
  }
  const found = analyze(text, terms)
  const commands = found.commands.map((command) => ({
    ...command,
    ...judged(command, judging, tested),
  }))
  const blocking = matching(judging.block, text)
  const whole = blocking === undefined ? found.whole : coded('block', `${blocking}`)
  let worst: Coded & { span: CommandAnalysis['span'] } = { ...whole, span: null }
  for (const command of commands) {
    const { risk, reason, code, span } = command
    // Of two that are as bad the first counts; being allowed says more than being left alone.
    const more =
      SEVERITY[risk] > SEVERITY[worst.risk] ||
      (risk === worst.risk && risk === 'allow' && worst.code === 'SAFE_DEFAULT')
    if (more) worst = { risk, reason, code, span }
  }
  return { ...worst, whole, commands }
}

/** See `index.d.ts`. */
export function analyzeCommand(
  command: string,
  { root, ...judging }: Judging & { root?: string | undefined } = {},
): CommandAnalysis {
  return verdictOn(command, judging, root)
}

/** See `index.d.ts`. */
export function classifyCommand(command: string, lists: CommandLists = {}): CommandVerdict {
  const { risk, reason } = verdictOn(command, lists)
  return { risk, reason }
}

/** See `index.d.ts`. */
export function commandApproval(
  lists: CommandLists = {},
): (input: { command?: unknown }) => CommandConfirmation {
  return (input) => {
    const command = typeof input.command === 'string' ? input.command : ''
    const { risk, reason } = classifyCommand(command, lists)
    if (risk === 'allow') return false
    if (risk === 'block') return { block: reason, policyReason: reason }
    const asked = { message: 'Run bash command.', policyReason: reason }
    if (command === '') return asked
    return { ...asked, details: [{ label: 'Command', value: command, format: 'code' }] }
  }
}

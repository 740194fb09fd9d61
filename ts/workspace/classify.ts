/** The core's judgement of commands. Nothing else names its function. */

import type { CommandAnalysis, ErrorCode } from '../../index.js'
import { addon } from '../addon'
import { RunletError } from '../errors'

/** What the core is asked with, besides the text; see src/guard/rules.rs. */
export interface ClassifyTerms {
  /** Rules as text: `Bash(words)`, `Bash(words:*)` or `/expression/flags`. */
  readonly allow?: readonly string[]
  readonly approve?: readonly string[]
  readonly block?: readonly string[]
  readonly onUnclear?: 'approval' | 'block'
  /** Absolute: the folder that commands run in and may write to. */
  readonly workspace?: string
}

interface GuardNative {
  analyzeCommand(text: string, options: string): string
}

/** Judges a text. Spans count as JavaScript does. */
export function analyze(text: string, terms: ClassifyTerms): CommandAnalysis {
  const native = addon().native as unknown as Partial<GuardNative>
  if (typeof native.analyzeCommand !== 'function') {
    const message = 'the native part of runlet has no guard'
    throw new RunletError('RUNTIME_NOT_FOUND', message, { details: { reason: 'native_outdated' } })
  }
  const answer = JSON.parse(
    native.analyzeCommand(text, JSON.stringify(terms)),
  ) as CommandAnalysis & {
    error?: { code: ErrorCode; message: string; details?: Record<string, unknown> }
  }
  if (answer.error === undefined) return answer
  const { code, message, details } = answer.error
  throw new RunletError(code, message, details && { details })
}

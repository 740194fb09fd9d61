/** Bounds of the engine, and how a script says that it met one. */

import type { BashOptions } from 'just-bash'

const MIB = 1024 * 1024

/**
 * Our numbers over those of the profile `hardened`. The deadline and the cap of the thread's memory are
 * what ends a hostile script; these are here so that most end earlier, and with a reason.
 */
export function executionLimits(timeoutMs: number): NonNullable<BashOptions['executionLimits']> {
  return {
    maxCommandCount: 10_000_000,
    maxLoopIterations: 10_000_000,
    maxAwkIterations: 10_000_000,
    maxSedIterations: 1_000_000,
    maxJqIterations: 1_000_000,
    maxWorkUnits: 100_000_000,
    maxCallDepth: 200,
    maxGlobOperations: 1_000_000,
    maxStringLength: 32 * MIB,
    maxArrayElements: 1_000_000,
    maxBraceExpansionResults: 100_000,
    maxOutputSize: 256 * MIB,
    maxLiveBytes: 128 * MIB,
    maxInputBytes: 512 * MIB,
    maxQueryElements: 1_000_000,
    maxTraversalEntries: 1_000_000,
    maxTraversalWork: 10_000_000,
    maxAwkParserOperations: 1_000_000,
    maxCsvRows: 1_000_000,
    maxCsvCells: 10_000_000,
    // The deadline is kept from outside.
    maxExecutionTimeMs: timeoutMs + 60_000,
    maxPythonTimeoutMs: timeoutMs + 60_000,
    maxJsTimeoutMs: timeoutMs + 60_000,
    maxSqliteTimeoutMs: timeoutMs + 60_000,
  }
}

/** What the engine prints where a bound ended something; the first group is what met it. */
const MET =
  /^(?:bash: )?(.*(?:limit exceeded \(|(?:size|depth|iterations|depth \(\d+\)) exceeded|exceeded maximum iterations|too many commands executed).*)$/

/** The engine's own sentences about bounds, out of stderr. A script can print such lines too. */
export function boundsMet(err: string): string[] {
  const found: string[] = []
  for (const line of err.slice(-65_536).split('\n')) {
    const sentence = MET.exec(line)?.[1]?.replace(/, increase executionLimits\.\w+$/, '')
    if (sentence !== undefined && !found.includes(sentence)) found.push(sentence)
  }
  return found.slice(0, 10)
}

/** The engine ends a range after so many words and says nothing of it. */
const MAX_RANGE = 10_000

/** Ranges such as `{1..20000}`, as they stand in a script, which the engine cuts short in silence. */
export function rangesCut(script: string): string[] {
  const found: string[] = []
  for (const match of script.matchAll(/\{(-?\d+)\.\.(-?\d+)(?:\.\.(-?\d+))?\}/g)) {
    const step = Math.abs(Number(match[3] ?? 1)) || 1
    const words = Math.floor(Math.abs(Number(match[2]) - Number(match[1])) / step) + 1
    if (words > MAX_RANGE) found.push(`brace range ${match[0]}: cut to ${MAX_RANGE} words`)
  }
  return found.slice(0, 10)
}

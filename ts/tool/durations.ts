/** Durations as text, in the syntax of Go: `300ms`, `30s`, `5m`, `1h30m`, `1.5s`. */

/** What a duration in text looks like, for messages. */
export const DURATION_TEXT = 'a duration with a unit, such as 300ms, 30s, 5m or 1h30m'

const UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
}

const PART = /(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|s|m|h)/y

/**
 * Milliseconds of a duration in text. A bare number is refused: nobody can tell its unit.
 *
 * @returns `undefined` when the text is not a duration above zero
 */
export function parseDuration(text: string): number | undefined {
  let total = 0
  PART.lastIndex = 0
  // A sticky search that fails sets lastIndex to 0, so the end of the last match is kept here.
  let end = 0
  for (let part = PART.exec(text); part !== null; part = PART.exec(text)) {
    total += Number(part[1]) * (UNITS_MS[part[2] ?? ''] ?? Number.NaN)
    end = PART.lastIndex
  }
  if (end !== text.length || !Number.isFinite(total)) return undefined
  // Sums of decimal fractions are off by an ulp: 0.29s has to be 290, not 289.99999999999994.
  const rounded = Math.round(total * 1e6) / 1e6
  return rounded > 0 ? rounded : undefined
}

// Counts of what ran: reading each runner's own closing lines, adding up, printing.

import { appendFileSync, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

/** The escape sequences that colour a runner's output. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: ESC is what starts such a sequence.
const colours = /\u001b\[[0-9;]*m/g

const plain = (output) => output.replace(colours, '')

/** The first group of every match. */
const all = (text, pattern) => [...text.matchAll(pattern)].map((match) => match[1])

/** Adds up every `test result:` line of cargo; undefined if there is none. */
export function cargoTotals(output) {
  const lines = [
    ...plain(output).matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;/gm),
  ]
  if (lines.length === 0) return undefined
  const sum = (column) => lines.reduce((total, line) => total + Number(line[column]), 0)
  const failures = all(plain(output), /^test (\S.*) \.\.\. FAILED$/gm)
  return { passed: sum(1), failed: sum(2), skipped: sum(3), failures }
}

/** Reads the report of `jest --json`; undefined if it is none. A file that failed to load counts as failed. */
export function jestTotals(text) {
  let report
  try {
    report = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof report?.numPassedTests !== 'number') return undefined
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
    skipped: report.numPendingTests + report.numTodoTests,
    failures: (report.testResults ?? []).flatMap(jestFailures),
  }
}

/** The names of the tests of one file that failed, each with the start of what was wrong. */
function jestFailures(file) {
  const start = (message) => plain(message).split('\n').slice(0, 12).join('\n')
  const tests = file.assertionResults.filter((test) => test.status === 'failed')
  if (tests.length === 0 && file.status === 'failed')
    return [`${file.name}: ${start(file.message)}`]
  return tests.map((test) => `${test.fullName}: ${start(test.failureMessages.join('\n'))}`)
}

/** Reads the closing lines of `bun test`; undefined if it never closed. */
export function bunTotals(output) {
  const text = plain(output)
  const end = text.lastIndexOf('\nRan ')
  if (end < 0) return undefined
  const closing = text.slice(0, end).split('\n').slice(-8).join('\n')
  const count = (word) => Number(new RegExp(`^ *(\\d+) ${word}s?$`, 'm').exec(closing)?.[1] ?? 0)
  // "error": something thrown outside any test, such as a file that failed to load.
  return {
    passed: count('pass'),
    failed: count('fail') + count('error'),
    skipped: count('skip') + count('todo'),
    failures: [...new Set(all(text, /^\(fail\) (.*)$/gm))],
  }
}

/** Reads the closing lines of `node --test` with its reporter `spec`; undefined if there are none. */
export function nodeTotals(output) {
  const text = plain(output)
  // The last of each: a test may have printed such a line.
  const count = (word) => Number(all(text, new RegExp(`^\\S ${word} (\\d+)$`, 'gm')).at(-1))
  const [passed, failed, cancelled, skipped] = ['pass', 'fail', 'cancelled', 'skipped'].map(count)
  if (Number.isNaN(passed + failed + cancelled + skipped)) return undefined
  const failures = [...new Set(all(text, /^ *✖ (.*?)(?: \([\d.]+ms\))?$/gm))]
  return { passed, failed: failed + cancelled, skipped, failures }
}

/** One total over several. */
export function addTotals(rows) {
  const sum = (key) => rows.reduce((total, one) => total + one[key], 0)
  const failures = rows.flatMap((one) => one.failures ?? [])
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped'), failures }
}

/** The line that ends a run, alone on its line. */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}

/** A table with one row per runner; `rows` are `{ runner, passed, failed, skipped, seconds, note? }`. */
export function table(rows) {
  const cells = rows.map((row) => [
    row.runner,
    String(row.passed),
    String(row.failed),
    String(row.skipped),
    `${row.seconds.toFixed(1)} s`,
    row.note ?? '',
  ])
  const lines = [['runner', 'passed', 'failed', 'skipped', 'time', ''], ...cells]
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)))
  const line = (cell, column) =>
    column === 0 || column === 5 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])
  return lines.map((row) => `  ${row.map(line).join('  ')}`.trimEnd()).join('\n')
}

/** What failed, once more and by name: a reader of a long log finds it at its end. */
function failureList({ failures }) {
  return failures.map((failure) => `failed: ${failure}\n`).join('')
}

/**
 * Ends a script: prints the table and, if this script is the whole run, the closing line.
 *
 * A larger run, such as .ci/run, names a file in RUNLET_TOTALS: the rows are added to it and the
 * larger run prints the only closing line.
 */
export function finish(rows) {
  const total = addTotals(rows)
  console.log(`\n${table(rows)}\n\n${failureList(total)}`)
  const file = process.env.RUNLET_TOTALS
  if (file) appendFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  else console.log(closingLine(total))
  if (total.failed > 0) process.exitCode = 1
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  // node scripts/totals.mjs FILE: the closing of a larger run.
  const lines = readFileSync(process.argv[2], 'utf8').split('\n').filter(Boolean)
  const rows = lines.map((line) => JSON.parse(line))
  const total = addTotals(rows)
  console.log(`\n${table(rows)}\n\n${failureList(total)}${closingLine(total)}`)
  if (rows.length === 0 || total.failed > 0) process.exitCode = 1
}

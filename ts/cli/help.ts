/** Help that teaches: what it does, how to start, every flag with its default. */

import { addon, type NumberFact } from '../addon'
import { COMMON_FLAGS, type Flag, RUN_FLAGS } from './flags'
import { formatDuration, formatSize } from './units'

const EXIT_CODES = `Exit codes
  0    the codelet returned
  1    it failed, or runlet did
  2    the command line or the input is wrong
  124  TIMEOUT
  126  POLICY_VIOLATION: it tried what was not granted
  130  interrupted
  137  MEMORY_LIMIT
`

/** `runlet --help`. */
export function generalHelp(): string {
  return `runlet runs JavaScript and TypeScript you do not trust, under limits, with nothing granted.

Usage
  runlet run FILE      run a codelet from a file
  runlet run -c CODE   run a codelet given on the command line
  runlet run -         run a codelet from standard input
  runlet run --help    every flag, with its default

Try
  runlet run -c 'export const main = () => 6 * 7'
  runlet run -c 'export const main = (n) => n * 2' --input 21
  runlet run -c 'for (;;);' --timeout 500ms; echo $?

A codelet is an ES module that exports main(input, helpers), or has a default export. Its logs go
to standard error as they come, its value to standard output as JSON.

${EXIT_CODES}`
}

/** `runlet run --help`. */
export function runHelp(): string {
  const groups = [...new Set(RUN_FLAGS.map(({ group }) => group))]
  const sections = groups.map((group) => {
    const flags = RUN_FLAGS.filter((flag) => flag.group === group)
    return `${group}\n${flags.map(line).join('\n')}\n`
  })
  return `Usage: runlet run FILE|-c CODE|- [flags]

Runs one codelet. FILE ending in .ts, .mts or .cts is TypeScript; - reads standard input.

${sections.join('\n')}
Other
${COMMON_FLAGS.map(line).join('\n')}

Durations: 500ms, 2s, 1m. Sizes: 512KB, 64MB, 1GB (1KB is 1,024 bytes).

Examples
  Double a number
    runlet run -c 'export const main = (n) => n * 2' --input 21
  Run a TypeScript file on a document, with more time
    runlet run totals.ts --input @orders.json --timeout 10s
  Give it a module to import
    runlet run price.js --module tax=./tax.js --input '{"net":100}'
  Let it read two variables and ask one host
    runlet run report.js --allow-env=LANG,APP_* --allow-fetch=api.example.com
  The same bytes every time
    runlet run -c 'export default () => Math.random()' --seed demo
  The whole result: logs, time and memory used
    runlet run price.js --json

${EXIT_CODES}`
}

function line(flag: Pick<Flag, 'name' | 'short' | 'value' | 'help' | 'limit'>): string {
  const short = flag.short === undefined ? '    ' : `-${flag.short}, `
  const value = flag.value === undefined ? '' : ` ${flag.value}`
  return `  ${`${short}--${flag.name}${value}`.padEnd(28)}  ${flag.help}${defaultOf(flag.limit)}`
}

/** Defaults are the addon's to tell. Help must also work where it cannot be loaded. */
function defaultOf(limit: Flag['limit']): string {
  if (limit === undefined) return ''
  let fact: NumberFact | undefined
  try {
    fact = addon().facts.limits[limit.key]
  } catch {
    return ''
  }
  if (fact === undefined) return ''
  if (fact.default === null) return ' (no bound)'
  const format = { duration: formatDuration, size: formatSize, count: String }[limit.unit]
  return ` (${format(fact.default)})`
}

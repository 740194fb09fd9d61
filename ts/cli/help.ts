/** Help that teaches: what it does, how to start, every flag with its default. */

import { addon } from '../addon'
import { defaultConfig } from '../tools'
import type { Topic } from './arguments'
import { COMMON_FLAGS, type Flag, RUN_FLAGS } from './flags'
import { DOCTOR_FLAGS, TOOL_LIST_FLAGS, TOOL_RUN_FLAGS } from './tool-flags'
import { formatDuration, formatSize } from './units'

const EXIT_CODES = `Exit codes
  0    the codelet or the tool returned
  1    it failed, or runlet did
  2    the command line or the input is wrong
  124  TIMEOUT
  126  POLICY_VIOLATION, PERMISSION_DENIED: it tried what was not granted
       POLICY_UNENFORCEABLE: a permission cannot be enforced here, so nothing was run
  127  RUNTIME_NOT_FOUND: no usable Bun or Node, or no native part of runlet
  130  interrupted
  137  MEMORY_LIMIT
`

const UNITS = 'Durations: 500ms, 2s, 1m. Sizes: 512KB, 64MB, 1GB (1KB is 1,024 bytes).'

/** `runlet --help`. */
export function generalHelp(): string {
  return `runlet runs JavaScript and TypeScript you do not trust, under limits, with nothing granted,
and tools in Bun and Node processes, with the permissions you name.

Usage
  runlet run FILE      run a codelet from a file
  runlet run -c CODE   run a codelet given on the command line
  runlet run -         run a codelet from standard input
  runlet run --help    every flag, with its default

  runlet tool list ENTRYPOINT       the tools that a file exports
  runlet tool run ENTRYPOINT TOOL   run one of them in a process of its own
  runlet tool run --help            every flag, with its default

  runlet doctor        which runtimes are there, and what can be enforced on this machine

Try
  runlet run -c 'export const main = () => 6 * 7'
  runlet run -c 'export const main = (n) => n * 2' --input 21
  runlet run -c 'for (;;);' --timeout 500ms; echo $?

A codelet is an ES module that exports main(input, helpers), or has a default export. Its logs go
to standard error as they come, its value to standard output as JSON.

${EXIT_CODES}`
}

/** `runlet TOPIC --help`. */
export function helpOn(topic: Topic): string {
  switch (topic) {
    case 'run':
      return runHelp()
    case 'tool':
      return toolHelp()
    case 'tool list':
      return toolListHelp()
    case 'tool run':
      return toolRunHelp()
    case 'doctor':
      return doctorHelp()
  }
}

function runHelp(): string {
  return `Usage: runlet run FILE|-c CODE|- [flags]

Runs one codelet. FILE ending in .ts, .mts or .cts is TypeScript; - reads standard input.

${sections(RUN_FLAGS)}

${UNITS}

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

function toolHelp(): string {
  return `Usage
  runlet tool list ENTRYPOINT [flags]       the tools that a file exports
  runlet tool run ENTRYPOINT TOOL [flags]   run one of them

ENTRYPOINT is a JavaScript or TypeScript file. A tool is a function that it exports, or a member of
its default export; it is called with the input and the config, in a Bun or Node process of its own.

Without flags it may read files and nothing else: no writing, no network, no programs, none of your
variables. Flags stand in place of that. On Linux the kernel refuses what they do not grant;
what cannot be enforced is refused before anything runs, unless --best-effort is given. 'runlet
doctor' says what holds on this machine.

${EXIT_CODES}`
}

function toolListHelp(): string {
  return `Usage: runlet tool list ENTRYPOINT [flags]

Loads ENTRYPOINT in a process of its own and prints the ids of its tools, one in a line. With
--native or --config-file, ENTRYPOINT may be left out.

${sections(TOOL_LIST_FLAGS)}

${UNITS}

Examples
  runlet tool list tools.ts
  runlet tool list tools.mjs --runtime node --json

${EXIT_CODES}`
}

function toolRunHelp(): string {
  return `Usage: runlet tool run ENTRYPOINT TOOL [flags]

Runs the export TOOL of ENTRYPOINT in a process of its own. Its logs go to standard error as they
come, its output to standard output as JSON. With --native or --config-file, ENTRYPOINT may be left
out. A value of a permission stands behind =, as in --allow-env=LANG.

${sections(TOOL_RUN_FLAGS)}

${UNITS}

Examples
  Call a function with input, on Bun; it may read files and nothing else
    runlet tool run tools.ts greet --input '{"name":"Ada"}'
  Let it read one folder, write another and reach one host
    runlet tool run tools.ts report --allow-read=./data --allow-write=./out \\
      --allow-net=api.example.com
  On Node, with a variable and input from a file
    runlet tool run tools.mjs report --runtime node --allow-all --env REGION=eu --input @orders.json
  With the rules of a file, as far as they can be enforced here
    runlet tool run --config-file runlet.yaml greet --best-effort
  The whole result: logs, phases, what was enforced
    runlet tool run tools.ts greet --json

${EXIT_CODES}`
}

function doctorHelp(): string {
  return `Usage: runlet doctor [flags]

Says which runtimes for tools are there and whether they are usable, and what can be enforced on
this machine, and why not more. The exit code is 0 whatever it finds.

${sections(DOCTOR_FLAGS)}
`
}

function sections(table: readonly Flag[]): string {
  const flags = [...table, ...COMMON_FLAGS]
  return [...new Set(flags.map(({ group }) => group))]
    .map((group) => [group, ...flags.filter((flag) => flag.group === group).map(line)].join('\n'))
    .join('\n\n')
}

function line({ name, short, value, optional, help, limit }: Flag): string {
  const start = short === undefined ? '    ' : `-${short}, `
  const shown = value === undefined ? '' : optional === true ? `[=${value}]` : ` ${value}`
  return `  ${`${start}--${name}${shown}`.padEnd(30)}  ${help}${defaultOf(limit)}`
}

/** Defaults are the core's to tell. Help must also work where it cannot be loaded. */
function defaultOf(limit: Flag['limit']): string {
  if (limit === undefined) return ''
  const value = limit.of === 'tools' ? toolDefault(limit.key) : codeletDefault(limit.key)
  if (value === undefined) return ''
  if (value === null) return ' (no bound)'
  const format = { duration: formatDuration, size: formatSize, count: String }[limit.unit]
  return ` (${format(value)})`
}

function codeletDefault(key: string): number | null | undefined {
  try {
    return addon().facts.limits[key]?.default
  } catch {
    return undefined
  }
}

function toolDefault(key: string): number | undefined {
  const value: unknown = Reflect.get(defaultConfig(), key)
  return typeof value === 'number' ? value : undefined
}

/** Help that teaches: what it does, how to start, every flag with its default. */

import { addon } from '../addon'
import { initialValues } from '../tool/option-group'
import { defaultConfig } from '../tools'
import { RUNTIME_ROWS } from '../workspace/options'
import type { Topic } from './arguments'
import { BASH_FLAGS } from './bash-flags'
import { COMMON_FLAGS, type Flag, RUN_FLAGS } from './flags'
import { DOCTOR_FLAGS, TOOL_LIST_FLAGS, TOOL_RUN_FLAGS } from './tool-flags'
import { formatDuration, formatSize } from './units'

const EXIT_CODES = `Exit codes
  0    the codelet or the tool returned; bash has the code of the command
  1    it failed, or runlet did
  2    the command line or the input is wrong
  124  TIMEOUT
  125  OUTPUT_LIMIT of bash
  126  POLICY_VIOLATION, PERMISSION_DENIED: it tried what was not granted
       POLICY_UNENFORCEABLE: a permission cannot be enforced here, so nothing was run
  127  RUNTIME_NOT_FOUND: no usable Bun, Node or shell, or no native part of runlet
  130  interrupted
  137  MEMORY_LIMIT
`

const UNITS = 'Durations: 500ms, 2s, 1m. Sizes: 512KB, 64MB, 1GB (1KB is 1,024 bytes).'

/** `runlet --help`. */
export function generalHelp(): string {
  return `runlet runs JavaScript and TypeScript you do not trust, under limits, with nothing granted,
tools in Bun and Node processes, with the permissions you name, and commands in one folder.

Usage
  runlet run FILE      run a codelet from a file
  runlet run -c CODE   run a codelet given on the command line
  runlet run -         run a codelet from standard input
  runlet run --help    every flag, with its default

  runlet tool list ENTRYPOINT       the tools that a file exports
  runlet tool run ENTRYPOINT TOOL   run one of them in a process of its own
  runlet tool run --help            every flag, with its default

  runlet bash -c CMD   run a command in the current folder, in a shell that has nothing else
  runlet bash --help   every flag, and shells that run real programs

  runlet doctor        which runtimes are there, and what can be enforced on this machine

Try
  runlet run -c 'export const main = () => 6 * 7'
  runlet run -c 'export const main = (n) => n * 2' --input 21
  runlet run -c 'for (;;);' --timeout 500ms; echo $?
  runlet bash -c 'ls | wc -l'

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
    case 'bash':
      return bashHelp()
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

function bashHelp(): string {
  return `Usage: runlet bash [-c CMD|FILE|-] [flags]

Runs commands in one folder. What they print comes as they print it, and the exit code is theirs.
Without -c and FILE, a script is read from standard input; on a terminal, line by line, and exit
ends. Lines of just-bash on its native engine share variables and the folder; otherwise each line is
a shell of its own that remembers neither.

  just-bash     a virtual shell: it has the files of the folder, and no programs and no network
  host-bash     bash with the rights of your user, or with a sandbox those that you name
  guarded-bash  bash behind a guard, which asks about what may do harm and refuses the worst, in a
                sandbox as far as this machine has one

In a sandbox, commands may read, write and run what is in the folder, read and run the programs of
the system, and nothing else; flags add to that. With any of them the sandbox is required: what
this machine cannot keep is refused before anything runs, unless --sandbox auto is given. For
just-bash there are --allow-net, to hosts or URLs, and --allow-env. A value of a permission stands
behind =, as in --allow-env=LANG. On a terminal, control characters are shown and not obeyed.

${sections(BASH_FLAGS)}

${UNITS}

Examples
  Count words, with nothing at stake
    runlet bash -c 'cat *.md | wc -w'
  A script from a pipe, in another folder
    echo 'grep -rn TODO . | head' | runlet bash --root ./src
  A real build that may write one more folder and reach one host
    runlet bash -c 'npm ci' --runtime host-bash --allow-write=./cache \\
      --allow-net=registry.npmjs.org
  Line by line, with a guard that asks you
    runlet bash --runtime guarded-bash
  All that is known of a command
    runlet bash -c 'rm -rf /' --runtime guarded-bash --json

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
  const value = defaultValue(limit)
  if (value === undefined) return ''
  if (value === null) return ' (no bound)'
  const format = { duration: formatDuration, size: formatSize, count: String }[limit.unit]
  return ` (${format(value)})`
}

function defaultValue({ key, of }: NonNullable<Flag['limit']>): number | null | undefined {
  if (of === 'tools') return toolDefault(key)
  return of === 'workspaces' ? workspaceDefault(key) : codeletDefault(key)
}

function codeletDefault(key: string): number | null | undefined {
  try {
    return addon().facts.limits[key]?.default
  } catch {
    return undefined
  }
}

function workspaceDefault(key: string): number | undefined {
  const value: unknown = initialValues(RUNTIME_ROWS)[key]
  return typeof value === 'number' ? value : undefined
}

function toolDefault(key: string): number | undefined {
  const value: unknown = Reflect.get(defaultConfig(), key)
  return typeof value === 'number' ? value : undefined
}

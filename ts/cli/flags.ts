/** The flags of `runlet run`, once: the parser and the help text both read this table. */

/** One flag. */
export interface Flag {
  name: string
  short?: string
  /** What stands behind the flag, such as `JSON`; absent for a switch. */
  value?: string
  /** The value may be left out; it stands behind `=`. */
  optional?: true
  /** May be given more than once. */
  multiple?: true
  /** Heading in the help text. */
  group: string
  /** One line of help. */
  help: string
  /** Limit whose default the help text shows: one of codelets, or an option of tools or workspaces. */
  limit?: { key: string; unit: 'duration' | 'size' | 'count'; of?: 'tools' | 'workspaces' }
}

const GRANTS = 'Grants (everything is denied without them)'

/** In the order of the help text. */
export const RUN_FLAGS: readonly Flag[] = [
  { name: 'code', short: 'c', value: 'CODE', group: 'Source', help: 'run CODE instead of a file' },
  { name: 'ts', group: 'Source', help: 'the source is TypeScript, whatever its name' },
  { name: 'js', group: 'Source', help: 'the source is JavaScript: no types are stripped' },
  { name: 'export', value: 'NAME', group: 'Source', help: 'call this export instead of main' },
  {
    name: 'module',
    value: 'NAME=FILE',
    multiple: true,
    group: 'Source',
    help: 'let the codelet import FILE as NAME',
  },
  {
    name: 'input',
    value: 'JSON|@FILE',
    group: 'Input and output',
    help: 'first argument of main; @- reads standard input',
  },
  {
    name: 'globals',
    value: 'JSON|@FILE',
    group: 'Input and output',
    help: 'object whose members become read-only globals',
  },
  { name: 'json', group: 'Input and output', help: 'print the whole result, not only the value' },
  {
    name: 'timeout',
    value: 'DURATION',
    group: 'Limits',
    help: 'wall time',
    limit: { key: 'timeoutMs', unit: 'duration' },
  },
  {
    name: 'cpu',
    value: 'DURATION',
    group: 'Limits',
    help: 'CPU time',
    limit: { key: 'cpuMs', unit: 'duration' },
  },
  {
    name: 'memory',
    value: 'SIZE',
    group: 'Limits',
    help: 'memory of the codelet',
    limit: { key: 'memoryLimitBytes', unit: 'size' },
  },
  {
    name: 'max-input',
    value: 'SIZE',
    group: 'Limits',
    help: 'size of input and globals as JSON',
    limit: { key: 'maxInputBytes', unit: 'size' },
  },
  {
    name: 'max-result',
    value: 'SIZE',
    group: 'Limits',
    help: 'size of the result as JSON',
    limit: { key: 'maxResultBytes', unit: 'size' },
  },
  {
    name: 'max-logs',
    value: 'COUNT',
    group: 'Limits',
    help: 'log entries kept',
    limit: { key: 'maxLogEntries', unit: 'count' },
  },
  {
    name: 'allow-env',
    value: 'NAME,...',
    multiple: true,
    group: GRANTS,
    help: 'environment variables, by name or NAME_*',
  },
  { name: 'allow-random', group: GRANTS, help: 'helpers.random, from a secure generator' },
  { name: 'allow-now', group: GRANTS, help: 'helpers.now, the clock' },
  { name: 'allow-timers', group: GRANTS, help: 'setTimeout and clearTimeout' },
  {
    name: 'allow-fetch',
    value: 'HOST,...',
    multiple: true,
    group: GRANTS,
    help: 'GET and HEAD requests to these hosts, as host, *.host or host:port',
  },
  {
    name: 'seed',
    value: 'TEXT',
    group: 'Input and output',
    help: 'repeatable run: seeded Math.random and a clock that stands still',
  },
  {
    name: 'now',
    value: 'TIME',
    group: 'Input and output',
    help: 'start of that clock, as ms or as a date; needs --seed',
  },
]

/** The flags that every command has. */
export const COMMON_FLAGS: readonly Flag[] = [
  { name: 'help', short: 'h', group: 'Other', help: 'show this text' },
  { name: 'version', short: 'V', group: 'Other', help: 'show the version' },
]

/** Every message of the face, in one table. Texts may change; codes and `details` are the contract. */

const LONGEST = 60

/** A value as a message may show it: short, on one line, never the inside of an object. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case 'string': {
      const text = JSON.stringify(value.length > LONGEST ? value.slice(0, LONGEST) : value)
      return value.length > LONGEST ? `${text}... (${value.length} characters)` : text
    }
    case 'bigint':
      return `${value}n`
    case 'number':
    case 'boolean':
    case 'undefined':
      return Object.is(value, -0) ? '-0' : String(value)
    case 'symbol':
      return 'a symbol'
    case 'function':
      return 'a function'
    default:
      if (value === null) return 'null'
      return Array.isArray(value) ? 'an array' : 'an object'
  }
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ')
}

/** The table. Each factory gives one sentence without a full stop. */
export const messages = Object.freeze({
  // options
  wrongValue: (field: string, accepted: string, value: unknown) =>
    `${field} must be ${accepted}, got ${shown(value)}`,
  unknownName: (what: string, name: string, near: string | undefined, known: readonly string[]) =>
    `unknown ${what} ${shown(name)}${near === undefined ? '' : `, did you mean "${near}"?`} ` +
    `(known: ${listed(known)})`,
  twoSpellings: (first: string, second: string) =>
    `${first} and ${second} are two names of one option and were given different values`,
  aboveCeiling: (field: string, value: number, ceiling: number) =>
    `${field} is ${value}, but the runner's ceilings.${field} is ${ceiling}`,
  defaultAboveCeiling: (field: string, value: number, ceiling: number) =>
    `defaults.${field} is ${value}, but ceilings.${field} is ${ceiling}`,
  notGranted: (field: string, bound: string) =>
    `${field} asks for more than the runner's ${bound} grants`,
  processIsolation: (reason: string) => `isolation 'process' cannot be enforced here: ${reason}`,
  weakerIsolation: () => `isolation is 'thread', but the runner's isolation is 'process'`,
  disposed: () => 'this runner has been disposed',

  // source
  emptySource: (field: string) => `${field} is empty: a codelet must export a function`,
  unreadable: (path: string, why: string) => `source.path ${shown(path)} ${why}`,
  sourceTooLarge: (bytes: number, limit: number) =>
    `the source has at least ${bytes} bytes, max_source_bytes allows ${limit}`,
  notUtf8: (file: string) => `${file} is not valid UTF-8`,

  // values
  unserializable: (path: string, what: string) => `${path} ${what}`,
  resultUnreadable: (what: string) => `the result ${what}`,
  processSaidNoValue: () => 'the process that the codelet ran in gave what is no value',
  inputTooLarge: (bytes: number, limit: number, values: 'json' | 'clone') =>
    `input and globals have ${bytes} bytes${values === 'json' ? ' as JSON' : ''}, max_input_bytes allows ${limit}`,
  functionInGlobals: (path: string, what: string) =>
    `${path} is ${what}: globals hold data only, pass functions in host`,
  badGlobalName: (name: string, why: string) => `globals key ${shown(name)} ${why}`,

  // host functions
  hostBoth: () => 'host and helpers are two names of one option: give one of them',
  hostReserved: (name: string) =>
    `host.${name} is taken: every codelet has its own helpers.${name}`,
  moduleName: (field: string) =>
    `${field} cannot be imported: names are not empty, hold no NUL and do not start with a dot; a codelet's "./x" finds "x"`,
  hostNotPlain: (field: string) =>
    `${field} has no own functions: methods of a class are not looked up; list them in a plain object`,
  hostTooDeep: (path: string, levels: number) =>
    `${path} is nested too deeply: host may have ${levels} levels`,
  hostCycle: (path: string) => `${path} contains itself`,
  hostFailed: (name: string) => `host function "${name}" failed`,
  hostUnserializable: (name: string, values: 'json' | 'clone') =>
    `host function "${name}" returned a value that ` +
    (values === 'clone' ? 'cannot be cloned' : 'JSON cannot carry'),
  hostUnreadable: (name: string) =>
    `the arguments of host function "${name}" cannot be made on the host`,
  hostDetached: () => 'the run ended before this host call did',
  hostCalledDirectly: () => 'a function made by hostFunction can only be called by a codelet',

  // outcomes made by the face
  cancelledBySignal: () => 'the run was cancelled by its signal',
  cancelledByDispose: () => 'the run was cancelled because its runner was disposed',
  refusedBySchema: (side: string, where: string, why: string) =>
    `${side}_schema refused ${side}${where}: ${why}`,
  schemaThrew: (field: string) => `the validate function of ${field} threw`,
  schemaAnswer: (field: string) =>
    `the validate function of ${field} returned neither a value nor issues`,

  // log callback
  onLogThrew: () => 'on_log threw',

  // command line
  cliSeeHelp: (command: string) => `Try 'runlet --help' or 'runlet ${command} --help'.`,
  cliNoCommand: () => "say what to do, as in 'runlet run FILE'",
  cliUnknownCommand: (name: string, near: string | undefined) =>
    near === undefined
      ? `unknown command ${shown(name)}; to run a file: runlet run ${shown(name)}`
      : `unknown command ${shown(name)}, did you mean ${near}?`,
  cliUnknownFlag: (flag: string, near: string | undefined) =>
    `unknown flag ${flag}${near === undefined ? '' : `, did you mean --${near}?`}`,
  cliNeedsValue: (flag: string, placeholder: string) =>
    `--${flag} needs a value: --${flag} ${placeholder}`,
  cliNoValue: (flag: string) => `--${flag} takes no value`,
  cliTwice: (flag: string) => `--${flag} is given twice; it takes one value`,
  cliTwoFiles: (extra: string) => `one source at a time: ${shown(extra)} is one too many`,
  cliOneSource: () => 'give one source: FILE, -c CODE, or - for standard input',
  cliExclusive: (first: string, second: string) => `--${first} and --${second} exclude each other`,
  cliNeedsFlag: (flag: string, needed: string) => `--${flag} needs --${needed} as well`,
  cliStdinTwice: () => 'standard input can be read once: as source or as input',
  cliBadValue: (flag: string, accepted: string, given: string) =>
    `${flag} must be ${accepted}, got ${shown(given)}`,
  cliUnreadable: (flag: string, path: string) => `--${flag}: cannot read ${shown(path)}`,
  cliLogsDropped: (count: number) => `${count} log entries were dropped`,

  // loading
  nativeMissing: (platform: string, arch: string, libc: string | undefined, name: string) =>
    `runlet has no native binary for ${platform} ${arch}${libc === undefined ? '' : ` (${libc})`}: ` +
    `install the optional package ${name}`,
  nativeFault: () => 'the native part of runlet failed',
})

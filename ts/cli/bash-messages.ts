/** What `runlet bash` says of its own. */

const quoted = (text: string) => JSON.stringify(text)

/** The table. */
export const bashMessages = Object.freeze({
  oneSource: () => 'give one source: -c CMD, FILE, or - for standard input',
  noFile: (path: string) =>
    `there is no file ${quoted(path)} that can be read; a command stands behind -c`,
  tooMany: (extra: string) =>
    `${quoted(extra)} is one too many: put the whole command behind -c, in quotes`,
  noFolder: (path: string) => `--root: there is no folder ${quoted(path)}`,
  onlyOf: (flag: string, runtimes: string) => `--${flag} is for ${runtimes}`,
  virtualOnly: (flag: string) =>
    `${flag}: just-bash has the workspace and nothing else, so this cannot be kept there; ` +
    'use --runtime guarded-bash or --runtime host-bash',
  sandboxOff: (flag: string) => `--${flag} needs a sandbox, and --sandbox off has none`,
  emptyItem: (flag: string) => `${flag}: an item of the list is empty`,
  privateHosts: () => '--allow-private needs names of hosts: --allow-private=HOST,...',
  virtualHost: (host: string) =>
    `--allow-net=${host}: just-bash can be let to a host, host:port or an http(s) URL, not to ` +
    'patterns or ranges of addresses; guarded-bash can',
  virtualPrivate: () =>
    '--allow-private: just-bash cannot tell one host from another here: name exactly the hosts of ' +
    '--allow-net',
  jsonOnTerminal: () => '--json needs -c CMD, FILE, or a script on standard input',
  obeyed: (name: string) =>
    `--env ${name}: bash or the loader obeys this variable, so it decides which code runs; ` +
    'it cannot be set here',
  unenforceable: (reason: string) =>
    `${reason}. --sandbox auto runs with what can be kept, and says what is not`,
  leaveOut: (reasons: readonly string[], flags: readonly string[]) =>
    `${reasons.join('; ')}. Leave out ${flags.join(' ')}, or pass --sandbox auto, which runs without`,
  nobodyAsked: () =>
    'nobody could be asked: there is no terminal; --approve always runs what needs approval',
  limited: (what: readonly string[]) => `a bound of the virtual shell cut: ${what.join('; ')}`,
  leftover: (count: number) => `${count} processes are left behind and could not be ended`,
  refused: (target: string, allowWith: string | undefined) =>
    `the sandbox refused ${target}${allowWith === undefined ? '' : `; ${allowWith} allows it`}`,
  notConfined: (reason: unknown) => `not confined by the kernel: ${String(reason)}`,
  warned: (event: string, reason: unknown) =>
    reason === undefined ? event : `${event}: ${String(reason)}`,
  asks: (runtime: string, reason: string, command: string) =>
    `${runtime}: this needs approval (${reason}):\n${command}`,
  greeting: (runtime: string, remembers: boolean) =>
    remembers
      ? `${runtime}: lines share variables and the folder; exit ends`
      : `${runtime}: each line is a command of its own and forgets variables and folders; exit ends`,
})

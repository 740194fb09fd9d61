/** What `runlet tool` says of its own. */

const quoted = (text: string) => JSON.stringify(text)

const where = (inFile: string | undefined) => (inFile === undefined ? '' : ` (${inFile})`)

/** The table. */
export const toolMessages = Object.freeze({
  noVerb: () => "say what to do with tools: 'runlet tool list' or 'runlet tool run'",
  unknownVerb: (verb: string, near: string | undefined) =>
    near === undefined
      ? `unknown command tool ${verb}; there are 'tool list' and 'tool run'`
      : `unknown command tool ${verb}, did you mean 'tool ${near}'?`,
  noEntrypoint: () => 'name the file that exports the tools: ENTRYPOINT',
  noTool: (entrypoint: string) =>
    `name the tool to run behind ${quoted(entrypoint)}: 'runlet tool list' shows which there are`,
  flagsOnly: (extra: string) => `${quoted(extra)} is one too many: doctor takes flags only`,
  noFile: (path: string) => `ENTRYPOINT: there is no file ${quoted(path)}`,
  tooMany: (extra: string) =>
    `${quoted(extra)} is one too many; the value of a permission stands behind =, ` +
    'as in --allow-read=./data',
  // A flag in place of another: nothing of what was asked for is ever dropped silently.
  nothingEnforced: (
    wanted: readonly string[],
    dropped: readonly string[],
    inFile: string | undefined,
  ) =>
    'this machine cannot enforce rules on files, network and programs (see runlet doctor): ' +
    `pass ${wanted.join(' ')}${dropped.length === 0 ? '' : ` in place of ${dropped.join(' ')}`}` +
    `${where(inFile)}, or --allow-all, which grants the environment, ` +
    'too, or --best-effort, which runs without those rules',
  // What to leave out is said, and never a wider grant in its place.
  partEnforced: (
    reasons: readonly string[],
    dropped: readonly string[],
    inFile: string | undefined,
  ) =>
    `${reasons.join('; ')}. Leave out ${dropped.join(' ')}${where(inFile)}, or pass --best-effort, ` +
    'which runs without',
  variable: () => '--env must be NAME=VALUE, with a name before the =',
  notEnforced: (permissions: readonly string[]) => `not enforced: ${permissions.join(', ')}`,
  otherRuntime: (type: string) => `; --runtime ${type} would use the one that is there`,
})

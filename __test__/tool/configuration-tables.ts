// The tables of docs/tools-configuration.md, made of the tables that the code reads.

interface Row {
  name: string
  kind: { accepts: string }
  initial?: () => unknown
  testing?: () => unknown
  shows?: string
  about: string
}

/** A table of the document. */
export interface Table {
  head: string[]
  rows: string[][]
}

const code = (text: string) => `\`${text}\``

/** A value as a document shows it: sizes with their unit, texts in quotes. */
function shown(value: unknown): string {
  if (typeof value === 'number' && value >= 2 ** 20 && value % 2 ** 20 === 0) {
    return `${value / 2 ** 20} MiB`
  }
  return code(typeof value === 'string' ? `'${value}'` : JSON.stringify(value))
}

function defaultOf(row: Row, path: string): string {
  if (row.shows !== undefined) return code(row.shows)
  if (path === 'workerFilePerm') return code('0o600')
  const value = row.initial?.()
  if (value === undefined) return 'unset'
  const isGroup =
    typeof value === 'object' && !Array.isArray(value) && Object.keys(value as object).length > 0
  return isGroup ? 'see below' : shown(value)
}

/** The tables by the heading they stand under. */
export function configurationTables(load: (module: string) => unknown): Record<string, Table> {
  const { everyOption } = load('option-table.js') as {
    everyOption(): { path: string; row: Row }[]
  }
  const { OVERRIDES } = load('overrides.js') as { OVERRIDES: Row[] }
  const { VARIABLES } = load('env-config.js') as {
    VARIABLES: { name: string; option: string; accepted: string }[]
  }
  const { RUNTIME_KEYS, TOOL_KEYS } = load('yaml-keys.js') as Record<
    string,
    { path: string[]; option: string }[]
  >
  const keys = (list: { path: string[]; option: string }[] = []) =>
    list.map(({ path, option }) => [code(path.join('.')), code(option)])
  const options = everyOption().map(({ path, row }) => {
    const testing = row.testing === undefined ? 'same' : shown(row.testing())
    return [code(path), row.kind.accepts, defaultOf(row, path), testing, row.about]
  })
  return {
    Options: {
      head: ['option', 'accepts', 'defaultConfig', 'testConfig', 'meaning'],
      rows: options,
    },
    'Options of one tool': {
      head: ['option', 'accepts', 'meaning'],
      rows: OVERRIDES.map((row) => [code(row.name), row.kind.accepts, row.about]),
    },
    'Environment variables': {
      head: ['variable', 'accepts', 'sets'],
      rows: VARIABLES.map(({ name, option, accepted }) => [
        code(`RUNLET_${name}`),
        accepted,
        code(option),
      ]),
    },
    'Keys of the runtime': { head: ['key', 'sets'], rows: keys(RUNTIME_KEYS) },
    'Keys of a tool': { head: ['key', 'sets'], rows: keys(TOOL_KEYS) },
  }
}

/** The inputs of the native tools as JSON Schema, for lists of tools and for models. */

type Schema = Readonly<Record<string, unknown>>

const text = (description: string) => ({ type: 'string', description })
const flag = (description: string) => ({ type: 'boolean', description })
const number = (minimum: number, maximum: number, description: string) => ({
  type: 'integer',
  minimum,
  maximum,
  description,
})

function object(properties: Record<string, Schema>, required: readonly string[]): Schema {
  return Object.freeze({ type: 'object', properties, required, additionalProperties: false })
}

/** By verb. */
export const NATIVE_INPUT_SCHEMAS = Object.freeze({
  read_file: object({ path: text('The file to read') }, ['path']),
  write_file: object(
    {
      path: text('The file to write; missing parents are made'),
      content: { ...text('The text, at most 1 MiB as UTF-8'), maxLength: 1_048_576 },
      append: flag('Add to the end instead of replacing the file'),
      mode: {
        type: ['integer', 'string'],
        description: 'Permission bits, 0 to 511, or octal text such as "0644"',
      },
    },
    ['path', 'content'],
  ),
  delete_file: object(
    {
      path: text('The file, link or directory to remove'),
      recursive: flag('Remove a directory with everything in it'),
    },
    ['path'],
  ),
  list_dir: object(
    {
      path: text('The directory to list'),
      pattern: text('A glob in gitignore syntax that entries must match'),
      recursive: flag('List directories below as well'),
      include_files: flag('List files, links and special files; default true'),
      include_dirs: flag('List directories; default true'),
      page_size: number(1, 10_000, 'Entries in one answer; default 200'),
      page_token: text('next_page_token of the answer before'),
    },
    ['path'],
  ),
  list_files: object(
    {
      dir: text('The directory to list'),
      recursive: flag('List directories below as well'),
      exclude: {
        anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' }, maxItems: 256 }],
        description: 'What to leave out, in gitignore syntax',
      },
    },
    ['dir'],
  ),
  grep: object(
    {
      pattern: text('A regular expression without backreferences and look-around'),
      path: text('The file or directory to search'),
      recursive: flag('Search directories below as well'),
      ignore_case: flag('Match upper and lower case alike'),
      max_results: number(1, 10_000, 'Matches in the answer; default 1000'),
      max_files_visited: number(1, 100_000, 'Files that are searched; default 10000'),
      max_file_bytes: number(1, 16_777_216, 'Larger files are passed over; default 1 MiB'),
    },
    ['pattern', 'path'],
  ),
  exec: object(
    {
      command: text('One of ls, pwd, cat, grep, find, head, tail, echo, stat, wc, sleep'),
      args: { type: 'array', items: { type: 'string' }, maxItems: 12, description: 'Arguments' },
      working_dir: text('The directory to run in; default the root'),
      timeout_ms: { type: 'integer', minimum: 1, description: 'Milliseconds; may only shorten' },
      env: {
        type: 'object',
        additionalProperties: { type: 'string' },
        description: 'Further environment variables',
      },
    },
    ['command'],
  ),
  fetch: object(
    {
      url: text('An http or https URL'),
      method: {
        enum: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'],
        description: 'Default GET',
      },
      headers: { type: 'object', additionalProperties: { type: 'string' }, description: 'Headers' },
      body: text('The body; not with GET and HEAD'),
      timeout_ms: { type: 'integer', minimum: 1, description: 'Milliseconds; may only shorten' },
    },
    ['url'],
  ),
})

/** A verb: the name of a native tool without its prefix. */
export type NativeVerb = keyof typeof NATIVE_INPUT_SCHEMAS

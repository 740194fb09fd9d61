/** Tools that search: grep and find. */

import type { GrepResult, SkippedFiles } from '../../index.js'
import type { ToolDefinition } from './tools'
import { boolean, choice, integer, schema, string } from './tools-schema'
import { counted, fitting, shortened, withNotes } from './tools-text'

const MOST = 1_000

export const grep: ToolDefinition = {
  name: 'grep',
  describe: (_, { exclude }) =>
    'Search the files of the workspace for a text, or with regex for a regular expression. Gives ' +
    `path:line: text.${passedOver(exclude)}`,
  inputSchema: schema(['query'], {
    query: string('The text or regular expression.', 1),
    path: string('Folder or file to search. Default the whole workspace.'),
    regex: boolean('query is a regular expression. Default false: it is found as it stands.'),
    ignoreCase: boolean('Default false.'),
    glob: string('Only files whose path matches, such as *.ts or src/**/*.ts.'),
    context: integer('Lines to show around each hit. Default 0.', 0, 20),
    mode: choice(
      'content gives lines, files only paths, count how many lines each file has. Default content.',
      'content',
      'files',
      'count',
    ),
    maxResults: integer('Default 100.', 1, MOST),
  }),
  async run(runtime, input, { bounds, exclude, call }) {
    const most = bounds.maxGrepLineChars
    // One more than is shown, so that a line that is cut is told from one that just fits.
    const request = { ...call, ...input, trim: false, maxLineChars: most + 1, exclude }
    const given = await runtime.grep?.(request as unknown as { query: string })
    const inside = (input.path as string | undefined) ?? ''
    const result = told(
      given ?? { hits: [] },
      most,
      ({ path }) => !isExcluded(path, exclude, inside),
    )
    const all = linesOf(result)
    const lines = fitting(all, bounds)
    const isCut = result.truncated === true || lines.length < all.length
    const notes = [
      isCut ? 'there is more than this; narrow the search' : undefined,
      skipped(result.skipped),
    ]
    return {
      text: withNotes(all.length === 0 ? '(no match)' : lines.join('\n'), notes),
      value: result,
    }
  },
}

/** What was found, a line each; of hits with lines around them, groups apart. */
function linesOf(result: GrepResult): string[] {
  if (result.files !== undefined) return [...result.files]
  if (result.counts !== undefined)
    return result.counts.map(({ path, count }) => `${path}: ${count}`)
  const hasContext = result.hits.some(({ before, after }) => before?.length || after?.length)
  return result.hits.flatMap(({ path, line, text, before = [], after = [] }, index) => {
    const parts = text.split('\n')
    const near = (texts: readonly string[], first: number) =>
      texts.map((context, at) => `${path}-${first + at}- ${context}`)
    return [
      ...(hasContext && index > 0 ? ['--'] : []),
      ...near(before, line - before.length),
      ...parts.map((part, at) => `${path}:${line + at}: ${part}`),
      ...near(after, line + parts.length),
    ]
  })
}

/** A result with its lines cut, and without what is passed over: some runtimes know nothing of that. */
function told(
  result: GrepResult,
  most: number,
  keeps: (entry: { path: string }) => boolean,
): GrepResult {
  const cut = (lines: readonly string[]) => lines.map((line) => shortened(line, most))
  const { hits, files, counts } = result
  return {
    ...result,
    hits: hits.filter(keeps).map(({ path, line, text, before, after }) => ({
      path,
      line,
      text: cut(text.replace(/\r$/, '').split('\n')).join('\n'),
      ...(before && { before: cut(before) }),
      ...(after && { after: cut(after) }),
    })),
    ...(files !== undefined && { files: files.filter((path) => keeps({ path })) }),
    ...(counts !== undefined && { counts: counts.filter(keeps) }),
  }
}

export const find: ToolDefinition = {
  name: 'find',
  describe: (_, { exclude }) =>
    `Find files and folders of the workspace by name.${passedOver(exclude)}`,
  inputSchema: schema([], {
    pattern: string(
      'Such as *.md, or src/**/*.ts for a whole path. Without a slash it matches names at any depth. ' +
        'Default everything.',
    ),
    path: string('Folder to search. Default the whole workspace.'),
    type: choice('Default both.', 'file', 'directory'),
    sort: choice('By path, or the last changed first. Default path.', 'path', 'mtime'),
    maxResults: integer('Default 1000.', 1, MOST),
  }),
  async run(runtime, input, { bounds, exclude, call }) {
    const request = { ...call, ...input, exclude }
    const given = await runtime.find?.(request)
    const inside = (input.path as string | undefined) ?? ''
    const all = given?.paths ?? []
    const paths = all.filter((path) => !isExcluded(path, exclude, inside))
    const lines = fitting(paths, bounds)
    const isCut = given?.truncated === true || lines.length < paths.length
    const note = isCut
      ? `the first ${lines.length} of ${given?.totalSeen ?? paths.length} are shown; narrow the search`
      : undefined
    const text = paths.length === 0 ? '(nothing found)' : lines.join('\n')
    return { text: withNotes(text, [note]), value: { ...given, paths } }
  },
}

const passedOver = (exclude: readonly string[]) =>
  exclude.length === 0 ? '' : ` Passes over ${exclude.join(', ')}.`

/** Files that somebody may have meant; that of no text are passed over is as it should be. */
function skipped({ oversize = 0, unreadable = 0 }: SkippedFiles = {}): string | undefined {
  if (oversize + unreadable === 0) return undefined
  const reasons = [
    oversize > 0 ? `${oversize} too large` : undefined,
    unreadable > 0 ? `${unreadable} unreadable` : undefined,
  ].filter((reason) => reason !== undefined)
  return `${counted(oversize + unreadable, 'file')} not searched: ${reasons.join(', ')}`
}

/** Whether a path leads through a name that is passed over, below what was asked for by name. */
function isExcluded(path: string, exclude: readonly string[], inside: string): boolean {
  const names = (text: string) => text.split('/').filter((name) => name !== '' && name !== '.')
  const asked = names(inside)
  const below = names(path)
  const start = asked.every((name, index) => below[index] === name) ? asked.length : 0
  return below.slice(start).some((name) => exclude.includes(name))
}

/** Tools for files: read, write, edit, ls and attach. */

import type { BuiltInRuntime, OpenedFile, ReadResult } from '../../index.js'
import { attachment } from './generated'
import type { ToolDefinition } from './tools'
import { boolean, integer, schema, string } from './tools-schema'
import { counted, cutLine, fitting, type TextBounds, withNotes } from './tools-text'

const PATH = 'Path of the file, relative to the workspace.'

export const read: ToolDefinition = {
  name: 'read',
  describe: (_, { maxLines, maxBytes }) =>
    `Read a text file of the workspace. Gives at most ${maxLines} lines and ${maxBytes} bytes, and ` +
    'says at which offset to continue where there is more.',
  inputSchema: schema(['path'], {
    path: string(PATH, 1),
    offset: integer('First line, counted from 1. Default 1.', 1),
    limit: integer('How many lines. Default as many as fit.', 1),
    lineNumbers: boolean(
      'Put its number before each line. Default false; never copy the numbers into an edit.',
    ),
  }),
  async run(runtime, input, { bounds, call }) {
    const {
      path,
      offset = 1,
      limit = bounds.maxLines,
      lineNumbers = false,
    } = input as {
      path: string
      offset?: number
      limit?: number
      lineNumbers?: boolean
    }
    const wanted = Math.min(limit, bounds.maxLines)
    const ask = (first: number, lines: number) =>
      runtime.read?.({ ...call, path, offset: first, limit: lines }) as Promise<ReadResult>
    const result = await ask(offset, wanted)
    const facts = { path: result.path, offset, ...(result.lines && { lines: result.lines }) }
    if (result.binary) {
      const note = `${path} holds bytes that are no text; it is not shown`
      return { text: withNotes('', [note]), value: { ...facts, text: '', binary: true } }
    }
    const isPast = result.lines !== undefined && offset > result.lines
    const page = isPast ? { lines: [], of: 0, cut: false } : paged(result.text, wanted, bounds)
    let next = page.lines.length < page.of ? offset + page.lines.length : undefined
    if (!isPast) next ??= await continued(result, offset + page.of, wanted === page.of, ask)
    const text = page.lines.join('\n')
    const last = offset + page.lines.length - 1
    const notes = isPast
      ? [`${path} has ${counted(result.lines ?? 0, 'line')}: nothing is at offset ${offset}`]
      : [whereOf(offset, last, next, result.lines)]
    return {
      text: withNotes(lineNumbers ? numbered(page.lines, offset) : text, notes),
      value: {
        ...facts,
        text,
        ...((next !== undefined || page.cut) && { truncated: true }),
        ...(next !== undefined && { nextOffset: next }),
      },
    }
  },
}

/** Which part of a file was given, unless that is all of it. */
function whereOf(
  first: number,
  last: number,
  next: number | undefined,
  lines: number | undefined,
): string | undefined {
  if (next === undefined) return first === 1 ? undefined : `lines ${first} to ${last}, the last`
  const of = lines === undefined ? '' : ` of ${lines}`
  return `lines ${first} to ${last}${of}. Use offset=${next} to continue`
}

/** Lines with their numbers; behind the last line end there is none. */
function numbered(lines: readonly string[], first: number): string {
  const shown = lines.length > 1 && lines.at(-1) === '' ? lines.slice(0, -1) : lines
  return shown.map((line, index) => `${first + index}\t${line}`).join('\n')
}

/** The lines of a text that fit, each cut to its size, and how many there are. */
function paged(
  text: string,
  wanted: number,
  bounds: TextBounds,
): { lines: string[]; of: number; cut: boolean } {
  let cut = false
  const all = text.split('\n').map((line) => {
    const short = cutLine(line, bounds.maxLineChars)
    cut ||= short.cut
    return short.text
  })
  return { lines: fitting(all.slice(0, wanted), bounds), of: all.length, cut }
}

/** Where a file goes on behind what a runtime gave. */
async function continued(
  { lines, nextOffset }: ReadResult,
  next: number,
  isFull: boolean,
  ask: (first: number, lines: number) => Promise<ReadResult>,
): Promise<number | undefined> {
  if (nextOffset !== undefined) return nextOffset
  if (lines === undefined) return isFull ? next : undefined
  if (next > lines) return undefined
  // Behind the last line end there is a line only if something is in it.
  return next === lines && (await ask(next, 1)).text === '' ? undefined : next
}

export const write: ToolDefinition = {
  name: 'write',
  describe: () =>
    'Write a text file of the workspace, with all of its content. Replaces what is there and makes ' +
    'the folders above it. To change a part of a file, use edit if it is there.',
  inputSchema: schema(['path', 'content'], {
    path: string(PATH, 1),
    content: string('The whole content.'),
  }),
  async run(runtime, input, { call }) {
    const { path, content } = input as { path: string; content: string }
    const value = await runtime.write?.({ ...call, path, content })
    return { text: `Wrote ${counted(value?.bytes ?? 0, 'byte')} to ${path}`, value: { ...value } }
  },
}

export const edit: ToolDefinition = {
  name: 'edit',
  describe: () =>
    'Replace a text in a file of the workspace. oldText must be there exactly as given, blanks and ' +
    'line ends included, and only once, unless replaceAll is true.',
  inputSchema: schema(['path', 'oldText', 'newText'], {
    path: string(PATH, 1),
    oldText: string('The text that is there now.', 1),
    newText: string('The text to put in its place.'),
    replaceAll: boolean('Replace every occurrence. Default false.'),
  }),
  async run(runtime, input, { call }) {
    const { path, ...texts } = input as {
      path: string
      oldText: string
      newText: string
      replaceAll?: boolean
    }
    const value = await runtime.edit?.({ ...call, path, ...texts })
    const text = `Replaced ${counted(value?.replacements ?? 0, 'occurrence')} in ${path}`
    return { text, value: { ...value } }
  },
}

export const ls: ToolDefinition = {
  name: 'ls',
  describe: () => 'List one folder of the workspace. Names of folders end with a slash.',
  inputSchema: schema([], { path: string('Path of the folder. Default the workspace itself.') }),
  async run(runtime, input, { bounds, call }) {
    const { path } = input as { path?: string }
    const result = await runtime.ls?.({ ...call, ...(path && { path }) })
    const entries = result?.entries ?? []
    const names = entries.map(({ name, type, size }) => {
      if (type === 'directory') return `${name}/`
      return type === 'file' ? `${name} (${counted(size ?? 0, 'byte')})` : `${name} (${type})`
    })
    const lines = fitting(names, bounds)
    const total = result?.totalSeen ?? entries.length
    const isCut = result?.truncated === true || lines.length < names.length
    const note = isCut ? `${lines.length} of ${total} entries` : undefined
    const text = entries.length === 0 ? '(empty)' : lines.join('\n')
    return { text: withNotes(text, [note]), value: { ...result } }
  },
}

export const attach: ToolDefinition = {
  name: 'attach',
  describe: () =>
    'Hand a file of the workspace to the user, such as a report or an image that was made there.',
  inputSchema: schema(['path'], {
    path: string(PATH, 1),
    name: string('Name that the user sees. Default the name of the file.', 1),
    mimeType: string('Default by the ending of the name.', 1),
  }),
  async run(runtime, input) {
    const { path, name, mimeType } = input as { path: string; name?: string; mimeType?: string }
    const { openGenerated, scope } = runtime as BuiltInRuntime
    const opened: OpenedFile = await openGenerated.call(runtime, { path })
    const type = mimeType ?? opened.mimeType
    const file = attachment(scope.path, opened.path, { name, mimeType: type })
    const { size, sha256 } = opened
    const text = `Attached ${name ?? opened.path} (${counted(size, 'byte')}, ${type})`
    return { text, value: { ...file, size, sha256 } }
  },
}

/** A runtime as the tools of the 0.3 contract: its names, its inputs, its texts. */

import type { RuntimeRoots03, Tool03, ToolUpdate03 } from '../../../heypi.js'
import type { AbortSignalLike, Runtime, WorkspaceToolName } from '../../../index.js'
import { isRecord } from '../../codelet/fields'
import { RunletError } from '../../errors'
import { refuse } from '../../tool/option-kinds'
import { workspaceTools } from '../../workspace/tools'
import { edited } from './edits'
import { GUEST_ROOTS, guestFiles } from './guest'

/** What its tools are called with. */
type Run = (
  input: Record<string, unknown>,
  signal: AbortSignalLike | undefined,
  update: ToolUpdate03 | undefined,
) => Promise<string>

const text = (description: string) => ({ type: 'string', description })
const count = (description: string) => ({ type: 'integer', minimum: 1, description })
const flag = (description: string) => ({ type: 'boolean', description })

function tool(
  name: string,
  description: string,
  required: readonly string[],
  properties: Record<string, unknown>,
  run: Run,
): Tool03 {
  return {
    name,
    label: name,
    description,
    parameters: { type: 'object', properties, required: [...required] },
    async execute(_id, input, signal, update) {
      if (!isRecord(input)) throw refuse('input', 'an object', input)
      return {
        content: [{ type: 'text', text: await run(input, signal, update) }],
        details: undefined,
      }
    },
  }
}

const given = (input: Record<string, unknown>, ...names: string[]): Record<string, unknown> =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = input[name]
      return value === undefined || value === null ? [] : [[name, value]]
    }),
  )

const listening = (signal: AbortSignalLike | undefined) => (signal === undefined ? {} : { signal })

/** The tools that a runtime has operations for. `absent` are folders that its commands do not see. */
export function tools03(
  runtime: Runtime,
  roots: RuntimeRoots03,
  absent: readonly string[],
): Tool03[] {
  const files = guestFiles(runtime, roots)
  const ours = workspaceTools(files)
  const through =
    (name: WorkspaceToolName, input: (from: Record<string, unknown>) => object): Run =>
    async (from, signal) => {
      const chosen = ours.find((candidate) => candidate.name === name)
      const result = await chosen?.execute(input(from), listening(signal))
      if (result?.isError) throw new RunletError('RUNTIME_ERROR', result.text)
      return result?.text ?? ''
    }
  const tools: Tool03[] = []
  const path = text('Path in the workspace, relative or below /workspace.')
  if (files.read) {
    const about = 'Read a text file. Large files are cut; offset and limit give the rest.'
    const lines = { offset: count('First line, from 1.'), limit: count('Lines.') }
    const run = through('read', (input) => given(input, 'path', 'offset', 'limit'))
    tools.push(tool('read', about, ['path'], { path, ...lines }, run))
  }
  if (runtime.bash) tools.push(bashTool(runtime, absent))
  if (files.edit && files.read) {
    const about = 'Replace texts in a file. Each must be there exactly once, as it is written.'
    const edits = {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        properties: { oldText: text('What is there.'), newText: text('What is to be there.') },
        required: ['oldText', 'newText'],
      },
    }
    const run: Run = (input, signal) => edited(files, input, listening(signal))
    tools.push(tool('edit', about, ['path', 'edits'], { path, edits }, run))
  }
  if (files.write) {
    const about = 'Write a text file. Folders above it are made; what was in it is replaced.'
    const run: Run = async (input, signal) => {
      const { path: where, content } = input as { path: string; content: string }
      const written = await files.write?.({ path: where, content, ...listening(signal) })
      return `Successfully wrote ${written?.bytes} bytes to ${where}`
    }
    tools.push(
      tool('write', about, ['path', 'content'], { path, content: text('All of it.') }, run),
    )
  }
  if (files.grep) {
    const about = 'Search files for a regular expression, or with literal for a text.'
    const run = through('grep', (input) => ({
      query: input.pattern,
      regex: input.literal !== true,
      ...given(input, 'path', 'glob', 'ignoreCase', 'context'),
      maxResults: input.limit ?? 100,
    }))
    const properties = {
      pattern: text('What to look for.'),
      path,
      glob: text('Only files whose path matches.'),
      ignoreCase: flag('Whether case is ignored.'),
      literal: flag('The pattern is a text.'),
      context: { type: 'integer', minimum: 0, description: 'Lines around each hit.' },
      limit: count('Most hits. Default 100.'),
    }
    tools.push(tool('grep', about, ['pattern'], properties, run))
  }
  if (files.find) tools.push(findTool(files, path))
  if (files.ls) tools.push(lsTool(files, path))
  return tools
}

function bashTool(runtime: Runtime, absent: readonly string[]): Tool03 {
  const about = 'Run a command in the workspace. Each call is a shell of its own.'
  const run: Run = async (input, signal, update) => {
    const { command, timeout } = input as { command: string; timeout?: number }
    const named = absent.find((folder) => mentions(command, folder))
    if (named !== undefined) {
      const message =
        `commands of this runtime do not see ${named}; ` +
        'paths in commands are relative to the workspace, and other tools take the rest'
      throw new RunletError('RUNTIME_ERROR', message, { details: { reason: 'not_mounted' } })
    }
    let seen = ''
    const result = await runtime.bash?.({
      command,
      ...(timeout !== undefined && timeout !== null && { timeoutMs: Math.ceil(timeout * 1_000) }),
      ...listening(signal),
      ...(update !== undefined && {
        onOutput(chunk: { text: string }) {
          seen += chunk.text
          update({ content: [{ type: 'text', text: seen }], details: undefined })
        },
      }),
    })
    const { code = 0, out = '', error } = result ?? {}
    // How it ended is said below, in other words.
    const said = error === undefined ? '' : error.message
    const err = (result?.err ?? '').replace(
      said === '' ? '' : new RegExp(`\\n?${quoted(said)}$`),
      '',
    )
    const between = out === '' || out.endsWith('\n') || err === '' ? '' : '\n'
    const printed = `${out}${between}${err}`
    if (code === 0) return printed === '' ? '(no output)' : printed
    const late = timeout === undefined || timeout === null ? '' : ` after ${timeout} seconds`
    const ending =
      error?.code === 'TIMEOUT'
        ? `Command timed out${late}`
        : error?.code === 'CANCELLED'
          ? 'Command aborted'
          : `Command exited with code ${code}`
    const message = printed === '' ? ending : `${printed}\n\n${ending}`
    throw new RunletError(error?.code ?? 'RUNTIME_ERROR', message, { details: { exitCode: code } })
  }
  const properties = {
    command: text('The text that bash runs.'),
    timeout: { type: 'number', exclusiveMinimum: 0, description: 'Seconds until it is ended.' },
  }
  return tool('bash', about, ['command'], properties, run)
}

/** A text as a pattern that matches nothing else. */
function quoted(literal: string): string {
  return literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

/** Whether a folder stands in a command as the start of an absolute path. */
function mentions(command: unknown, folder: string): boolean {
  if (typeof command !== 'string') return false
  return new RegExp(`(?:^|[\\s'"=:;|&(<>\`])${quoted(folder)}(?:$|[/\\s'":;|&)<>\`])`).test(command)
}

function findTool(files: Runtime, path: object): Tool03 {
  const about = 'Find files by a pattern, such as **/*.ts.'
  const run: Run = async (input, signal) => {
    const { pattern, limit = 1_000 } = input as { pattern: string; limit?: number }
    const start = input.path as string | undefined
    const found = await files.find?.({
      pattern,
      type: 'file',
      maxResults: limit,
      ...(start !== undefined && { path: start }),
      ...listening(signal),
    })
    const kept = (found?.paths ?? []).filter((one) => !/(^|\/)(\.git|node_modules)\//.test(one))
    if (kept.length === 0) return 'No files found matching pattern'
    const prefix = `${(start ?? '').replace(/^\/workspace\/?/, '').replace(/^\.\/?|\/$/g, '')}/`
    const shown = kept.map((one) => (one.startsWith(prefix) ? one.slice(prefix.length) : one))
    const more = found?.truncated ? `\n\n[${limit} results limit reached]` : ''
    return `${shown.join('\n')}${more}`
  }
  const properties = { pattern: text('What names match.'), path, limit: count('Most results.') }
  return tool('find', about, ['pattern'], properties, run)
}

function lsTool(files: Runtime, path: object): Tool03 {
  const run: Run = async (input, signal) => {
    const { limit = 500 } = input as { limit?: number }
    const start = input.path as string | undefined
    const listed = await files.ls?.({
      ...(start !== undefined && { path: start }),
      ...listening(signal),
    })
    const names = (listed?.entries ?? []).map(
      ({ name, type }) => `${name}${type === 'directory' ? '/' : ''}`,
    )
    if (names.length === 0) return '(empty directory)'
    const cut = names.length > limit || listed?.truncated === true
    const more = cut ? `\n\n[${limit} entries limit reached]` : ''
    return `${names.slice(0, limit).join('\n')}${more}`
  }
  const about = `List a folder, such as ${GUEST_ROOTS.workspace}.`
  return tool('ls', about, [], { path, limit: count('Most entries. Default 500.') }, run)
}

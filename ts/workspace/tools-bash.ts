/** The tool that runs commands. */

import type { BashResult, Runtime } from '../../index.js'
import type { ToolDefinition } from './tools'
import { integer, schema, string } from './tools-schema'
import { withNotes } from './tools-text'

/** What a shell is, for who is to write its commands. */
function about({ name }: Runtime): string {
  switch (name) {
    case 'just-bash':
      return 'a virtual bash with the usual commands for text and files. It starts no other program'
    case 'guarded-bash':
      return 'bash. A guard refuses what may do harm or asks a person about it'
    default:
      return 'bash'
  }
}

export const bash: ToolDefinition = {
  name: 'bash',
  describe: (runtime) =>
    `Run a command in the workspace with ${about(runtime)}. Each call is a shell of its own: ` +
    'folders and variables of an earlier call are forgotten. Nothing is on standard input.',
  inputSchema: schema(['command'], {
    command: string('The text that bash runs.', 1),
    timeoutMs: integer('Milliseconds until it is ended. Default as the workspace has it.', 1),
  }),
  async run(runtime, input, { call }) {
    const { command, timeoutMs } = input as { command: string; timeoutMs?: number }
    const result = await runtime.bash?.({
      ...call,
      command,
      ...(timeoutMs !== undefined && { timeoutMs }),
    })
    if (result === undefined) return { text: '', value: {} }
    const text = textOf(result)
    return { text, value: { ...result }, ...(result.error !== undefined && { isError: true }) }
  },
}

/** What it printed, and what else is to be known. */
function textOf({ code, out, err, truncated, spool, limited, denials }: BashResult): string {
  const between = out === '' || out.endsWith('\n') || err === '' ? '' : '\n'
  const printed = `${out}${between}${err}`
  const notes = [
    printed === '' && code === 0 ? 'no output' : undefined,
    code === 0 ? undefined : `exit code ${code}`,
    truncated === true
      ? `the output is cut${spool === undefined ? '' : `; all of it is in ${spool.path}`}`
      : undefined,
    limited === undefined ? undefined : `cut by a bound of the shell: ${limited.join('; ')}`,
    denials === undefined
      ? undefined
      : `not allowed: ${denials.map(({ target }) => target).join(', ')}`,
  ]
  return withNotes(printed, notes)
}

/** Words of errors that say why a machine did not start, without paths of the host. */

import { homedir, tmpdir } from 'node:os'
import { RuntimeStartupError } from '../startup-error'

/** Why a machine did not start. */
export type StartReason =
  | 'node_version'
  | 'package_missing'
  | 'package_version'
  | 'qemu_missing'
  | 'guest_assets'
  | 'guest_shell'
  | 'no_folder'
  | 'start_timeout'
  | 'start_failed'

const BEFORE = 'Gondolin runtime failed to start: '

/** The error for it. It has no cause: the cause's stack is the host's affair. */
export function notStarted(
  reason: StartReason,
  sentence: string,
  details: Record<string, unknown> = {},
): RuntimeStartupError {
  return new RuntimeStartupError(`${BEFORE}${sentence}`, { details: { reason, ...details } })
}

/** The sentence of such an error. */
export function sentenceOf(error: unknown): string {
  const { message } = error as Error
  return message.startsWith(BEFORE) ? message.slice(BEFORE.length) : message
}

/** A path in quotes, which may hold blanks, an address of a file, or a path as far as a blank. */
const PATHS =
  /(["'`])(?:file:\/\/|[A-Za-z]:)?[\\/~][^"'`]*\1|(?:file:\/\/|\b[A-Za-z]:)?[\\/~][^\s"'`,;()[\]{}]*/g
const LONGEST = 300

/** The first line of what was said, without paths. */
export function plainWords(error: unknown): string {
  const said: unknown = Reflect.get(Object(error), 'message')
  const text = typeof said === 'string' ? said : typeof error === 'string' ? error : ''
  const [line = ''] = text.trim().split(/[\r\n]/, 1)
  // Those whose names may hold blanks.
  const known = [homedir(), tmpdir(), process.cwd()].filter((folder) => folder.length > 1)
  const nameless = known.reduce((words, folder) => words.replaceAll(folder, '/'), line)
  const words = nameless.replace(PATHS, (path) => (path.endsWith(':') ? '(path):' : '(path)'))
  return words.trim() === '' ? 'no reason was given' : words.trim().slice(0, LONGEST)
}

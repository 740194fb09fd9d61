/** The variables of commands on the host: a few, and what the operator adds. */

import { isRecord } from '../codelet/fields'
import { invalidArgument } from '../errors'
import { shown } from '../messages'
import { member, refuse } from '../tool/option-kinds'

/** Where commands are looked up. */
export const SEARCH_PATH = '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin'

/** Names that bash or the loader obeys: who sets them decides which code runs. */
const OBEYED =
  /^(BASH_ENV|ENV|BASH_FUNC_.*|BASH_LOADABLES_PATH|BASHOPTS|SHELLOPTS|PS4|PROMPT_COMMAND|IFS|LD_.*|DYLD_.*|GCONV_PATH|GLIBC_TUNABLES)$/

/** Whether bash or the loader obeys a variable. */
export function isObeyed(name: string): boolean {
  return OBEYED.test(name)
}

/**
 * Reads `hostEnv`.
 *
 * @throws RunletError `INVALID_ARGUMENT` naming the variable
 */
export function readHostEnv(value: unknown, unsafe: boolean): Readonly<Record<string, string>> {
  if (value === undefined) return {}
  if (!isRecord(value)) throw refuse('hostEnv', 'an object of strings', value)
  const read: Record<string, string> = {}
  for (const [name, content] of Object.entries(value)) {
    if (content === undefined) continue
    const field = member('hostEnv', name)
    if (typeof content !== 'string' || /\0|\p{Surrogate}/u.test(content)) {
      throw refuse(field, 'a string without NUL', content)
    }
    if (!/^[^=\0\p{Surrogate}]+$/u.test(name)) {
      throw invalidArgument(field, `${shown(name)} is no name of a variable`)
    }
    if (!unsafe && isObeyed(name)) {
      const message = `${field} decides which code runs: it needs unsafeEnv: true`
      throw invalidArgument(field, message, { accepted: 'unsafeEnv: true' })
    }
    read[name] = content
  }
  return read
}

/** The whole environment of a command. */
export function shellEnvironment(
  home: string,
  hostEnv: Readonly<Record<string, string>>,
  temporary?: string,
): Record<string, string> {
  return {
    PATH: SEARCH_PATH,
    HOME: home,
    LANG: 'C.UTF-8',
    LC_ALL: 'C.UTF-8',
    TERM: 'xterm-256color',
    ...(temporary !== undefined && { TMPDIR: temporary }),
    ...hostEnv,
  }
}

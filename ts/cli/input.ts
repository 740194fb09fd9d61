/** Values of flags that come as JSON, from a file or from standard input. */

import { readFileSync } from 'node:fs'
import { text as readAll } from 'node:stream/consumers'
import { messages } from '../messages'
import type { Flags } from './parse-flags'
import { UsageError } from './usage-error'

/** The value of a flag that takes JSON or a file with it. @throws UsageError */
export async function readJson(flags: Flags, name: string): Promise<unknown> {
  const given = flags.text(name)
  if (given === undefined) return undefined
  const text = await readText(given, name)
  try {
    return JSON.parse(text) as unknown
  } catch {
    const accepted = 'JSON, or @FILE with JSON in it'
    throw new UsageError(messages.cliBadValue(`--${name}`, accepted, given))
  }
}

async function readText(given: string, name: string): Promise<string> {
  if (given === '@-') return readAll(process.stdin)
  return given.startsWith('@') ? readFile(given.slice(1), name) : given
}

/** The text of a file that a flag names. @throws UsageError */
export function readFile(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw new UsageError(messages.cliUnreadable(name, path))
  }
}

/** The number that a flag gives, or `undefined` without the flag. */
export function readLimit(
  flags: Flags,
  name: string,
  parse: (text: string, flag: string) => number,
): number | undefined {
  const given = flags.text(name)
  return given === undefined ? undefined : parse(given, `--${name}`)
}

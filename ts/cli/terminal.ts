/** What a codelet wrote may hold control sequences; a terminal must show them, not obey them. */

/** C0 except tab and line feed, DEL, C1, and the marks that turn the direction of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const OBEYED = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Text for a terminal. Later lines are indented, so that none can pass for one of runlet's own. */
export function printable(text: string): string {
  return text.replace(OBEYED, escaped).replaceAll('\n', '\n  ')
}

/** JSON text for a terminal. It means the same: inside strings JSON reads the escapes back. */
export function printableJson(text: string): string {
  return text.replace(OBEYED, escaped)
}

/** What a command prints: as it is into files and pipes, with what a terminal would obey shown to one. */
export function printText(stream: NodeJS.WriteStream, text: string): void {
  stream.write(
    stream.isTTY === true ? text.replaceAll('\r\n', '\n').replace(OBEYED, escaped) : text,
  )
}

/** One line, or several that belong together, on standard error. */
export function complain(text: string): void {
  process.stderr.write(`${printable(text)}\n`)
}

/** A value on standard output, as one line of JSON; nothing for what has none. */
export function printJson(value: unknown): void {
  const text: string | undefined = JSON.stringify(value)
  if (text !== undefined) process.stdout.write(`${printableJson(text)}\n`)
}

/** Text for a model: lines and texts cut to a size, and sentences that say so. */

/** Bounds of what one tool says. */
export interface TextBounds {
  readonly maxLines: number
  readonly maxBytes: number
  readonly maxLineChars: number
  readonly maxGrepLineChars: number
}

/** A line without what is too much of it. */
export function cutLine(line: string, most: number): { text: string; cut: boolean } {
  if (line.length <= most) return { text: line, cut: false }
  const kept = wholeUnits(line, most)
  return { text: `${kept}... [line cut here]`, cut: true }
}

/** A line of a hit, which is there to be recognised: what is left out is not counted. */
export function shortened(line: string, most: number): string {
  return line.length <= most ? line : `${wholeUnits(line, most)}...`
}

/** The beginning of a line, not within a character that is written as two units. */
function wholeUnits(line: string, most: number): string {
  return line.slice(0, /[\ud800-\udbff]/.test(line[most - 1] ?? '') ? most - 1 : most)
}

/** As many lines as there is room for, and at least one. */
export function fitting(lines: readonly string[], { maxBytes }: TextBounds): string[] {
  let bytes = 0
  const kept: string[] = []
  for (const line of lines) {
    bytes += Buffer.byteLength(line) + 1
    if (bytes > maxBytes && kept.length > 0) break
    kept.push(line)
  }
  return kept
}

/** A text and what is to be said of it, apart. */
export function withNotes(text: string, notes: readonly (string | undefined)[]): string {
  const said = notes.filter((note) => note !== undefined).map((note) => `[${note}]`)
  if (said.length === 0) return text
  const between = text === '' ? '' : text.endsWith('\n') ? '\n' : '\n\n'
  return `${text}${between}${said.join('\n')}`
}

/** `1 file`, `3 files`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** What ends a command that prints much, and what a result shows of it: the beginning and the end. */

/** Bytes after which a command is ended. */
const HARD_LIMIT = 256 * 1024 * 1024
/** What the runtime that users come from ended commands at. */
const KILL_LIMIT = 262_144

/** The bytes that go with the option `onOutputLimit`. */
export function outputLimitBytes(onOutputLimit: 'truncate' | 'kill'): number {
  return onOutputLimit === 'kill' ? KILL_LIMIT : HARD_LIMIT
}

/** Bytes of a stream that a result holds. */
export const SHOWN_BYTES = 65_536

const HEAD_BYTES = SHOWN_BYTES / 4
const MARK = '...[truncated]\n'

/** Whether a unit is the second half of a character. */
function splits(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  return unit >= 0xdc00 && unit <= 0xdfff
}

/** The longest beginning, or end, that has no more bytes than `most`. Never half a character. */
function piece(text: string, most: number, from: 'start' | 'end'): string {
  const cut = (units: number) => {
    const at = from === 'start' ? units : text.length - units
    return splits(text, at) ? units - 1 : units
  }
  let units = Math.min(text.length, most)
  for (;;) {
    const whole = cut(units)
    const part = from === 'start' ? text.slice(0, whole) : text.slice(text.length - whole)
    const over = Buffer.byteLength(part) - most
    if (over <= 0) return part
    // A unit has at most three bytes, so this never leaves out more than it must.
    units = whole - Math.max(1, Math.ceil(over / 3))
  }
}

/**
 * A text as a result shows it: the first quarter and the last three of so many bytes.
 *
 * @param dropped bytes that are missing from the text already
 */
export function shortened(text: string, dropped = 0): { text: string; cut: boolean } {
  if (dropped === 0 && text.length <= SHOWN_BYTES && Buffer.byteLength(text) <= SHOWN_BYTES) {
    return { text, cut: false }
  }
  const head = piece(text, HEAD_BYTES, 'start')
  const tail = piece(text, SHOWN_BYTES - HEAD_BYTES, 'end')
  const between = head.endsWith('\n') ? '' : '\n'
  return { text: `${head}${between}${MARK}${tail}`, cut: true }
}

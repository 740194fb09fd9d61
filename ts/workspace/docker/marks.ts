/** Finds marks in a stream of bytes and keeps them out of what goes on. */

import { wholeCharacters } from './capture'

const START = 0x1e
/** Longer than any mark. */
const LONGEST = 200

/** One mark: what it says, without its own text. */
export interface MarkListener {
  /** Bytes that are no mark, in order. */
  readonly onText: (chunk: Buffer) => void
  readonly onMark: (words: string[]) => void
}

/** A stream in which a mark is the byte 0x1E, a text of its own, words and a line end. */
export class MarkedStream {
  readonly #mark: Buffer
  readonly #listener: MarkListener
  #held: Buffer = Buffer.alloc(0)

  constructor(mark: string, listener: MarkListener) {
    this.#mark = Buffer.concat([Buffer.from([START]), Buffer.from(`${mark} `)])
    this.#listener = listener
  }

  push(chunk: Buffer): void {
    let rest = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    this.#held = Buffer.alloc(0)
    for (;;) {
      const at = this.#find(rest)
      if (at < 0) {
        this.#text(rest)
        return
      }
      this.#text(rest.subarray(0, at))
      rest = rest.subarray(at)
      const end = rest.indexOf(0x0a)
      if (end < 0) {
        // Perhaps the rest of it is still to come.
        if (rest.length < LONGEST) this.#held = Buffer.from(rest)
        else this.#text(rest)
        return
      }
      const words = rest.subarray(this.#mark.length, end).toString('utf8').trim().split(/ +/)
      this.#listener.onMark(words)
      rest = rest.subarray(end + 1)
    }
  }

  /** Nothing more comes. */
  end(): void {
    this.#text(this.#held)
    this.#held = Buffer.alloc(0)
  }

  /** Where a mark begins, or what may still become one; -1 for neither. */
  #find(bytes: Buffer): number {
    const whole = bytes.indexOf(this.#mark)
    if (whole >= 0) return whole
    const last = bytes.lastIndexOf(START)
    if (last < 0 || bytes.length - last >= this.#mark.length) return -1
    return this.#mark.subarray(0, bytes.length - last).equals(bytes.subarray(last)) ? last : -1
  }

  #text(bytes: Buffer): void {
    if (bytes.length > 0) this.#listener.onText(bytes)
  }
}

/** Gives a function whole lines, whatever the chunks are. */
export class Lines {
  readonly #onLines: (text: string) => void
  #held: Buffer[] = []
  #heldBytes = 0

  constructor(onLines: (text: string) => void) {
    this.#onLines = onLines
  }

  push(chunk: Buffer): void {
    const end = chunk.lastIndexOf(0x0a)
    if (end < 0) {
      this.#held.push(chunk)
      this.#heldBytes += chunk.length
      // A line that never ends is not kept for ever.
      if (this.#heldBytes > 64 * 1024) this.#part()
      return
    }
    const whole = Buffer.concat([...this.#held, chunk.subarray(0, end + 1)])
    const rest = chunk.subarray(end + 1)
    this.#held = rest.length > 0 ? [rest] : []
    this.#heldBytes = rest.length
    this.#onLines(whole.toString('utf8'))
  }

  /** What is held, but for a character that is not whole yet. */
  #part(): void {
    const held = Buffer.concat(this.#held)
    const whole = wholeCharacters(held)
    this.#onLines(held.toString('utf8', 0, whole))
    this.#held = [held.subarray(whole)]
    this.#heldBytes = held.length - whole
  }

  end(): void {
    if (this.#heldBytes > 0) this.#onLines(Buffer.concat(this.#held).toString('utf8'))
    this.#held = []
    this.#heldBytes = 0
  }
}

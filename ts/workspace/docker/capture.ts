/** Keeps the beginning and the end of a stream of bytes. */

/** Kept of one stream: the first quarter of it, and the last three. */
const KEPT = 8 * 1024 * 1024

/** Bytes under which a chunk takes more room than what is in it, and how many of them are put together. */
const SMALL_BYTES = 1024
const SMALL_CHUNKS = 4096

/** Chunks, in which few bytes do not take much room. */
class Chunks {
  readonly all: Buffer[] = []
  #small = 0

  push(chunk: Buffer): void {
    this.all.push(chunk)
    this.#small = chunk.length < SMALL_BYTES ? this.#small + 1 : 0
    if (this.#small < SMALL_CHUNKS) return
    this.all.push(Buffer.concat(this.all.splice(-SMALL_CHUNKS)))
    this.#small = 0
  }
}

/** One stream. */
export class Capture {
  readonly #headRoom: number
  readonly #tailRoom: number
  readonly #head = new Chunks()
  #headBytes = 0
  readonly #tail = new Chunks()
  #tailBytes = 0
  #total = 0

  constructor(kept = KEPT) {
    this.#headRoom = Math.floor(kept / 4)
    this.#tailRoom = kept - this.#headRoom
  }

  /** Bytes that went by. */
  get total(): number {
    return this.#total
  }

  push(chunk: Buffer): void {
    this.#total += chunk.length
    const room = this.#headRoom - this.#headBytes
    if (room > 0) {
      const first = chunk.subarray(0, room)
      this.#head.push(first)
      this.#headBytes += first.length
    }
    const rest = room > 0 ? chunk.subarray(room) : chunk
    if (rest.length === 0) return
    this.#tail.push(rest)
    this.#tailBytes += rest.length
    const { all } = this.#tail
    while (this.#tailBytes - (all[0]?.length ?? 0) >= this.#tailRoom) {
      this.#tailBytes -= all.shift()?.length ?? 0
    }
  }

  /** What was kept, as a text, and how many bytes between its beginning and its end were not. */
  text(): { text: string; dropped: number } {
    const head = Buffer.concat(this.#head.all)
    const tail = Buffer.concat(this.#tail.all).subarray(-this.#tailRoom)
    const dropped = this.#total - head.length - tail.length
    // As one, so that no character is cut where nothing is missing.
    if (dropped === 0) return { text: Buffer.concat([head, tail]).toString('utf8'), dropped }
    const whole = head.subarray(0, wholeCharacters(head))
    return { text: `${whole.toString('utf8')}${afterPart(tail).toString('utf8')}`, dropped }
  }
}

/** Whether a byte is of the inside of a character. */
function isInner(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80
}

/** How many bytes at the start are of whole characters. */
export function wholeCharacters(bytes: Buffer): number {
  let at = bytes.length - 1
  while (at > bytes.length - 4 && at >= 0 && isInner(bytes[at])) at--
  const lead = bytes[at] ?? 0
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1
  return at >= 0 && at + length > bytes.length ? at : bytes.length
}

/** Without the rest of a character whose start is missing. */
function afterPart(bytes: Buffer): Buffer {
  let at = 0
  while (at < 3 && isInner(bytes[at])) at++
  return bytes.subarray(at)
}

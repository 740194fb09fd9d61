/** What a command prints, as it comes: counted, and of much only the beginning and the end kept. */

import { Writable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import type { BashInput } from '../../../index.js'

const MIB = 1024 * 1024
/** Kept of stdout and of stderr, each. Together they are what a spool file holds. */
const HEAD = 2 * MIB
const TAIL = 6 * MIB
/** A line that goes on longer is handed on in pieces. */
const LONGEST_LINE = 64 * 1024

type Stream = 'stdout' | 'stderr'

/** Bytes in one piece, however small the chunks they come in: one byte each may be what they are. */
class Bytes {
  #place = Buffer.alloc(0)
  length = 0

  add(chunk: Buffer): void {
    const needed = this.length + chunk.length
    if (needed > this.#place.length) {
      const larger = Buffer.alloc(Math.max(needed, 2 * this.#place.length, 4_096))
      this.all().copy(larger)
      this.#place = larger
    }
    chunk.copy(this.#place, this.length)
    this.length = needed
  }

  /** Only the last so many stay. @returns how many went */
  trim(most: number): number {
    const excess = Math.max(0, this.length - most)
    this.#place.copyWithin(0, excess, this.length)
    this.length -= excess
    return excess
  }

  all(): Buffer {
    return this.#place.subarray(0, this.length)
  }
}

/** One stream. */
class Kept {
  readonly #head = new Bytes()
  readonly #tail = new Bytes()
  dropped = 0

  take(chunk: Buffer): void {
    const first = chunk.subarray(0, HEAD - this.#head.length)
    this.#head.add(first)
    this.#tail.add(chunk.subarray(first.length))
    // Not at every chunk, as all that stays is moved.
    if (this.#tail.length > 2 * TAIL) this.dropped += this.#tail.trim(TAIL)
  }

  /** Decoded as one, so that no character is torn at the edge of a chunk. */
  text(): string {
    this.dropped += this.#tail.trim(TAIL)
    return Buffer.concat([this.#head.all(), this.#tail.all()]).toString('utf8')
  }
}

/** Hands on whole lines. */
class Lines {
  readonly #decoder = new StringDecoder('utf8')
  readonly #hand: (text: string) => void
  #begun = ''

  constructor(hand: (text: string) => void) {
    this.#hand = hand
  }

  take(chunk: Buffer): void {
    const text = this.#begun + this.#decoder.write(chunk)
    const end = text.lastIndexOf('\n') + 1
    const whole = end === 0 && text.length >= LONGEST_LINE ? text.length : end
    this.#begun = text.slice(whole)
    if (whole > 0) this.#hand(text.slice(0, whole))
  }

  end(): void {
    const rest = this.#begun + this.#decoder.end()
    this.#begun = ''
    if (rest !== '') this.#hand(rest)
  }
}

/** Both streams of one command. */
export class Printed {
  readonly stdout: Writable
  readonly stderr: Writable
  readonly #limit: number
  readonly #onLimit: () => void
  readonly #kept: Record<Stream, Kept> = { stdout: new Kept(), stderr: new Kept() }
  readonly #lines: Partial<Record<Stream, Lines>> = {}
  #bytes = 0
  #closed = false

  /** @param limit bytes of both, beyond which `onLimit` is called and nothing more is kept */
  constructor(limit: number, onLimit: () => void, onOutput: BashInput['onOutput']) {
    this.#limit = limit
    this.#onLimit = onLimit
    this.stdout = this.#sink('stdout')
    this.stderr = this.#sink('stderr')
    if (onOutput === undefined) return
    for (const stream of ['stdout', 'stderr'] as const) {
      this.#lines[stream] = new Lines((text) => {
        try {
          onOutput({ stream, text })
        } catch {
          // The caller's own affair.
        }
      })
    }
  }

  /** Of a stream whose text came in the end; nothing where it came before. */
  takeLate(stream: Stream, text: unknown): void {
    if (this.#bytes > 0 || typeof text !== 'string' || text === '') return
    this.#late.push([stream, Buffer.from(text)])
  }

  readonly #late: [Stream, Buffer][] = []

  /** All that is kept, and how much is missing. Nothing is taken any more. */
  end(): { out: string; err: string; outDropped: number; errDropped: number } {
    for (const [stream, chunk] of this.#late.splice(0)) this.#take(stream, chunk)
    this.#closed = true
    this.#lines.stdout?.end()
    this.#lines.stderr?.end()
    const { stdout, stderr } = this.#kept
    const [out, err] = [stdout.text(), stderr.text()]
    return { out, err, outDropped: stdout.dropped, errDropped: stderr.dropped }
  }

  #sink(stream: Stream): Writable {
    return new Writable({
      highWaterMark: MIB,
      decodeStrings: true,
      write: (chunk: Buffer, _encoding, done) => {
        this.#take(stream, chunk)
        done()
      },
    })
  }

  #take(stream: Stream, chunk: Buffer): void {
    if (this.#closed || this.#bytes > this.#limit) return
    this.#bytes += chunk.length
    this.#kept[stream].take(chunk)
    this.#lines[stream]?.take(chunk)
    if (this.#bytes > this.#limit) this.#onLimit()
  }
}

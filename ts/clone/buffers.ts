/**
 * The buffers of a value that goes to a codelet.
 *
 * Only bytes that the value shows may cross. A view often lies on a buffer that it shares with
 * others: Node's small `Buffer`s lie side by side in one pool, and the pool holds whatever the
 * process has put there. So a buffer seen through views only is cut to what they cover, with zeros
 * in between; a buffer that is itself part of the value crosses whole.
 */

/** A view and its mark: tag, kind, buffer, offset, length. */
interface Shown {
  view: ArrayBufferView
  mark: unknown[]
}

interface Entry {
  buffer: ArrayBuffer
  isWhole: boolean
  shown: Shown[]
}

/** Offsets of any kind of view are multiples of this. */
const ALIGNMENT = 8

/** Buffers by index. */
export class BufferTable {
  readonly #entries: Entry[] = []
  readonly #indices = new Map<ArrayBuffer, number>()

  /** The index of a buffer, given when it is first seen. */
  index(buffer: ArrayBuffer): number {
    const known = this.#indices.get(buffer)
    if (known !== undefined) return known
    this.#indices.set(buffer, this.#entries.length)
    return this.#entries.push({ buffer, isWhole: false, shown: [] }) - 1
  }

  /** The buffer is part of the value. */
  showWhole(buffer: ArrayBuffer): void {
    const entry = this.#entries[this.index(buffer)]
    if (entry !== undefined) entry.isWhole = true
  }

  /** A view is part of the value. Its mark's offset is corrected when the contents are taken. */
  show(view: ArrayBufferView, mark: unknown[]): void {
    this.#entries[this.index(view.buffer as ArrayBuffer)]?.shown.push({ view, mark })
  }

  /** What crosses, by index. */
  contents(): Uint8Array[] {
    return this.#entries.map((entry) =>
      entry.isWhole ? new Uint8Array(entry.buffer) : visible(entry),
    )
  }
}

function visible({ shown }: Entry): Uint8Array {
  let start = Number.POSITIVE_INFINITY
  let end = 0
  for (const { view } of shown) {
    start = Math.min(start, view.byteOffset)
    end = Math.max(end, view.byteOffset + view.byteLength)
  }
  const [first] = shown
  if (first === undefined) return new Uint8Array(0)
  if (shown.length > 1) start -= start % ALIGNMENT
  for (const { view, mark } of shown) mark[3] = view.byteOffset - start
  if (shown.length === 1) return bytesOf(first.view)
  const content = new Uint8Array(end - start)
  for (const { view } of shown) content.set(bytesOf(view), view.byteOffset - start)
  return content
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

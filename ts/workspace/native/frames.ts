/**
 * What the two sides say to each other: a frame is the length of its content in four bytes, the least
 * first, a letter for its kind, and the content.
 */

/** `J` is a message in JSON, `O` and `E` what a script prints. */
export type FrameKind = 'J' | 'O' | 'E'

const HEAD = 5
/** Bytes of one frame. What a script prints comes in far smaller ones, and a file in one message. */
const MOST = 256 * 1024 * 1024

export function messageFrame(message: object): Buffer {
  const text = JSON.stringify(message)
  const frame = Buffer.allocUnsafe(HEAD + Buffer.byteLength(text))
  frame.writeUInt32LE(frame.length - HEAD, 0)
  frame.write('J', 4, 'latin1')
  frame.write(text, HEAD)
  return frame
}

/** Takes pieces of a stream as they come and hands over whole frames, until one is none of ours. */
export function framesOf(
  onFrame: (kind: FrameKind, content: Buffer) => void,
  onFault: () => void,
): (piece: Buffer) => void {
  let pending: Buffer[] = []
  let bytes = 0
  let needed = HEAD
  let faulty = false
  return (piece) => {
    if (faulty) return
    pending.push(piece)
    bytes += piece.length
    if (bytes < needed) return
    const all = pending.length === 1 ? piece : Buffer.concat(pending, bytes)
    let at = 0
    for (;;) {
      needed = HEAD
      if (all.length - at < needed) break
      needed = HEAD + all.readUInt32LE(at)
      const kind = String.fromCharCode(all[at + 4] as number)
      if (needed > MOST || !isKind(kind)) {
        faulty = true
        pending = []
        onFault()
        return
      }
      if (all.length - at < needed) break
      onFrame(kind, all.subarray(at + HEAD, at + needed))
      at += needed
    }
    pending = at === all.length ? [] : [all.subarray(at)]
    bytes = all.length - at
  }
}

function isKind(kind: string): kind is FrameKind {
  return kind === 'J' || kind === 'O' || kind === 'E'
}

/** The object that a message is; nothing where it is none. */
export function messageOf(content: Buffer): object | undefined {
  try {
    const message: unknown = JSON.parse(content.toString())
    return typeof message === 'object' && message !== null ? message : undefined
  } catch {
    return undefined
  }
}

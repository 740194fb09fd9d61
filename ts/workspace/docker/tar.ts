/** Reads a tar: names, kinds and contents of what is in it. Nothing of it is written anywhere. */

/** One entry. */
export interface TarEntry {
  readonly path: string
  readonly kind: 'file' | 'directory' | 'other'
  readonly content: Buffer
}

const BLOCK = 512

function textAt(block: Buffer, start: number, length: number): string {
  const bytes = block.subarray(start, start + length)
  const end = bytes.indexOf(0)
  return bytes.toString('utf8', 0, end < 0 ? length : end)
}

/** Octal digits; of large files, bytes behind one with its highest bit set. */
function numberAt(block: Buffer, start: number, length: number): number {
  const bytes = block.subarray(start, start + length)
  if (((bytes[0] ?? 0) & 0x80) === 0) return Number.parseInt(textAt(block, start, length), 8) || 0
  return Number(bytes.readBigUInt64BE(length - 8))
}

/** The path of a header of the newer kind: `LENGTH name=value` lines. */
function extendedPath(content: Buffer): string | undefined {
  for (let at = 0; at < content.length; ) {
    const length = Number.parseInt(content.toString('utf8', at, at + 10), 10)
    if (!(length > 0)) return undefined
    const line = content.toString('utf8', at, at + length - 1)
    const [, name, value] = /^\d+ ([^=]+)=([\s\S]*)$/.exec(line) ?? []
    if (name === 'path') return value
    at += length
  }
  return undefined
}

/** Reads one. Nothing of what was cut off: whoever made it was ended, and made only a part. */
export function readTar(bytes: Buffer): TarEntry[] | undefined {
  const entries: TarEntry[] = []
  let longer: string | undefined
  for (let at = 0; at + BLOCK <= bytes.length; ) {
    const header = bytes.subarray(at, at + BLOCK)
    at += BLOCK
    if (header[0] === 0) return entries
    const size = numberAt(header, 124, 12)
    // Whatever made it, nothing of it goes backwards.
    if (!Number.isSafeInteger(size) || size < 0) return undefined
    const content = bytes.subarray(at, at + size)
    if (content.length < size) return undefined
    at += Math.ceil(size / BLOCK) * BLOCK
    const type = String.fromCharCode(header[156] ?? 0)
    if (type === 'L') {
      longer = textAt(content, 0, content.length)
      continue
    }
    if (type === 'x') {
      longer = extendedPath(content) ?? longer
      continue
    }
    if (type === 'g' || type === 'K') continue
    const isNew = textAt(header, 257, 5) === 'ustar' && header[262] === 0
    const before = isNew ? textAt(header, 345, 155) : ''
    const short = textAt(header, 0, 100)
    const path = longer ?? (before === '' ? short : `${before}/${short}`)
    longer = undefined
    const kind = type === '5' ? 'directory' : type === '0' || type === '\0' ? 'file' : 'other'
    entries.push({ path, kind, content })
  }
  return undefined
}

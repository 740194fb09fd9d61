/** Response bodies: counted while they arrive, decompressed under the same cap. */
import { pipeline, type Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { FetchError, failed } from './fetch-error'
import { FETCH_MESSAGES } from './messages'

/** Statuses whose replies have no body, whatever their headers say. */
const WITHOUT_BODY = new Set([204, 205, 304])

/** What becomes of a body that is too long: the call fails, or gets its start. */
export type Over = 'fail' | 'cut'

/** Whether a reply to `method` with `status` carries a body. */
export function hasBody(method: string, status: number): boolean {
  return method !== 'HEAD' && !WITHOUT_BODY.has(status)
}

/**
 * Reads the whole body, at most `max` bytes after decompression, and destroys the stream as soon as
 * one byte more arrives. We ask servers for `identity`; one that compresses all the same is read.
 * @throws FetchError when the body is too long, damaged or of an unknown encoding
 */
export async function readBody(
  source: Readable,
  encoding: string | undefined,
  max: number,
  at: string,
  over: Over,
): Promise<Buffer> {
  const decoder = decoderFor(encoding, at)
  if (decoder === undefined) return collect(source, max, at, over)
  // The pipeline destroys both ends on failure; the reader below sees the error itself.
  pipeline(source, decoder, () => undefined)
  try {
    return await collect(decoder, max, at, over)
  } catch (error) {
    throw error instanceof FetchError ? error : failed(FETCH_MESSAGES.undecodable(at), error)
  }
}

/** Collects a stream or web stream of byte chunks up to `max` bytes; see `Over` for one more. */
export async function collect(
  chunks: AsyncIterable<Uint8Array>,
  max: number,
  at: string,
  over: Over,
): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of chunks) {
    size += chunk.byteLength
    parts.push(chunk)
    if (size <= max) continue
    // Leaving the loop destroys the stream and with it the connection.
    if (over === 'fail') throw failed(FETCH_MESSAGES.responseTooLarge(at, max))
    break
  }
  return Buffer.concat(parts, Math.min(size, max))
}

function decoderFor(encoding: string | undefined, at: string) {
  switch (encoding?.trim().toLowerCase()) {
    case undefined:
    case '':
    case 'identity':
      return undefined
    case 'gzip':
    case 'x-gzip':
      return createGunzip()
    case 'deflate':
      return createInflate()
    case 'br':
      return createBrotliDecompress()
    default:
      throw failed(FETCH_MESSAGES.encoding(at))
  }
}

/** Response bodies: counted while they arrive, decompressed under the same cap. */
import { pipeline, type Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { FetchError, failed } from './fetch-error'
import { FETCH_MESSAGES } from './messages'

/** Statuses whose replies have no body, whatever their headers say. */
const WITHOUT_BODY = new Set([204, 205, 304])

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
): Promise<Buffer> {
  const decoder = decoderFor(encoding, at)
  if (decoder === undefined) return collect(source, max, at)
  // The pipeline destroys both ends on failure; the reader below sees the error itself.
  pipeline(source, decoder, () => undefined)
  try {
    return await collect(decoder, max, at)
  } catch (error) {
    throw error instanceof FetchError ? error : failed(FETCH_MESSAGES.undecodable(at), error)
  }
}

/** Collects a stream or web stream of byte chunks up to `max` bytes. */
export async function collect(
  chunks: AsyncIterable<Uint8Array>,
  max: number,
  at: string,
): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of chunks) {
    size += chunk.byteLength
    // Leaving the loop by a throw destroys the stream and with it the connection.
    if (size > max) throw failed(FETCH_MESSAGES.responseTooLarge(at, max))
    parts.push(chunk)
  }
  return Buffer.concat(parts, size)
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

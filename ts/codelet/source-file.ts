/** Reads a codelet from a file, on the host and afresh for every run. */

import { Buffer } from 'node:buffer'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { invalidArgument } from '../errors'
import { messages } from '../messages'
import type { FaceFailure } from './outcome'
import { type FileSource, nonEmpty, type TextSource } from './source'

const CHUNK_BYTES = 64 * 1024

/** Why a path cannot be read, without the system's own text, which would name the resolved path. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EACCES: 'may not be read',
  EPERM: 'may not be read',
  EISDIR: 'is a directory',
  ELOOP: 'is a loop of links',
  ENAMETOOLONG: 'is too long a path',
}

/**
 * Reads the file.
 *
 * @param maxBytes largest size, `max_source_bytes`
 * @returns the code, or the failure that is the outcome of the run
 * @throws RunletError `INVALID_ARGUMENT` with the path as the caller wrote it
 */
export async function readSourceFile(
  source: FileSource,
  maxBytes: number,
): Promise<TextSource | FaceFailure> {
  let bytes: Uint8Array | undefined
  try {
    bytes = await readRegularFile(source.path, maxBytes)
  } catch (error) {
    const code = String(Reflect.get(Object(error), 'code'))
    throw unreadable(source, REASONS[code] ?? 'cannot be read')
  }
  if (bytes === undefined) throw unreadable(source, 'is not a regular file')
  if (bytes.length > maxBytes) {
    const message = messages.sourceTooLarge(bytes.length, maxBytes)
    const details = { limit: 'max_source_bytes', limitValue: maxBytes }
    return { code: 'POLICY_VIOLATION', message, details }
  }
  const code = decode(bytes)
  if (code === undefined) {
    const message = messages.notUtf8(source.filename)
    return { code: 'SYNTAX_ERROR', message, ...firstBadByte(bytes) }
  }
  const { exportName, language, filename } = source
  return { code: nonEmpty(code, 'source.path'), exportName, language, filename }
}

function unreadable(source: FileSource, why: string): Error {
  return invalidArgument('source.path', messages.unreadable(source.written, why))
}

/** At most one byte more than allowed; `undefined` when the path is not a regular file. */
async function readRegularFile(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
  // Non-blocking, or opening a named pipe would wait for a writer before it could be refused.
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    return (await handle.stat()).isFile() ? await readAtMost(handle, maxBytes + 1) : undefined
  } finally {
    await handle.close()
  }
}

/** Reads to the end or to `limit`: the size that stat tells may already be wrong. */
async function readAtMost(handle: FileHandle, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let total = 0
  while (total < limit) {
    const chunk = new Uint8Array(Math.min(CHUNK_BYTES, limit - total))
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, null)
    if (bytesRead === 0) break
    chunks.push(chunk.subarray(0, bytesRead))
    total += bytesRead
  }
  return Buffer.concat(chunks, total)
}

/** Strict UTF-8; a byte order mark is dropped. `partial` lets the last character be unfinished. */
function decode(bytes: Uint8Array, partial = false): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: partial })
  } catch {
    return undefined
  }
}

/** Where the text stops being UTF-8. A line feed is never part of a longer character. */
function firstBadByte(bytes: Uint8Array): { line: number; column: number } {
  let good = 0
  let bad = bytes.length
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (decode(bytes.subarray(0, middle), true) === undefined) bad = middle
    else good = middle
  }
  const lines = (decode(bytes.subarray(0, good), true) ?? '').split('\n')
  return { line: lines.length, column: (lines[lines.length - 1] ?? '').length + 1 }
}

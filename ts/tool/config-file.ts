/** Reads a configuration file. */

import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { ErrorCode, ToolRuntimeConfig } from '../../index.js'
import { addon } from '../addon'
import { invalidArgument, RunletError } from '../errors'
import { configurationMessages } from './configuration-messages'
import { refuse } from './option-kinds'
import { configFromDocument, located } from './yaml-config'

const MAX_BYTES = 1 << 20

/** Why a path cannot be read. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EACCES: 'may not be read',
  EPERM: 'may not be read',
  EISDIR: 'is a folder',
  ELOOP: 'is a loop of links',
}

/** What the core says of a document. */
type Parsed =
  | { value: unknown; lines: Record<string, number>; error?: undefined }
  | { error: { code: ErrorCode; message: string; details: { line: number; column: number } } }

/** The options of a YAML file; see `index.d.ts`. */
export async function loadRuntimeConfig(path: string): Promise<Partial<ToolRuntimeConfig>> {
  if (typeof path !== 'string' || path === '') throw refuse('path', 'the path of a YAML file', path)
  const parsed = JSON.parse(addon().native.parseYaml(await readText(path))) as Parsed
  if (parsed.error !== undefined) {
    const { code, message, details } = parsed.error
    const facts = { field: 'path', file: path, ...details }
    throw new RunletError(code, configurationMessages.fileFault(path, undefined, message), {
      details: facts,
    })
  }
  let options: Record<string, unknown>
  try {
    options = configFromDocument(parsed.value)
  } catch (error) {
    throw error instanceof RunletError ? located(error, path, parsed.lines) : error
  }
  return { projectRoot: dirname(resolve(path)), ...options }
}

function unreadable(path: string, why: string): RunletError {
  return invalidArgument('path', configurationMessages.fileUnreadable(path, why))
}

async function readText(path: string): Promise<string> {
  const bytes = await readBytes(path).catch((error: unknown) => {
    if (error instanceof RunletError) throw error
    const code = String(Reflect.get(Object(error), 'code'))
    throw unreadable(path, REASONS[code] ?? 'cannot be read')
  })
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw unreadable(path, 'is not UTF-8')
  }
}

async function readBytes(path: string): Promise<Uint8Array> {
  // Without O_NONBLOCK, opening a named pipe would wait for a writer.
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    if (!(await handle.stat()).isFile()) throw unreadable(path, 'is not a regular file')
    const buffer = new Uint8Array(MAX_BYTES + 1)
    let length = 0
    while (length < buffer.length) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length)
      if (bytesRead === 0) return buffer.subarray(0, length)
      length += bytesRead
    }
    throw invalidArgument('path', configurationMessages.fileTooLarge(path, MAX_BYTES))
  } finally {
    await handle.close()
  }
}

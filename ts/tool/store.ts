/** The folder where a runtime keeps its own files: the worker, the stub entrypoint, snapshots. */

import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { RunletError } from '../errors'
import type { RuntimeType } from './runtime-types'

/** Where a runtime's own files are. */
export interface Store {
  /** Absolute. */
  readonly folder: string
  /** The worker script, absolute. */
  readonly worker: string
  /** Removes the folder, if it was made for this runtime alone. */
  close(): void
}

const WORKER = 'worker.mjs'
/** Bun obeys the nearest one. That of the project may put other files in the place of the worker. */
const OWN_SETTINGS = 'tsconfig.json'
const STUB = 'default_entrypoint.ts'
const STUB_TEXT = 'export default {}\n'

let source: { text: Buffer; hash: string } | undefined

function workerSource(): { text: Buffer; hash: string } {
  if (source === undefined) {
    const text = readFileSync(join(__dirname, '..', WORKER))
    source = { text, hash: hashOf(text) }
  }
  return source
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/**
 * Makes the store and puts the worker into it. A folder that cannot be written, or that somebody
 * else could have put there, is replaced by a private one in the system's folder for such files.
 *
 * @throws RunletError `INTERNAL` when neither can be written
 */
export function openStore(folder: string, workerFilePerm: number): Store {
  try {
    return { ...fill(folder, workerFilePerm), close: () => {} }
  } catch {
    // Read-only projects are common: images, package caches.
  }
  try {
    const own = mkdtempSync(join(tmpdir(), 'runlet-'))
    const close = () => rmSync(own, { recursive: true, force: true })
    return { ...fill(own, workerFilePerm), close }
  } catch {
    const message = 'no folder for the worker can be written: set storeDir to one that can'
    throw new RunletError('INTERNAL', message, { details: { field: 'storeDir' } })
  }
}

/**
 * The same store with the worker in a private folder: where tools may write to the store, one could put
 * another worker into the place of that which the next call starts.
 *
 * @throws RunletError `INTERNAL` when there is no place for one
 */
export function withPrivateWorker(store: Store, workerFilePerm: number): Store {
  try {
    const own = mkdtempSync(join(tmpdir(), 'runlet-'))
    const { worker } = fill(own, workerFilePerm)
    const close = () => {
      rmSync(own, { recursive: true, force: true })
      store.close()
    }
    return { folder: store.folder, worker, close }
  } catch {
    const message = 'tools may write to storeDir, and no other folder for the worker can be written'
    throw new RunletError('INTERNAL', message, { details: { field: 'storeDir' } })
  }
}

function fill(folder: string, mode: number): Omit<Store, 'close'> {
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  if (!isOurs(folder)) throw new Error('not a folder of our own')
  const worker = join(folder, WORKER)
  put(worker, workerSource().text, mode)
  put(join(folder, OWN_SETTINGS), Buffer.from('{}\n'), mode)
  return { folder, worker }
}

/**
 * Whether nobody can change the folder who could not change the project, too. A link would have files
 * of any other folder overwritten.
 */
function isOurs(folder: string): boolean {
  const facts = lstatSync(folder)
  const { uid, mode } = facts
  const owners = [process.getuid?.() ?? uid, 0, lstatSync(dirname(folder)).uid]
  return facts.isDirectory() && (mode & 0o002) === 0 && owners.includes(uid)
}

/** Writes a file unless it is there with the same contents. By another name first, so that a process which starts meanwhile reads all of it. */
function put(path: string, text: Buffer, mode: number): void {
  const known = lstatSync(path, { throwIfNoEntry: false })
  const same =
    known?.isFile() === true &&
    known.size === text.length &&
    hashOf(readFileSync(path)) === hashOf(text)
  if (same) {
    if ((known.mode & 0o777) !== mode) chmodSync(path, mode)
    return
  }
  const fresh = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`
  writeFileSync(fresh, text, { mode, flag: 'wx' })
  chmodSync(fresh, mode)
  renameSync(fresh, path)
}

/** The entrypoint of a runtime that was given none: it has no tools. Written once, kept if present. */
export function stubEntrypoint(store: Store, type: RuntimeType, mode: number): string {
  // Not every Node reads the other extension.
  const path = join(store.folder, type === 'bun' ? STUB : 'default_entrypoint.mjs')
  if (!existsSync(path)) put(path, Buffer.from(STUB_TEXT), mode)
  return path
}

/** Heap snapshots of tools that failed, the newest few, in the store's folder. */

import { chmod, type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { RunletError } from '../errors'

/** Snapshots that are kept in a store, whichever tools they are of. */
export const KEPT_SNAPSHOTS = 5
/** Bytes a snapshot may have: what one tool may make the host write. */
export const MOST_SNAPSHOT_BYTES = 256 * 1024 * 1024

const LONGEST_NAME = 80
const SNAPSHOT = /^heap-.+-(\d{8}T\d{9}Z)(?:-(\d+))?\.heapsnapshot$/

/** A snapshot that is being written. Nothing is seen under its name before `finish`. */
export interface HeapSnapshotWriter {
  /**
   * Appends a part, in order.
   *
   * @throws RunletError `OUTPUT_LIMIT` beyond 256 MiB; what was written is then removed
   */
  write(part: Uint8Array): Promise<void>
  /** Makes it a snapshot and removes the oldest beyond five. Gives its path. */
  finish(): Promise<string>
  /** Removes what was written, if it was not finished. */
  discard(): Promise<void>
}

/**
 * Begins a snapshot in `<storeDir>/heap` (0700; the files 0600).
 *
 * @param storeDir folder of the runtime; made if it is missing
 * @param toolId tool the snapshot is of; characters that file names should not have become `_`
 * @param now time in the file's name. Default: the current one
 * @throws what the file system throws
 */
export async function beginHeapSnapshot(
  storeDir: string,
  toolId: string,
  now = new Date(),
): Promise<HeapSnapshotWriter> {
  const folder = join(storeDir, 'heap')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if (process.platform !== 'win32') await chmod(folder, 0o700)
  const time = now.toISOString().replace(/[-:.]/g, '')
  const stem = `heap-${fileName(toolId)}-${time}`
  const { file, name } = await openNew(folder, stem)
  return new Writer(folder, name, file)
}

/** A tool's id as a part of a file name, never empty, hidden or long. */
function fileName(toolId: string): string {
  const safe = toolId.replace(/[^A-Za-z0-9_.-]/g, '_').slice(0, LONGEST_NAME)
  return safe === '' ? '_' : safe
}

/** Opens a file that did not exist. A finished snapshot of that name counts as existing. */
async function openNew(folder: string, stem: string): Promise<{ file: FileHandle; name: string }> {
  const taken = new Set(await readdir(folder))
  for (let number = 0; ; number++) {
    const name = `${stem}${number === 0 ? '' : `-${number}`}.heapsnapshot`
    if (taken.has(name)) continue
    try {
      return { file: await open(join(folder, `${name}.partial`), 'wx', 0o600), name }
    } catch (error) {
      if ((error as { code?: unknown } | null)?.code !== 'EEXIST') throw error
    }
  }
}

class Writer implements HeapSnapshotWriter {
  readonly #folder: string
  readonly #name: string
  readonly #file: FileHandle
  #bytes = 0
  #open = true

  constructor(folder: string, name: string, file: FileHandle) {
    this.#folder = folder
    this.#name = name
    this.#file = file
  }

  async write(part: Uint8Array): Promise<void> {
    this.#bytes += part.byteLength
    if (this.#bytes > MOST_SNAPSHOT_BYTES) {
      await this.discard()
      const message = `the heap snapshot has more than ${MOST_SNAPSHOT_BYTES} bytes`
      const details = { limit: 'heapSnapshotBytes', limitBytes: MOST_SNAPSHOT_BYTES }
      throw new RunletError('OUTPUT_LIMIT', message, { details })
    }
    let rest = part
    while (rest.byteLength > 0) {
      const { bytesWritten } = await this.#file.write(rest)
      rest = rest.subarray(bytesWritten)
    }
  }

  async finish(): Promise<string> {
    await this.#close()
    const path = join(this.#folder, this.#name)
    await rename(`${path}.partial`, path)
    await removeOldest(this.#folder)
    return path
  }

  async discard(): Promise<void> {
    if (!this.#open) return
    await this.#close()
    await rm(join(this.#folder, `${this.#name}.partial`), { force: true })
  }

  async #close(): Promise<void> {
    this.#open = false
    await this.#file.close()
  }
}

/** Removes the snapshots beyond the newest; other files in the folder are not ours. */
async function removeOldest(folder: string): Promise<void> {
  const snapshots = (await readdir(folder)).flatMap((name) => {
    const [, time, number = '0'] = SNAPSHOT.exec(name) ?? []
    return time === undefined ? [] : [{ name, time, number: Number(number) }]
  })
  snapshots.sort((a, b) => (a.time < b.time ? 1 : a.time > b.time ? -1 : b.number - a.number))
  const old = snapshots.slice(KEPT_SNAPSHOTS)
  await Promise.all(old.map(({ name }) => rm(join(folder, name), { force: true })))
}

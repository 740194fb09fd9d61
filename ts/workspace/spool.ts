/** Files of a workspace that hold what a result was too short for. */

import { randomBytes } from 'node:crypto'
import type { RuntimeLogger } from '../../index.js'
import { Folder } from './core'

const FOLDER = '.runlet'
const LARGEST = 16 * 1024 * 1024
const KEPT = 20

/** The spool of one workspace. */
export class Spool {
  readonly #folder: Folder
  readonly #logger: RuntimeLogger | undefined
  readonly #paths: string[] = []

  constructor(root: string, logger: RuntimeLogger | undefined) {
    // What replaces bytes that are no text is longer than they were.
    this.#folder = new Folder({ root, limits: { maxFileBytes: 4 * LARGEST } })
    this.#logger = logger
  }

  /**
   * Writes all that was kept. Without a place for it there is none: the result stands without.
   *
   * @returns where, and how much
   */
  async write(out: string, err: string): Promise<{ path: string; bytes: number } | undefined> {
    const path = `${FOLDER}/out-${randomBytes(6).toString('hex')}`
    try {
      const { bytes } = await this.#folder.operate<{ bytes: number }>('write', {
        path,
        content: out + err,
      })
      this.#paths.push(path)
      while (this.#paths.length > KEPT) {
        await this.#folder.operate('delete', { path: this.#paths.shift() })
      }
      return { path, bytes }
    } catch (error) {
      try {
        this.#logger?.debug('runtime.spool_failed', { reason: Reflect.get(Object(error), 'code') })
      } catch {
        // The logger's own affair.
      }
      return undefined
    }
  }

  close(): void {
    this.#folder.close()
  }
}

/** A folder for temporary files of one runtime's commands, and of nobody else's. */

import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const made = new Set<string>()
let watched = false

function remove(path: string): void {
  made.delete(path)
  try {
    rmSync(path, { recursive: true, force: true })
  } catch {
    // Somebody of the same rights is at work there.
  }
}

/** Made when it is asked for; gone with the runtime, or with this process. */
export class TemporaryFolder {
  #path: string | undefined

  path(): string {
    if (this.#path !== undefined) return this.#path
    if (!watched) {
      watched = true
      process.once('exit', () => {
        for (const path of made) remove(path)
      })
    }
    this.#path = realpathSync(mkdtempSync(join(tmpdir(), 'runlet-tmp-')))
    made.add(this.#path)
    return this.#path
  }

  remove(): void {
    if (this.#path !== undefined) remove(this.#path)
    this.#path = undefined
  }
}

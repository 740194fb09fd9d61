/**
 * A folder of the host that holds, for one operation, what a container said of its files. The core works
 * on it, so that files elsewhere mean the same as files here. No name of a container is ever followed:
 * folders and files are only made anew, and links lead where this says.
 */

import { mkdirSync, mkdtempSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { RuntimeLimits } from '../../../index.js'
import { RunletError } from '../../errors'
import { Folder } from '../core'

/** Whether a relative path stays below, by its words alone. */
function isBelow(path: string): boolean {
  return !/(?:^|\/)\.\.(?:\/|$)/.test(path) && !path.startsWith('/') && !path.includes('\0')
}

/** What the system says where a copy cannot be made whole, whatever its names are. */
const WANTING = new Set([
  'EMFILE',
  'ENFILE',
  'ENOSPC',
  'EDQUOT',
  'ENOMEM',
  'EIO',
  'EROFS',
  'EACCES',
])

/** One mirror. */
export class Mirror {
  readonly #root = mkdtempSync(join(tmpdir(), 'runlet-mirror-'))
  readonly folder: Folder
  readonly #links: [string, string][] = []

  constructor(options: { oversize: 'skip' | 'error'; limits: RuntimeLimits }) {
    this.folder = new Folder({ root: this.#root, ...options })
  }

  directory(path: string): void {
    this.#make(path, (at) => mkdirSync(at, { recursive: true }))
  }

  /** A file with a content, or with nothing but a size. */
  file(path: string, content: Buffer | number): void {
    this.#make(path, (at) => {
      mkdirSync(dirname(at), { recursive: true })
      writeFileSync(at, typeof content === 'number' ? '' : content, { flag: 'wx' })
      if (typeof content === 'number') truncateSync(at, content)
    })
  }

  /** A link that leads nowhere, or out. */
  link(path: string, where: 'nowhere' | 'out'): void {
    this.#links.push([path, where === 'out' ? '/' : '.runlet-nowhere'])
  }

  /** Makes the links: nothing is made beyond them. */
  done(): void {
    const links = this.#links.splice(0)
    // All folders first: one that was made beyond a link would be made elsewhere.
    for (const [path] of links)
      this.#make(path, (at) => mkdirSync(dirname(at), { recursive: true }))
    for (const [path, target] of links) {
      this.#make(path, (at) => symlinkSync(target, at))
    }
  }

  async remove(): Promise<void> {
    this.folder.close()
    await rm(this.#root, { recursive: true, force: true })
  }

  #make(path: string, make: (at: string) => void): void {
    const relative = path.replace(/^(?:\.?\/)+/, '')
    if (!isBelow(relative)) return
    try {
      make(join(this.#root, relative))
    } catch (error) {
      // Or a name that this system cannot have, or had already.
      const code = String(Reflect.get(Object(error), 'code'))
      if (!WANTING.has(code)) return
      const message = `no copy of the container's files could be made: ${code}`
      throw new RunletError('RUNTIME_ERROR', message, { details: { reason: 'guest_files' } })
    }
  }
}

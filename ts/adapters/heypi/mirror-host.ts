/** The side of a mirror that is a folder of this machine. No link is followed on the way. */

import { constants } from 'node:fs'
import {
  chmod,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  rmdir,
  symlink,
} from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { RunletError } from '../../errors'

/** One entry. `target` is where a link leads, relative to its own folder. */
export interface Entry {
  readonly kind: 'file' | 'folder' | 'link'
  readonly mode: number
  readonly target: string
}

function isInside(folder: string, path: string): boolean {
  const rel = relative(folder, path)
  return rel === '' || (rel !== '..' && !rel.startsWith(`..${sep}`) && !isAbsolute(rel))
}

/** One folder. */
export class HostTree {
  readonly #given: string
  /** For messages: none names a folder of this machine. */
  readonly #guest: string
  #temporary = 0

  constructor(folder: string, guest: string) {
    this.#given = resolve(folder)
    this.#guest = guest
  }

  /** All entries, a folder before what is in it. */
  async *walk(): AsyncGenerator<{ path: string; entry: Entry }> {
    const root = await realpath(this.#given)
    yield* this.#below(root, '')
  }

  async *#below(root: string, folder: string): AsyncGenerator<{ path: string; entry: Entry }> {
    const names = (await readdir(join(root, folder))).sort()
    for (const name of names) {
      const path = folder === '' ? name : `${folder}/${name}`
      const stat = await lstat(join(root, path))
      const mode = stat.mode & 0o777
      if (stat.isSymbolicLink()) {
        yield { path, entry: { kind: 'link', mode, target: await this.#target(root, path) } }
      } else if (stat.isDirectory()) {
        yield { path, entry: { kind: 'folder', mode, target: '' } }
        yield* this.#below(root, path)
      } else if (stat.isFile()) {
        yield { path, entry: { kind: 'file', mode, target: '' } }
      } else {
        const message = `unsupported runtime entry: ${this.#guest}/${path}`
        throw new RunletError('RUNTIME_ERROR', message)
      }
    }
  }

  /** Where a link leads, relative to its folder; refused if that is not within the root. */
  async #target(root: string, path: string): Promise<string> {
    const full = join(root, path)
    const target = await readlink(full)
    const straight = resolve(dirname(full), target)
    const led = await realpath(full).catch(() => straight)
    if (!isInside(root, straight) || !isInside(root, led)) {
      const message = `symlink escapes runtime root: ${this.#guest}/${path}`
      throw new RunletError('PERMISSION_DENIED', message)
    }
    return relative(dirname(full), straight).split(sep).join('/') || '.'
  }

  /** The bytes of a regular file, of any number up to a bound. */
  async read(path: string, most: number): Promise<Buffer> {
    const full = await this.#checked(path)
    const file = await open(full, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      const stat = await file.stat()
      if (!stat.isFile()) {
        const message = `unsupported runtime entry: ${this.#guest}/${path}`
        throw new RunletError('RUNTIME_ERROR', message)
      }
      if (stat.size > most) {
        const message = `mirror exceeds limit: more than ${most} bytes`
        throw new RunletError('OUTPUT_LIMIT', message, { details: { limit: most } })
      }
      return await file.readFile()
    } finally {
      await file.close()
    }
  }

  /** Makes an entry, over whatever is there. With `keep`, not over one of the same kind. */
  async put(path: string, entry: Entry, bytes?: Uint8Array, keep = false): Promise<void> {
    const full = await this.#checked(path)
    const there = await this.#kind(full)
    if (there !== undefined && there !== entry.kind)
      await rm(full, { recursive: true, force: true })
    if (entry.kind === 'folder') {
      if (there !== 'folder') await mkdir(full)
      if (!keep) await chmod(full, entry.mode)
      return
    }
    // Beside it and then in its place, so that it is whole at any time.
    const beside = join(dirname(full), `.runlet-mirror-${process.pid}-${++this.#temporary}`)
    try {
      if (entry.kind === 'link') await symlink(entry.target, beside)
      else {
        const flags =
          constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
        const file = await open(beside, flags, 0o600)
        try {
          await file.writeFile(bytes ?? new Uint8Array())
          await file.chmod(entry.mode)
        } finally {
          await file.close()
        }
      }
      await rename(beside, full)
    } catch (error) {
      await rm(beside, { force: true })
      throw error
    }
  }

  /** Removes an entry that is still of that kind; a folder only if nothing is in it. */
  async remove(path: string, kind: Entry['kind'] | undefined): Promise<void> {
    const full = await this.#checked(path).catch(() => undefined)
    if (full === undefined || (await this.#kind(full)) !== kind) return
    if (kind === 'folder') await rmdir(full).catch(() => {})
    else await rm(full, { force: true })
  }

  async #kind(full: string): Promise<Entry['kind'] | 'other' | undefined> {
    try {
      const stat = await lstat(full)
      if (stat.isSymbolicLink()) return 'link'
      return stat.isDirectory() ? 'folder' : stat.isFile() ? 'file' : 'other'
    } catch {
      return undefined
    }
  }

  /** The path of an entry whose folders are folders, and no links. */
  async #checked(path: string): Promise<string> {
    await mkdir(this.#given, { recursive: true })
    const root = await realpath(this.#given)
    const parts = path.split('/')
    let full = root
    for (const part of parts.slice(0, -1)) {
      full = join(full, part)
      if ((await this.#kind(full)) === 'folder') continue
      const message = `path escapes runtime workspace: ${this.#guest}/${path}`
      throw new RunletError('PERMISSION_DENIED', message, { details: { reason: 'escapes' } })
    }
    return join(full, parts.at(-1) ?? '')
  }
}

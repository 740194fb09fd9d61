/** Directories that are held open, and what is reached from them by one name. */

import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  type Stats,
  statSync,
} from 'node:fs'
import { FileFault } from '../confined'

const { O_DIRECTORY = 0, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_RDONLY } = constants
/** Linux: a descriptor that only names a file. Opening it opens no device and waits for no pipe. */
const O_PATH = 0o10000000
const linux = process.platform === 'linux'

/** A directory that is open. */
export interface Held {
  readonly fd: number
  /** Its path when it was opened; of use only where descriptors are no paths. */
  readonly path: string
  /** Its name in the directory above; empty for the root. */
  readonly name: string
}

/**
 * Opens the root, by the host's own choice: links in its path are followed, once, here.
 *
 * Linux names what lies in an open directory by the descriptor (`/proc/self/fd/N/name`), so that no
 * name is looked up twice. Elsewhere the directory is compared with what its path leads to after each
 * step, which a program beside us can outrun.
 */
export function openRoot(path: string): Held {
  const fd = openSync(path, (linux ? O_PATH : O_RDONLY) | O_DIRECTORY)
  const held = { fd, path, name: '' }
  if (!sameFile(fstatSync(fd), statSync(inside(held)))) {
    closeSync(fd)
    throw new FileFault('EACCES', 'open', '/')
  }
  return held
}

/** A path that means the held directory itself. */
export function inside(held: Held): string {
  return linux ? `/proc/self/fd/${held.fd}` : held.path
}

/** A path that means `name` in the held directory. */
export function entry(held: Held, name: string): string {
  return `${inside(held)}/${name}`
}

/** Opens a directory of a held one. A link is ENOTDIR. */
export function openDirectory(held: Held, name: string): Held {
  const path = entry(held, name)
  const fd = openSync(path, (linux ? O_PATH : O_RDONLY) | O_DIRECTORY | O_NOFOLLOW)
  const opened = { fd, path, name }
  if (!linux) unlessSwapped(opened)
  return opened
}

/**
 * Gives a descriptor of the file `name`, which is not followed, and what it is. On Linux it only names
 * the file: {@link reopened} is the path to open it by.
 */
export function openEntry(held: Held, name: string): { fd: number; stats: Stats } {
  const path = entry(held, name)
  const fd = openSync(path, (linux ? O_PATH : O_RDONLY | O_NONBLOCK) | O_NOFOLLOW)
  try {
    if (!linux) unlessSwapped({ fd, path, name })
    return { fd, stats: fstatSync(fd) }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** A path of the very file that a descriptor of {@link openEntry} names. */
export function reopened(fd: number, held: Held, name: string): string {
  return linux ? `/proc/self/fd/${fd}` : entry(held, name)
}

/** The names in a held directory. */
export function namesIn(held: Held) {
  return readdirSync(inside(held), { withFileTypes: true })
}

export function sameFile(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.dev === b.dev
}

function unlessSwapped(opened: Held): void {
  if (sameFile(fstatSync(opened.fd), lstatSync(opened.path))) return
  closeSync(opened.fd)
  throw new FileFault('EACCES', 'open', '/')
}

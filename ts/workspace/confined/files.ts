/** {@link ConfinedFiles} over the host's file system. */

import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readlinkSync,
  readSync,
  renameSync,
  rmdirSync,
  type Stats,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { posix } from 'node:path'
import { type ConfinedFiles, codeOf, type FileFacts, FileFault, faultless } from '../confined'
import { entry, type Held, inside, namesIn, openDirectory, openEntry, reopened } from './held'
import { atPlace, type Place } from './resolve'

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_RDONLY, O_WRONLY } = constants
const PERMISSIONS = 0o777

/** A place that has a name, which all but the root have. */
type Named = Place & { name: string }

/** Files beneath `root`, which the caller closes. No file is read or made that is over `maxBytes`. */
export function confinedFiles(root: Held, maxBytes: number): ConfinedFiles {
  function at<T>(operation: string, path: string, follow: boolean, use: (place: Place) => T): T {
    return faultless(operation, path, () => atPlace(root, operation, path, follow, use))
  }

  /** The root can be neither removed nor replaced. */
  function named<T>(operation: string, path: string, follow: boolean, use: (place: Named) => T): T {
    return at(operation, path, follow, (place) => {
      if (place.name === undefined) throw new FileFault('EBUSY', operation, path)
      return use(place as Named)
    })
  }

  /** Lets `use` have the very file that is there. */
  function opened<T>(
    { parent, name }: Place,
    use: (path: string, stats: Stats, fd: number) => T,
  ): T {
    if (name === undefined) return use(inside(parent), fstatSync(parent.fd), parent.fd)
    const { fd, stats } = openEntry(parent, name)
    try {
      return use(reopened(fd, parent, name), stats, fd)
    } finally {
      closeSync(fd)
    }
  }

  return {
    read: (path) =>
      at('open', path, true, (place) =>
        opened(place, (file, stats) => {
          expectFile(stats, 'read', path)
          if (stats.size > maxBytes) throw new FileFault('EFBIG', 'read', path)
          return readWhole(file, stats.size, maxBytes, path)
        }),
      ),

    write: (path, bytes) =>
      named('open', path, true, ({ parent, name }) => {
        if (bytes.length > maxBytes) throw new FileFault('EFBIG', 'write', path)
        const mode = modeForWriting(parent, name, path)
        const temporary = entry(parent, `.runlet-${randomBytes(8).toString('hex')}`)
        const fd = openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
        try {
          writeAll(fd, bytes)
          chmodSync(temporary, mode)
          renameSync(temporary, entry(parent, name))
        } catch (error) {
          unlinkSync(temporary)
          throw error
        } finally {
          closeSync(fd)
        }
      }),

    append: (path, bytes) =>
      named('open', path, true, (place) => {
        const { parent, name } = place
        const size = sizeForAppending(place, path)
        if (size + bytes.length > maxBytes) throw new FileFault('EFBIG', 'write', path)
        const flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK
        const fd = openSync(entry(parent, name), flags, 0o644)
        try {
          const stats = fstatSync(fd)
          expectFile(stats, 'open', path)
          // Another name of the file may lie outside.
          if (stats.nlink > 1) throw new FileFault('EACCES', 'open', path)
          writeAll(fd, bytes)
        } finally {
          closeSync(fd)
        }
      }),

    stat: (path) => at('stat', path, true, (place) => opened(place, (_, stats) => facts(stats))),
    lstat: (path) => at('lstat', path, false, (place) => opened(place, (_, stats) => facts(stats))),

    list: (path) =>
      at('scandir', path, true, ({ parent, name }) =>
        within(parent, name, (held) =>
          namesIn(held)
            .map((found) => ({ name: found.name, kind: kindOf(found) }))
            .sort((a, b) => (a.name < b.name ? -1 : 1)),
        ),
      ),

    makeDirectory: (path, { parents }) => {
      const steps = path.split('/').filter((name) => name !== '' && name !== '.')
      for (let step = parents ? 1 : steps.length; step <= steps.length; step++) {
        const part = `/${steps.slice(0, step).join('/')}`
        try {
          named('mkdir', part, false, ({ parent, name }) => mkdirSync(entry(parent, name), 0o755))
        } catch (error) {
          const there = parents && codeOf(error) === 'EEXIST'
          if (!there || kindAt(part) !== 'directory') throw error
        }
      }
    },

    remove: (path, { recursive }) =>
      named('rm', path, false, ({ parent, name }) => removeAt(parent, name, recursive)),

    rename: (from, to) =>
      named('rename', from, false, (source) =>
        named('rename', to, false, (target) =>
          renameSync(entry(source.parent, source.name), entry(target.parent, target.name)),
        ),
      ),

    symlink: (target, path) =>
      named('symlink', path, false, ({ parent, name, path: real }) => {
        const folder = posix.dirname(real)
        const relative = target.startsWith('/') ? posix.relative(folder, target) || '.' : target
        if (target === '' || target.includes('\0')) throw new FileFault('ENOENT', 'symlink', path)
        const depth = folder.split('/').filter(Boolean).length
        if (climbs(relative) > depth) throw new FileFault('EACCES', 'symlink', path)
        symlinkSync(relative, entry(parent, name))
      }),

    readLink: (path) =>
      named('readlink', path, false, ({ parent, name }) => readlinkSync(entry(parent, name))),

    hardLink: (existing, path) =>
      named('link', existing, false, (source) =>
        named('link', path, false, (target) => {
          opened(source, (_, stats) => expectFile(stats, 'link', existing))
          linkSync(entry(source.parent, source.name), entry(target.parent, target.name))
        }),
      ),

    chmod: (path, mode) =>
      at('chmod', path, true, (place) =>
        opened(place, (file, stats) => {
          expectOurs(stats, 'chmod', path)
          chmodSync(file, mode & PERMISSIONS)
        }),
      ),

    setTimes: (path, atimeMs, mtimeMs) =>
      at('utime', path, true, (place) =>
        opened(place, (file, stats) => {
          expectOurs(stats, 'utime', path)
          utimesSync(file, atimeMs / 1000, mtimeMs / 1000)
        }),
      ),

    realPath: (path) => at('realpath', path, true, (place) => opened(place, () => place.path)),
  }

  function kindAt(path: string): FileFacts['kind'] {
    return at('stat', path, true, (place) => opened(place, (_, stats) => facts(stats).kind))
  }
}

function kindOf(
  found: Pick<Stats, 'isFile' | 'isDirectory' | 'isSymbolicLink'>,
): FileFacts['kind'] {
  if (found.isFile()) return 'file'
  if (found.isDirectory()) return 'directory'
  return found.isSymbolicLink() ? 'link' : 'other'
}

function facts(stats: Stats): FileFacts {
  return {
    kind: kindOf(stats),
    mode: stats.mode & PERMISSIONS,
    size: stats.size,
    mtimeMs: stats.mtimeMs,
    identity: `${stats.dev}:${stats.ino}`,
  }
}

function expectFile(stats: Stats, operation: string, path: string): void {
  if (stats.isFile()) return
  throw new FileFault(stats.isDirectory() ? 'EISDIR' : 'EACCES', operation, path)
}

/** A path through a descriptor would lead on from a link. */
function expectOurs(stats: Stats, operation: string, path: string): void {
  if (!stats.isFile() && !stats.isDirectory()) throw new FileFault('EACCES', operation, path)
}

/** The mode that a file is to have after it was replaced. */
function modeForWriting(parent: Held, name: string, path: string): number {
  const stats = statsAt(parent, name)
  if (stats === undefined) return 0o644
  expectFile(stats, 'open', path)
  // A replacement would not ask the file for leave.
  if ((stats.mode & 0o200) === 0) throw new FileFault('EACCES', 'open', path)
  return stats.mode & PERMISSIONS
}

/** A pipe or a device must not even be opened. */
function sizeForAppending({ parent, name }: Place, path: string): number {
  const stats = name === undefined ? undefined : statsAt(parent, name)
  if (stats === undefined) return 0
  expectFile(stats, 'open', path)
  return stats.size
}

function statsAt(parent: Held, name: string): Stats | undefined {
  try {
    const { fd, stats } = openEntry(parent, name)
    closeSync(fd)
    return stats
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** By the size it had when it was opened, and further if it has grown. */
function readWhole(file: string, size: number, maxBytes: number, path: string): Uint8Array {
  const fd = openSync(file, O_RDONLY | O_NONBLOCK)
  try {
    let bytes = new Uint8Array(size + 1)
    let at = 0
    for (;;) {
      const got = readSync(fd, bytes, at, bytes.length - at, null)
      if (got === 0) return bytes.subarray(0, at)
      at += got
      if (at > maxBytes) throw new FileFault('EFBIG', 'read', path)
      if (at < bytes.length) continue
      const more = new Uint8Array(bytes.length * 2)
      more.set(bytes)
      bytes = more
    }
  } finally {
    closeSync(fd)
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at)
}

function within<T>(parent: Held, name: string | undefined, use: (held: Held) => T): T {
  if (name === undefined) return use(parent)
  const held = openDirectory(parent, name)
  try {
    return use(held)
  } finally {
    closeSync(held.fd)
  }
}

function removeAt(parent: Held, name: string, recursive: boolean): void {
  const stats = statsAt(parent, name)
  if (stats === undefined) throw Object.assign(new Error(), { code: 'ENOENT' })
  if (!stats.isDirectory()) {
    unlinkSync(entry(parent, name))
    return
  }
  if (recursive) {
    within(parent, name, (held) => {
      for (const found of namesIn(held)) removeAt(held, found.name, true)
    })
  }
  rmdirSync(entry(parent, name))
}

/** How many directories a relative path goes up at most, at any point of it. */
function climbs(relative: string): number {
  let depth = 0
  let highest = 0
  for (const name of relative.split('/')) {
    if (name === '' || name === '.') continue
    depth += name === '..' ? 1 : -1
    highest = Math.max(highest, depth)
  }
  return highest
}

/** The file systems that a script sees: the workspace, a device that swallows, and what is mounted. */

import { posix } from 'node:path'
import type { IFileSystem } from 'just-bash'
import { type ConfinedFiles, codeOf, type FileFacts, FileFault } from '../confined'

type Content = Parameters<IFileSystem['writeFile']>[1]
type Encoding = Parameters<IFileSystem['writeFile']>[2]

/** What every file system of ours says of the rest of the interface in terms of a few operations. */
type Own = Omit<IFileSystem, 'resolvePath' | 'getAllPaths' | 'readFileBytes'>

/** `IFileSystem` over confined files. No call waits: the thread is there for one script at a time. */
export function workspaceFileSystem(files: ConfinedFiles): IFileSystem {
  const own: Own = {
    readFile: async (path, options) => {
      const encoding = typeof options === 'string' ? options : (options?.encoding ?? 'utf8')
      return Buffer.from(files.read(path)).toString(encoding)
    },
    readFileBuffer: async (path) => files.read(path),
    writeFile: async (path, content, options) => files.write(path, bytesOf(content, options)),
    appendFile: async (path, content, options) => files.append(path, bytesOf(content, options)),
    exists: async (path) => thereIs(files, path),
    stat: async (path) => statOf(files.stat(path)),
    lstat: async (path) => statOf(files.lstat(path)),
    mkdir: async (path, options) =>
      files.makeDirectory(path, { parents: options?.recursive === true }),
    readdir: async (path) => files.list(path).map(({ name }) => name),
    readdirWithFileTypes: async (path) =>
      files.list(path).map(({ name, kind }) => ({
        name,
        isFile: kind === 'file',
        isDirectory: kind === 'directory',
        isSymbolicLink: kind === 'link',
      })),
    rm: async (path, options) => {
      try {
        files.remove(path, { recursive: options?.recursive === true })
      } catch (error) {
        if (options?.force !== true || codeOf(error) !== 'ENOENT') throw error
      }
    },
    cp: async (from, to, options) => copy(files, from, to, options?.recursive === true),
    mv: async (from, to) => files.rename(from, to),
    chmod: async (path, mode) => files.chmod(path, mode),
    symlink: async (target, path) => files.symlink(target, path),
    link: async (existing, path) => files.hardLink(existing, path),
    readlink: async (path) => files.readLink(path),
    realpath: async (path) => files.realPath(path),
    utimes: async (path, atime, mtime) => files.setTimes(path, atime.getTime(), mtime.getTime()),
  }
  return { ...own, resolvePath, getAllPaths: () => [] }
}

/** `/dev`: what is written to `null` is gone. There are no other devices. */
export function deviceFileSystem(): IFileSystem {
  const born = new Date()
  const kindOf = (path: string) =>
    path === '/' ? 'directory' : path === '/null' ? 'file' : undefined
  const stat = async (path: string) => {
    const kind = kindOf(path)
    if (kind === undefined) throw new FileFault('ENOENT', 'stat', `/dev${path}`)
    const isDirectory = kind === 'directory'
    const mode = isDirectory ? 0o755 : 0o666
    return { isFile: !isDirectory, isDirectory, isSymbolicLink: false, mode, size: 0, mtime: born }
  }
  const onlyNull = async (path: string) => {
    if (path !== '/null') throw new FileFault('ENOENT', 'open', `/dev${path}`)
  }
  const refused = async (path: string) => {
    throw new FileFault('EACCES', 'open', `/dev${path}`)
  }
  return {
    readFile: async (path) => onlyNull(path).then(() => ''),
    readFileBuffer: async (path) => onlyNull(path).then(() => new Uint8Array()),
    writeFile: onlyNull,
    appendFile: onlyNull,
    exists: async (path) => kindOf(path) !== undefined,
    stat,
    lstat: stat,
    readdir: async () => ['null'],
    mkdir: refused,
    rm: refused,
    cp: refused,
    mv: refused,
    chmod: refused,
    symlink: (_, path) => refused(path),
    link: refused,
    readlink: refused,
    realpath: async (path) => path,
    utimes: onlyNull,
    resolvePath,
    getAllPaths: () => [],
  }
}

/** A path from a directory; the result is absolute. */
export function resolvePath(base: string, path: string): string {
  return posix.resolve('/', base, path)
}

function thereIs(files: ConfinedFiles, path: string): boolean {
  try {
    files.stat(path)
    return true
  } catch {
    return false
  }
}

function statOf(facts: FileFacts) {
  const { kind, mode, size, mtimeMs, identity } = facts
  return {
    isFile: kind === 'file',
    isDirectory: kind === 'directory',
    isSymbolicLink: kind === 'link',
    mode,
    size,
    mtime: new Date(mtimeMs),
    identity,
  }
}

function bytesOf(content: Content, options: Encoding): Uint8Array {
  if (typeof content !== 'string') return content
  return Buffer.from(content, typeof options === 'string' ? options : (options?.encoding ?? 'utf8'))
}

/** Links are copied as links, as they stand below a directory; the first path is followed. */
function copy(files: ConfinedFiles, from: string, to: string, recursive: boolean): void {
  const { kind, mode } = files.stat(from)
  if (kind === 'directory') {
    if (!recursive) throw new FileFault('EISDIR', 'cp', from)
    if (posix.relative(from, to).split('/')[0] !== '..') throw new FileFault('EINVAL', 'cp', to)
    files.makeDirectory(to, { parents: true })
    for (const found of files.list(from)) {
      const [source, target] = [posix.join(from, found.name), posix.join(to, found.name)]
      if (found.kind === 'link') files.symlink(files.readLink(source), target)
      else copy(files, source, target, true)
    }
    return
  }
  files.write(to, files.read(from))
  files.chmod(to, mode)
}

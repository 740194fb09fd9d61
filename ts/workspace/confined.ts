/**
 * Files beneath one directory of the host, as a shell wants them. Paths are absolute and mean the
 * directory as `/`; no operation reaches what lies outside it, whatever links lead there.
 */

/** What there is at a path. */
export interface FileFacts {
  readonly kind: 'file' | 'directory' | 'link' | 'other'
  /** Permission bits alone. */
  readonly mode: number
  readonly size: number
  readonly mtimeMs: number
  /** The same for two paths of one file. */
  readonly identity: string
}

/** Every operation is synchronous and throws a {@link FileFault}. */
export interface ConfinedFiles {
  /** Regular files only. */
  read(path: string): Uint8Array
  /** Whole or not at all; what a link leads to is replaced, not the link. */
  write(path: string, bytes: Uint8Array): void
  append(path: string, bytes: Uint8Array): void
  /** Follows links, as far as they stay beneath the root. */
  stat(path: string): FileFacts
  lstat(path: string): FileFacts
  /** One level, sorted by name. */
  list(path: string): { name: string; kind: FileFacts['kind'] }[]
  makeDirectory(path: string, options: { parents: boolean }): void
  /** A link is removed, never what it leads to. */
  remove(path: string, options: { recursive: boolean }): void
  rename(from: string, to: string): void
  /** Refuses a target outside; an absolute one is kept as a relative one. */
  symlink(target: string, path: string): void
  readLink(path: string): string
  hardLink(existing: string, path: string): void
  chmod(path: string, mode: number): void
  setTimes(path: string, atimeMs: number, mtimeMs: number): void
  /** The same file by a path without links. */
  realPath(path: string): string
}

const MEANINGS: Record<string, string> = {
  EACCES: 'permission denied',
  EBUSY: 'resource busy or locked',
  EEXIST: 'file already exists',
  EFBIG: 'file too large',
  EINVAL: 'invalid argument',
  EISDIR: 'illegal operation on a directory',
  ELOOP: 'too many symbolic links encountered',
  EMFILE: 'too many open files',
  ENAMETOOLONG: 'name too long',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  ENOTDIR: 'not a directory',
  ENOTEMPTY: 'directory not empty',
  EPERM: 'operation not permitted',
  EROFS: 'read-only file system',
}

/** Reads like an error of the file system, and names the path as the shell knows it. */
export class FileFault extends Error {
  readonly code: string

  constructor(code: string, operation: string, path: string) {
    super(`${code}: ${MEANINGS[code] ?? 'input/output error'}, ${operation} '${path}'`)
    this.code = code
  }
}

/** The code of an error of the system; that of a fault of ours too. */
export function codeOf(error: unknown): string | undefined {
  // An error of another realm is one too.
  const code = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined
  return typeof code === 'string' ? code : undefined
}

/** Runs one operation; no error leaves it that could name a path of the host. */
export function faultless<T>(operation: string, path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof FileFault) throw error
    throw new FileFault(codeOf(error) ?? 'EIO', operation, path)
  }
}

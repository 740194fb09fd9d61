/** Files of a script, as its engine shows them. */

import { posix } from 'node:path'
import { HostError } from '../../errors'

export type ShellFileType = 'file' | 'directory' | 'other'

/** What a command may do with files. Paths are absolute; failures have a code such as `ENOENT`. */
export interface ShellFiles {
  read(path: string): Promise<Uint8Array>
  write(path: string, bytes: Uint8Array): Promise<void>
  list(path: string): Promise<string[]>
  stat(path: string): Promise<{ type: ShellFileType; size: number }>
  makeDirectory(path: string): Promise<void>
  remove(path: string, recursive: boolean): Promise<void>
}

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EEXIST: 'File exists',
  EFBIG: 'File too large',
  EISDIR: 'Is a directory',
  ELOOP: 'Too many levels of symbolic links',
  ENOENT: 'No such file or directory',
  ENOTDIR: 'Not a directory',
  ENOTEMPTY: 'Directory not empty',
  EPERM: 'Operation not permitted',
}

/** What became of a file operation, in words of our own: no other text may name a path of the host. */
export function whyNot(error: unknown): string {
  const { code, message } = Object(error) as Record<string, unknown>
  const told = typeof code === 'string' ? code : /^E[A-Z]{2,20}\b/.exec(String(message))?.[0]
  return (told !== undefined && WORDS[told]) || 'Input/output error'
}

type Encoding = 'utf8' | 'base64'

/** The functions `files` of a codelet. A relative path counts from the directory of the shell. */
export function filesForCodelets(files: ShellFiles, cwd: string) {
  async function attempt<T>(path: unknown, work: (absolute: string) => Promise<T>): Promise<T> {
    if (typeof path !== 'string' || path === '' || path.includes('\0')) {
      throw new HostError('a path must be a text that is not empty')
    }
    try {
      return await work(posix.resolve('/', cwd, path))
    } catch (error) {
      throw new HostError(`${path}: ${whyNot(error)}`)
    }
  }
  return {
    read: async (path: unknown, encoding?: unknown) => {
      const as = encodingOf(encoding)
      return attempt(path, async (at) => Buffer.from(await files.read(at)).toString(as))
    },
    write: async (path: unknown, content: unknown, encoding?: unknown) => {
      const as = encodingOf(encoding)
      if (typeof content !== 'string') throw new HostError('the content must be a text')
      await attempt(path, async (at) => {
        const parent = posix.dirname(at)
        await files.stat(parent).catch(() => files.makeDirectory(parent))
        await files.write(at, Buffer.from(content, as))
      })
    },
    ls: (path: unknown = '.') => attempt(path, async (at) => (await files.list(at)).sort()),
    stat: (path: unknown) => attempt(path, (at) => files.stat(at)),
    exists: (path: unknown) =>
      attempt(path, (at) => files.stat(at).then(() => true)).catch((error: HostError) => {
        if (error.message.endsWith(WORDS.ENOENT as string)) return false
        throw error
      }),
    mkdir: (path: unknown) => attempt(path, (at) => files.makeDirectory(at)),
    rm: (path: unknown, options?: unknown) => {
      const { recursive } = Object(options) as { recursive?: unknown }
      return attempt(path, (at) => files.remove(at, recursive === true))
    },
  }
}

function encodingOf(value: unknown): Encoding {
  if (value === undefined || value === null || value === 'utf8') return 'utf8'
  if (value === 'base64') return value
  throw new HostError("the encoding must be 'utf8' or 'base64'")
}

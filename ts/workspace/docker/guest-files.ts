/**
 * Files of a folder that only the container reaches, as with an engine on another machine: scripts inside
 * fetch what an operation is about, the core works on a copy, and what it wrote is taken back.
 */

import { randomBytes } from 'node:crypto'
import { RunletError } from '../../errors'
import type { Folder, FolderOperation } from '../core'
import { scriptArguments } from './argv'
import type { Engine } from './engine'
import { FETCH, LIST, PACK, PUSH, SEES } from './guest-scripts'
import { Mirror } from './mirror'
import type { DockerSettings } from './options'
import { readFacts } from './scripts'
import { readTar } from './tar'

/** What they work with. */
export interface GuestTerms {
  readonly engine: Engine
  readonly settings: DockerSettings
  readonly brand: string
  /** The folder of the host, which may be another. */
  readonly folder: Folder
}

/** Bytes that are fetched for one operation. */
const MOST = 64 * 1024 * 1024
const LONG_MS = 60_000
/** Names of one operation, unless the limits say otherwise. */
const MOST_ENTRIES = 100_000
/** How many of them are made at once. */
const BREATH = 128

/** What an operation may ask, as far as it matters here. */
interface Request {
  readonly path?: unknown
}

/** The path that an operation is about, relative; none where the core will refuse it. */
function relativePath({ path = '' }: Request): string | undefined {
  if (typeof path !== 'string' || path.includes('\0')) return undefined
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.pop() === undefined) return undefined
  }
  return parts.join('/')
}

/** Files inside. */
export class GuestFiles {
  readonly #terms: GuestTerms

  constructor(terms: GuestTerms) {
    this.#terms = terms
  }

  /** Whether what the host writes is seen inside; for a runner that somebody else wrote. */
  async sharesFolder(name: string): Promise<boolean> {
    const { folder, settings } = this.#terms
    const path = `.runlet-probe-${randomBytes(12).toString('hex')}`
    try {
      await folder.operate('write', { path, content: '' })
      const { out } = await this.#script(name, SEES, [`${settings.workdir}/${path}`])
      return readFacts(out).has('token')
    } finally {
      await folder.operate('delete', { path }).catch(() => {})
    }
  }

  /** Does one operation. @throws (rejects) RunletError as the core's */
  async operate<Result>(
    name: string,
    operation: FolderOperation,
    request: Request,
  ): Promise<Result> {
    const { oversize, limits } = this.#terms.settings
    const mirror = new Mirror({ oversize, limits })
    try {
      const path = relativePath(request)
      const asked = String(request.path ?? '')
      if (path !== undefined) await this.#fill(mirror, name, operation, path, asked)
      mirror.done()
      const result = await mirror.folder.operate<Result>(operation, request)
      const writes = operation === 'write' || operation === 'edit'
      if (writes && path !== undefined) await this.#push(mirror, name, path)
      return result
    } finally {
      await mirror.remove()
    }
  }

  async #fill(
    mirror: Mirror,
    name: string,
    operation: FolderOperation,
    path: string,
    asked: string,
  ) {
    switch (operation) {
      case 'ls':
        return this.#list(mirror, name, path, '1')
      case 'find':
        return this.#list(mirror, name, path, '')
      case 'grep':
        return this.#unpack(mirror, name, path, asked)
      case 'write':
        return this.#fetch(mirror, name, path, 'write', asked)
      default:
        return this.#fetch(mirror, name, path, 'content', asked)
    }
  }

  async #fetch(
    mirror: Mirror,
    name: string,
    path: string,
    want: 'content' | 'write',
    asked: string,
  ) {
    const { kind, words, bytes } = await this.#answer(name, FETCH, [path || '.', want, `${MOST}`])
    const size = Number(words[0])
    place(mirror, path, kind)
    if (kind === 'link') mirror.link(path, 'nowhere')
    else if (kind === 'other') throw notRegular(asked)
    else if (kind === 'file' && want === 'write') mirror.file(path, size)
    else if (kind === 'file' && size > MOST) throw tooMuch(asked, size)
    else if (kind === 'file') mirror.file(path, bytes)
  }

  async #list(mirror: Mirror, name: string, path: string, depth: '1' | '') {
    const { kind, bytes } = await this.#answer(name, LIST, [path || '.', depth])
    place(mirror, path, kind)
    if (kind === 'file' || kind === 'other') mirror.file(path, 0)
    if (kind !== 'directory') return
    const lists = bytes.toString('utf8').split('\0')
    const next = () => {
      const end = lists.indexOf('')
      return lists.splice(0, end < 0 ? lists.length : end + 1).filter((one) => one !== '')
    }
    const [directories, files, sizes, others] = [next(), next(), next(), next()]
    if (lists[0] !== 'end') throw unread()
    const below = (one: string) => `${path}/${one.replace(/^\.\//, '')}`
    await this.#each(directories, (one) => mirror.directory(below(one)))
    await this.#each(files, (one, at) => mirror.file(below(one), Number(sizes[at] ?? 0)))
    await this.#each(others, (one) => {
      const [kind, at] = [one[0], below(one.slice(1))]
      if (kind === 'd') mirror.directory(at)
      else if (kind === 'f') mirror.file(at, 0)
      else mirror.link(at, 'nowhere')
    })
  }

  async #unpack(mirror: Mirror, name: string, path: string, asked: string) {
    const { kind, bytes } = await this.#answer(name, PACK, [path || '.'])
    if (kind === 'other') throw notRegular(asked)
    place(mirror, path, kind)
    if (kind !== 'file' && kind !== 'directory') return
    const entries = readTar(bytes)
    if (entries === undefined) throw unread()
    await this.#each(entries, ({ path: inner, kind: what, content }) => {
      const at = kind === 'file' ? path : `${path}/${inner.replace(/^\.\//, '')}`
      if (what === 'directory') mirror.directory(at)
      else if (what === 'file') mirror.file(at, content)
      else mirror.link(at, 'nowhere')
    })
  }

  /** Does something with each, as far as the core will count, and lets the host go on meanwhile. */
  async #each<One>(all: readonly One[], work: (one: One, at: number) => void): Promise<void> {
    const { maxEntries = MOST_ENTRIES } = this.#terms.settings.limits
    // One more than it takes: that is what it refuses.
    for (const [at, one] of all.slice(0, maxEntries + 1).entries()) {
      work(one, at)
      if (at % BREATH === BREATH - 1) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  async #push(mirror: Mirror, name: string, path: string) {
    const limit = Number.MAX_SAFE_INTEGER
    const { base64 } = await mirror.folder.operate<{ base64: string }>('open', {
      path,
      scope: '',
      maxBytes: limit,
    })
    const temporary = `.runlet-write-${randomBytes(12).toString('hex')}`
    const args = [this.#terms.settings.workdir, path, temporary]
    const { code, out } = await this.#script(name, PUSH, args, base64)
    if (code !== 0 || out.trim() !== 'written')
      throw refused('the file could not be written in the container')
  }

  async #answer(name: string, script: string, args: readonly string[]) {
    const { settings } = this.#terms
    const { code, out } = await this.#script(name, script, [settings.workdir, ...args])
    if (code === 125) throw tooMuch(args[0] ?? '', undefined)
    if (code !== 0) throw unread()
    const end = out.indexOf('\n')
    const [kind = '', ...words] = out.slice(0, Math.max(0, end)).trim().split(' ')
    return { kind, words, bytes: Buffer.from(out.slice(end + 1), 'base64') }
  }

  #script(name: string, script: string, args: readonly string[], input?: string) {
    const { engine, brand } = this.#terms
    return engine.call(scriptArguments(name, script, brand, args), {
      timeoutMs: LONG_MS,
      // Base64 is longer by a third, and has line ends.
      most: Math.ceil(MOST * 1.4),
      ...(input !== undefined && { input }),
    })
  }
}

/** What needs no content. */
function place(mirror: Mirror, path: string, kind: string): void {
  if (kind === 'directory') mirror.directory(path)
  else if (kind === 'outside') mirror.link(path, 'out')
  else if (kind === 'below') mirror.file(path.slice(0, Math.max(0, path.lastIndexOf('/'))), 0)
}

function unread(): RunletError {
  return refused('the files of the container could not be read')
}

function refused(message: string): RunletError {
  return new RunletError('RUNTIME_ERROR', message, { details: { reason: 'guest_files' } })
}

function notRegular(path: string): RunletError {
  const details = { reason: 'not_regular' }
  return new RunletError('RUNTIME_ERROR', `path is not a regular file: ${path}`, { details })
}

function tooMuch(path: string, size: number | undefined): RunletError {
  const what = size === undefined ? 'scan' : path
  return new RunletError('OUTPUT_LIMIT', `${what} exceeds limit: ${size ?? 'more'} > ${MOST}`, {
    details: { reason: 'limit' },
  })
}

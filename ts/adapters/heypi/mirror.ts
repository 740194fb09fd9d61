/**
 * Keeps folders of this machine and those of a sandbox elsewhere alike: all of it up, all of it down,
 * deletions, modes and links included. What comes from the sandbox is believed nothing.
 */

import { posix } from 'node:path'
import type {
  MirrorFileSystem03,
  MirrorLimits,
  RuntimeMirror,
  RuntimeRoots03,
  RuntimeStat03,
} from '../../../heypi.js'
import { RunletError } from '../../errors'
import { initialValues, readGiven } from '../../tool/option-group'
import { refuse, whole } from '../../tool/option-kinds'
import { escapes, GUEST_ROOTS, locate, type RootName } from './guest'
import { type Entry, HostTree } from './mirror-host'

const ROWS = [
  { name: 'maxBytes', kind: whole(1, 2 ** 40), initial: () => 2 ** 28, about: 'of one transfer' },
  { name: 'maxEntries', kind: whole(1, 10_000_000), initial: () => 100_000, about: 'of one' },
]

/** Counts what one transfer carries. */
class Tally {
  #bytes = 0
  #entries = 0

  constructor(readonly limits: { maxBytes: number; maxEntries: number }) {}

  entry(): void {
    if (++this.#entries > this.limits.maxEntries) this.#refuse('entries', this.limits.maxEntries)
  }

  bytes(count: number): void {
    this.#bytes += count
    if (this.#bytes > this.limits.maxBytes) this.#refuse('bytes', this.limits.maxBytes)
  }

  #refuse(what: string, most: number): never {
    const message = `mirror exceeds limit: more than ${most} ${what}`
    throw new RunletError('OUTPUT_LIMIT', message, { details: { limit: most } })
  }
}

function kindOf(stat: RuntimeStat03): Entry['kind'] | undefined {
  if (stat.isSymbolicLink?.()) return 'link'
  if (stat.isDirectory()) return 'folder'
  return stat.isFile?.() === true ? 'file' : undefined
}

const modeOf = (stat: RuntimeStat03): number => (stat.mode ?? 0o644) & 0o777

/** A name that a sandbox gave: of one entry of one folder, and nothing else. */
function checkedName(name: unknown, folder: string): string {
  const odd = typeof name !== 'string' || name === '' || name === '.' || name === '..'
  if (odd || /[/\0]/.test(name)) throw escapes(`${folder}/${String(name)}`)
  return name
}

function unsupported(path: string): RunletError {
  return new RunletError('RUNTIME_ERROR', `unsupported runtime entry: ${path}`)
}

/** Where a link leads, if that is within its folder of the sandbox. */
function linkTarget(guest: string, path: string, target: string): string {
  const from = posix.dirname(path)
  const full = posix.isAbsolute(target) ? posix.normalize(target) : posix.join(from, target)
  const inside = full === guest || full.startsWith(`${guest}/`)
  if (!inside || target.includes('\0')) {
    throw new RunletError('PERMISSION_DENIED', `symlink escapes runtime root: ${path}`)
  }
  return posix.relative(from, full) || '.'
}

interface Side {
  readonly guest: string
  readonly host: HostTree
  readonly writable: boolean
  /** What was there after the last transfer, by path. */
  known: Map<string, Entry>
}

/** See `heypi.d.ts`. */
export function createRuntimeMirror(
  remote: MirrorFileSystem03,
  roots: RuntimeRoots03,
  limits: MirrorLimits = {},
): RuntimeMirror {
  const given = readGiven(limits, '', 'limit of a mirror', ROWS, { fillsBlanks: false })
  const bounds = { ...initialValues(ROWS), ...given } as { maxBytes: number; maxEntries: number }
  const sides: Side[] = (Object.keys(GUEST_ROOTS) as RootName[]).flatMap((name) => {
    const host = roots[name]
    if (host === undefined) return []
    if (typeof host !== 'string') throw refuse(`roots.${name}`, 'a path', host)
    const guest = GUEST_ROOTS[name]
    return [
      { guest, host: new HostTree(host, guest), writable: name !== 'skills', known: new Map() },
    ]
  })

  const remoteKind = async (path: string) => {
    try {
      return kindOf(await remote.lstat(path)) ?? 'other'
    } catch {
      return undefined
    }
  }

  /** Clears the way for an entry of a kind. */
  const makeWay = async (path: string, kind: Entry['kind']) => {
    const there = await remoteKind(path)
    if (there !== undefined && (there !== kind || kind === 'link')) await remote.rm(path)
    if (kind === 'folder' && there !== 'folder') await remote.mkdir(path)
  }

  const upload = async () => {
    const tally = new Tally(bounds)
    for (const side of sides) {
      const now = new Map<string, Entry>()
      // Nothing that was changed there survives in what is read-only.
      if (!side.writable) await remote.rm(side.guest)
      await makeWay(side.guest, 'folder')
      for await (const { path, entry } of side.host.walk()) {
        tally.entry()
        const guest = posix.join(side.guest, path)
        now.set(path, entry)
        await makeWay(guest, entry.kind)
        if (entry.kind === 'link') await remote.symlink(entry.target, guest)
        if (entry.kind === 'file') {
          const bytes = await side.host.read(path, bounds.maxBytes)
          tally.bytes(bytes.length)
          await remote.writeFile(guest, bytes)
        }
        if (entry.kind !== 'link') await remote.chmod(guest, entry.mode)
      }
      for (const path of gone(side.known, now)) await remote.rm(posix.join(side.guest, path))
      side.known = now
    }
  }

  const downloadFolder = async (
    side: Side,
    folder: string,
    now: Map<string, Entry>,
    tally: Tally,
  ) => {
    const guestFolder = posix.join(side.guest, folder)
    for (const name of await remote.readdir(guestFolder)) {
      tally.entry()
      const path =
        folder === ''
          ? checkedName(name, guestFolder)
          : `${folder}/${checkedName(name, guestFolder)}`
      const guest = posix.join(side.guest, path)
      const stat = await remote.lstat(guest)
      const kind = kindOf(stat)
      if (kind === undefined) throw unsupported(guest)
      if (kind === 'link') {
        const target = linkTarget(side.guest, guest, await remote.readlink(guest))
        const entry: Entry = { kind, mode: 0o777, target }
        await side.host.put(path, entry)
        now.set(path, entry)
      } else if (kind === 'file') {
        const content = await remote.readFile(guest)
        const bytes = typeof content === 'string' ? Buffer.from(content) : Buffer.from(content)
        tally.bytes(bytes.length)
        const entry: Entry = { kind, mode: modeOf(stat), target: '' }
        await side.host.put(path, entry, bytes)
        now.set(path, entry)
      } else {
        const entry: Entry = { kind, mode: modeOf(stat), target: '' }
        await side.host.put(path, { ...entry, mode: entry.mode | 0o700 })
        now.set(path, entry)
        await downloadFolder(side, path, now, tally)
        await side.host.put(path, entry)
      }
    }
  }

  const download = async () => {
    const tally = new Tally(bounds)
    for (const side of sides.filter(({ writable }) => writable)) {
      const now = new Map<string, Entry>()
      await downloadFolder(side, '', now, tally)
      for (const path of gone(side.known, now)) {
        await side.host.remove(path, side.known.get(path)?.kind)
      }
      side.known = now
    }
  }

  /** The same file on both sides, and noted as such. */
  const both = async (given: string, kind: 'file' | 'folder', bytes?: Uint8Array) => {
    const { root, path, guest } = locate(roots, given)
    const side = sides.find((candidate) => candidate.guest === GUEST_ROOTS[root])
    if (side === undefined) throw escapes(given)
    if (!side.writable) {
      throw new RunletError('PERMISSION_DENIED', `path is read-only: ${guest}`)
    }
    if (kind === 'file') await remote.writeFile(guest, bytes ?? new Uint8Array())
    else await remote.mkdir(guest)
    if (path === '.') return
    const parts = path.split('/')
    for (let depth = 1; depth < parts.length; depth++) {
      const above = parts.slice(0, depth).join('/')
      const folder: Entry = { kind: 'folder', mode: 0o755, target: '' }
      await side.host.put(above, folder, undefined, true)
      if (!side.known.has(above)) side.known.set(above, folder)
    }
    const mode = modeOf(await remote.lstat(guest))
    const entry: Entry = { kind, mode, target: '' }
    await side.host.put(path, entry, bytes)
    side.known.set(path, entry)
  }

  return {
    upload,
    download,
    async downloadAfter(operation) {
      let result: Awaited<ReturnType<typeof operation>>
      try {
        result = await operation()
      } catch (error) {
        // What it changed until then is kept; why it failed says more than a transfer that does.
        await download().catch(() => {})
        throw error
      }
      await download()
      return result
    },
    fs: {
      access: (path) => remote.access(path),
      chmod: (path, mode) => remote.chmod(path, mode),
      lstat: (path) => remote.lstat(path),
      readFile: (path) => remote.readFile(path),
      readdir: (path) => remote.readdir(path),
      readlink: (path) => remote.readlink(path),
      rm: (path) => remote.rm(path),
      stat: (path) => remote.stat(path),
      symlink: (target, path) => remote.symlink(target, path),
      mkdir: (path) => both(path, 'folder'),
      writeFile: (path, content) =>
        both(path, 'file', typeof content === 'string' ? Buffer.from(content) : content),
    },
  }
}

/** What is not there any more, the deepest first. */
function gone(before: ReadonlyMap<string, Entry>, now: ReadonlyMap<string, Entry>): string[] {
  const depth = (path: string) => path.split('/').length
  return [...before.keys()].filter((path) => !now.has(path)).sort((a, b) => depth(b) - depth(a))
}

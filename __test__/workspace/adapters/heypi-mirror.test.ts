import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join, posix } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { createRuntimeMirror, type MirrorFileSystem03 } from 'runlet/heypi'
import { freshFolder, refusal } from '../support'

interface Node {
  kind: 'file' | 'folder' | 'link' | 'pipe'
  mode: number
  content: string
}

/** A sandbox elsewhere, as far as its files go. */
function sandbox() {
  const nodes = new Map<string, Node>([['/', { kind: 'folder', mode: 0o755, content: '' }]])
  const at = (path: string): Node => {
    const node = nodes.get(path)
    if (node === undefined) throw new Error(`ENOENT: ${path}`)
    return node
  }
  const statOf = ({ kind, mode }: Node) => ({
    isDirectory: () => kind === 'folder',
    isFile: () => kind === 'file',
    isSymbolicLink: () => kind === 'link',
    mode,
  })
  const fs: MirrorFileSystem03 = {
    access: async (path) => void at(path),
    async mkdir(path) {
      for (let part = path; part !== '/'; part = posix.dirname(part)) {
        if (!nodes.has(part)) nodes.set(part, { kind: 'folder', mode: 0o755, content: '' })
      }
    },
    readFile: async (path) => Buffer.from(at(path).content),
    async readdir(path) {
      at(path)
      const inside = [...nodes.keys()].filter((key) => key !== path && posix.dirname(key) === path)
      return inside.map((key) => posix.basename(key))
    },
    stat: async (path) => statOf(at(path)),
    async writeFile(path, content) {
      const mode = nodes.get(path)?.mode ?? 0o644
      nodes.set(path, { kind: 'file', mode, content: Buffer.from(content as string).toString() })
    },
    async chmod(path, mode) {
      at(path).mode = mode
    },
    lstat: async (path) => statOf(at(path)),
    readlink: async (path) => at(path).content,
    async rm(path) {
      for (const key of [...nodes.keys()]) {
        if (key === path || key.startsWith(`${path}/`)) nodes.delete(key)
      }
    },
    async symlink(content, path) {
      nodes.set(path, { kind: 'link', mode: 0o777, content })
    },
  }
  return { fs, nodes }
}

function ground(limits = {}) {
  const folder = freshFolder()
  const roots = { workspace: join(folder, 'w'), skills: join(folder, 's') }
  for (const path of Object.values(roots)) mkdirSync(path)
  const outside = join(folder, 'outside.txt')
  writeFileSync(outside, 'outside')
  const there = sandbox()
  const mirror = createRuntimeMirror(there.fs, roots, limits)
  const here = (path: string) => join(roots.workspace, path)
  return { ...there, roots, outside, mirror, here }
}

describe('a mirror', () => {
  it('takes files, folders, modes and links up, and takes back what is gone', async () => {
    const { mirror, here, nodes, roots } = ground()
    mkdirSync(here('d'))
    writeFileSync(here('d/run.sh'), 'echo')
    chmodSync(here('d/run.sh'), 0o750)
    symlinkSync('d/run.sh', here('link'))
    symlinkSync(here('d'), here('absolute'))
    writeFileSync(join(roots.skills, 'SKILL.md'), 'how')
    await mirror.upload()
    expect(nodes.get('/workspace/d/run.sh')).toEqual({ kind: 'file', mode: 0o750, content: 'echo' })
    expect(nodes.get('/workspace/link')).toMatchObject({ kind: 'link', content: 'd/run.sh' })
    expect(nodes.get('/workspace/absolute')).toMatchObject({ kind: 'link', content: 'd' })
    expect(nodes.get('/agent/skills/SKILL.md')?.content).toBe('how')
    rmSync(here('d'), { recursive: true })
    rmSync(here('absolute'))
    rmSync(here('link'))
    writeFileSync(here('d'), 'a file now')
    await mirror.upload()
    const left = [...nodes.keys()].filter((path) => path.startsWith('/workspace/'))
    expect(left).toEqual(['/workspace/d'])
  })

  it('takes down what a command made, changed and removed, and nothing of the skills', async () => {
    const { mirror, here, nodes, fs, roots } = ground()
    writeFileSync(here('old.txt'), 'old')
    writeFileSync(here('other.txt'), 'other')
    writeFileSync(join(roots.skills, 'SKILL.md'), 'how')
    await mirror.upload()
    writeFileSync(here('late.txt'), 'made here meanwhile')
    await mirror.downloadAfter(async () => {
      await fs.rm('/workspace/old.txt')
      await fs.mkdir('/workspace/a/b')
      await fs.writeFile('/workspace/a/b/new.txt', 'new')
      await fs.chmod('/workspace/a/b/new.txt', 0o700)
      await fs.symlink('/workspace/a/b', '/workspace/link')
      await fs.writeFile('/agent/skills/SKILL.md', 'changed')
    })
    expect(readFileSync(here('a/b/new.txt'), 'utf8')).toBe('new')
    expect(lstatSync(here('a/b/new.txt')).mode & 0o777).toBe(0o700)
    expect(readlinkSync(here('link'))).toBe('a/b')
    expect(existsSync(here('old.txt'))).toBe(false)
    expect(existsSync(here('late.txt'))).toBe(true)
    expect(readFileSync(join(roots.skills, 'SKILL.md'), 'utf8')).toBe('how')
    await mirror.upload()
    expect(nodes.get('/agent/skills/SKILL.md')?.content).toBe('how')
  })

  it('downloads also after what failed, and says why that did', async () => {
    const { mirror, here, fs } = ground()
    await mirror.upload()
    const work = mirror.downloadAfter(async () => {
      await fs.writeFile('/workspace/half.txt', 'half')
      throw new Error('of the command')
    })
    await expect(work).rejects.toThrow('of the command')
    expect(readFileSync(here('half.txt'), 'utf8')).toBe('half')
  })

  it.each([
    ['/etc/passwd', 'link'],
    ['../outside.txt', 'link'],
    ['/workspace/../etc', 'link'],
    ['/agent/skills/x', 'link'],
  ])('refuses a link to %s from there', async (target, name) => {
    const { mirror, nodes, here } = ground()
    await mirror.upload()
    nodes.set(`/workspace/${name}`, { kind: 'link', mode: 0o777, content: target })
    const error = await refusal(() => mirror.download())
    expect(error.message).toBe('symlink escapes runtime root: /workspace/link')
    expect(existsSync(here('link'))).toBe(false)
  })

  it.each(['..', '.', 'a/../../x', 'x\0y', ''])('refuses the name %j from there', async (name) => {
    const { mirror, fs, roots, outside } = ground()
    await mirror.upload()
    const readdir = fs.readdir
    fs.readdir = async (path) => (path === '/workspace' ? [name] : readdir(path))
    const error = await refusal(() => mirror.download())
    expect(error.code).toBe('PERMISSION_DENIED')
    expect(existsSync(join(roots.workspace, '..', 'x'))).toBe(false)
    expect(readFileSync(outside, 'utf8')).toBe('outside')
  })

  it('writes through no link that is here', async () => {
    const { mirror, nodes, here, outside, fs } = ground()
    await mirror.upload()
    symlinkSync(join(outside, '..'), here('folder'))
    symlinkSync(outside, here('file'))
    await fs.mkdir('/workspace/folder')
    nodes.set('/workspace/folder/outside.txt', { kind: 'file', mode: 0o644, content: 'over' })
    nodes.set('/workspace/file', { kind: 'file', mode: 0o644, content: 'over' })
    await mirror.download()
    expect(readFileSync(outside, 'utf8')).toBe('outside')
    expect(readFileSync(here('folder/outside.txt'), 'utf8')).toBe('over')
    expect(lstatSync(here('file')).isFile()).toBe(true)
  })

  it('refuses links out of the folder here, and what is no file on either side', async () => {
    const { mirror, nodes, here, outside } = ground()
    symlinkSync(outside, here('out'))
    const up = await refusal(() => mirror.upload())
    expect(up.message).toBe('symlink escapes runtime root: /workspace/out')
    rmSync(here('out'))
    await mirror.upload()
    nodes.set('/workspace/pipe', { kind: 'pipe', mode: 0o644, content: '' })
    const down = await refusal(() => mirror.download())
    expect(down.message).toBe('unsupported runtime entry: /workspace/pipe')
  })

  it('has bounds of bytes and entries', async () => {
    const bytes = ground({ maxBytes: 10 })
    writeFileSync(bytes.here('a'), 'x'.repeat(11))
    expect((await refusal(() => bytes.mirror.upload())).code).toBe('OUTPUT_LIMIT')
    const entries = ground({ maxEntries: 2 })
    await entries.mirror.upload()
    for (const name of ['a', 'b', 'c']) await entries.fs.writeFile(`/workspace/${name}`, '')
    const error = await refusal(() => entries.mirror.download())
    expect(error.message).toBe('mirror exceeds limit: more than 2 entries')
    expect((await refusal(() => ground({ maxFiles: 1 }))).code).toBe('INVALID_ARGUMENT')
  })

  it('writes on both sides at once, but not to the skills', async () => {
    const { mirror, here, nodes } = ground()
    await mirror.upload()
    await mirror.fs.mkdir('/workspace/d')
    await mirror.fs.writeFile('/workspace/d/a.txt', 'both')
    expect([
      readFileSync(here('d/a.txt'), 'utf8'),
      nodes.get('/workspace/d/a.txt')?.content,
    ]).toEqual(['both', 'both'])
    await mirror.fs.rm('/workspace/d/a.txt')
    await mirror.download()
    expect(existsSync(here('d/a.txt'))).toBe(false)
    const error = await refusal(() => mirror.fs.writeFile('/agent/skills/x', 'x'))
    expect(error.message).toBe('path is read-only: /agent/skills/x')
    const out = await refusal(() => mirror.fs.writeFile('/etc/x', 'x'))
    expect(out.message).toBe('path escapes runtime workspace: /etc/x')
  })
})

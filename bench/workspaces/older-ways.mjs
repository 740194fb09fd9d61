/**
 * Operations on files as tools for agents commonly have them: the path made canonical and compared with
 * the root, then opened by name; files read whole; trees walked in JavaScript. What is compared may be
 * another file by the time it is opened.
 * @module
 */
import { lstat, mkdir, readdir, readFile, realpath, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'

const MAX_BYTES = 1_000_000

async function inside(root, path) {
  const [base, real] = await Promise.all([realpath(root), realpath(join(root, path))])
  if (real !== base && !real.startsWith(base + sep)) throw new Error(`path escapes root: ${path}`)
  return real
}

async function whole(root, path) {
  const real = await inside(root, path)
  const { size } = await stat(real)
  if (size > MAX_BYTES) throw new Error(`file is too large: ${path}`)
  return { real, text: await readFile(real, 'utf8') }
}

async function* walk(root, folder) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = relative(root, join(folder, entry.name))
    const real = await inside(root, path)
    if (entry.isDirectory()) yield* walk(root, real)
    else if ((await stat(real)).isFile()) yield { path, real }
  }
}

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** @param {string} root */
export function olderWays(root) {
  return {
    async read(path) {
      const { text } = await whole(root, path)
      return { text, lines: text.split('\n').length }
    },
    async write(path, content) {
      const parent = dirname(join(root, path))
      await mkdir(parent, { recursive: true })
      await inside(root, relative(root, parent))
      await writeFile(join(root, path), content)
    },
    async edit(path, oldText, newText) {
      const { real, text } = await whole(root, path)
      if (!text.includes(oldText)) throw new Error('old text not found')
      await writeFile(real, text.replace(oldText, newText))
    },
    async ls(path) {
      const real = await inside(root, path)
      const entries = []
      for (const name of (await readdir(real)).sort()) {
        const { size } = await lstat(join(real, name))
        entries.push({ name, size })
      }
      return entries
    },
    async grep(query, regex) {
      const pattern = new RegExp(regex ? query : escaped(query))
      const hits = []
      for await (const { path, real } of walk(await realpath(root), await realpath(root))) {
        const text = await readFile(real, 'utf8')
        for (const [at, line] of text.split('\n').entries()) {
          if (pattern.test(line)) hits.push({ path, line: at + 1, text: line.trim() })
        }
      }
      return hits.sort((a, b) => (a.path < b.path ? -1 : 1))
    },
    async find(pattern) {
      const name = new RegExp(`^${pattern.split('*').map(escaped).join('[^/]*')}$`)
      const paths = []
      for await (const { path } of walk(await realpath(root), await realpath(root))) {
        if (name.test(path.slice(path.lastIndexOf('/') + 1))) paths.push(path)
      }
      return paths.sort()
    },
  }
}

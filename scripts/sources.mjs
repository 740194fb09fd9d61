// What a build was made from: a hash over source files, kept beside the result.

import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { root } from './command.mjs'

/** What the addon is built from. */
export const addonSources = [
  'Cargo.toml',
  'Cargo.lock',
  'build.rs',
  '.cargo',
  'rust-toolchain.toml',
  'src',
  'vendor',
]

/** What the virtual bash is built from. */
export const bashSources = ['Cargo.toml', 'Cargo.lock', '.cargo', 'rust-toolchain.toml', 'bash']

/** What the TypeScript face is built from; the declarations of the addon are part of it. */
export const faceSources = ['tsconfig.json', 'index.d.ts', 'ts', 'dist/native.d.cts']

/** Every file below `path` in a fixed order; nothing if it does not exist. */
export function filesBelow(path) {
  if (!existsSync(path)) return []
  if (statSync(path).isFile()) return [path]
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesBelow(join(path, name)))
}

/** One hash over names and contents, and over `salt`: whatever else the result depends on. */
export function hashOf(paths, salt) {
  const hash = createHash('sha256').update(salt)
  for (const file of paths.flatMap((path) => filesBelow(join(root, path)))) {
    hash.update(`\0${relative(root, file).split(sep).join('/')}\0`)
    hash.update(readFileSync(file))
  }
  return hash.digest('hex')
}

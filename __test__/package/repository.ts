import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** The repository's folder. */
export const root = join(__dirname, '..', '..')

/** The text of a file, by its path in the repository. */
export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** The part of a manifest that the tests look at. */
export interface Manifest {
  name: string
  version: string
  license?: string
  type?: string
  main?: string
  types?: string
  bin?: Record<string, string>
  exports?: Record<string, string | { types: string; default: string }>
  files?: string[]
  os?: string[]
  cpu?: string[]
  libc?: string[]
  engines?: Record<string, string>
  scripts?: Record<string, string>
  napi?: { binaryName: string; packageName: string; targets: string[] }
  [field: string]: unknown
}

/** A manifest, by its path in the repository. */
export function readManifest(path = 'package.json'): Manifest {
  return JSON.parse(read(path)) as Manifest
}

/** Every file below a folder, as paths relative to that folder with forward slashes. */
export function filesBelow(path: string): string[] {
  return readdirSync(join(root, path)).flatMap((name) =>
    statSync(join(root, path, name)).isDirectory()
      ? filesBelow(`${path}/${name}`).map((inner) => `${name}/${inner}`)
      : [name],
  )
}

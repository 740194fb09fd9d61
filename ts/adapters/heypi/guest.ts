/**
 * The folders of the 0.3 contract and how its callers name them: `/workspace`, `/shared`, and
 * `/agent/skills`, which is read-only.
 */

import { isAbsolute, posix, relative, sep } from 'node:path'
import type { RuntimeRoots03 } from '../../../heypi.js'
import type { Runtime } from '../../../index.js'
import { RunletError } from '../../errors'
import { refuse } from '../../tool/option-kinds'
import type { Operation } from '../../workspace/events'
import { hostBash } from './runtime'

/** Name of a folder among them. */
export type RootName = 'workspace' | 'shared' | 'skills'

/** Where each is for callers. */
export const GUEST_ROOTS: Readonly<Record<RootName, string>> = {
  workspace: '/workspace',
  shared: '/shared',
  skills: '/agent/skills',
}

/** A path within one of them; `.` for the folder itself. */
export interface Located {
  readonly root: RootName
  readonly path: string
  /** As callers name it. */
  readonly guest: string
}

/** The error for a way out. */
export function escapes(path: string): RunletError {
  const details = { reason: 'escapes' }
  const message = `path escapes runtime workspace: ${path}`
  return new RunletError('PERMISSION_DENIED', message, { details })
}

function below(folder: string, path: string): string | undefined {
  if (path === folder) return '.'
  return path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : undefined
}

/** Finds out which folder a path is in. @throws RunletError for one that is in none */
export function locate(roots: RuntimeRoots03, given: string): Located {
  if (typeof given !== 'string') throw refuse('path', 'a string', given)
  if (given.includes('\0')) {
    throw new RunletError('INVALID_ARGUMENT', 'path contains null byte')
  }
  const at = (root: RootName, path: string): Located => {
    const guest = path === '.' ? GUEST_ROOTS[root] : `${GUEST_ROOTS[root]}/${path}`
    return { root, path, guest }
  }
  if (posix.isAbsolute(given)) {
    const normal = posix.normalize(given).replace(/(.)\/$/, '$1')
    for (const root of ['workspace', 'shared', 'skills'] as const) {
      if (roots[root] === undefined) continue
      const path = below(GUEST_ROOTS[root], normal)
      if (path !== undefined) return at(root, path)
    }
  }
  // By its path on the host, which hosts of this contract may use for the workspace.
  const inner = isAbsolute(given) ? relative(roots.workspace, given) : given
  const path = posix.normalize(inner.split(sep).join('/') || '.').replace(/(.)\/$/, '$1')
  if (path === '..' || path.startsWith('../') || isAbsolute(path)) throw escapes(given)
  return at('workspace', path)
}

function readOnly(located: Located): Located {
  if (located.root !== 'skills') return located
  const details = { reason: 'read_only' }
  throw new RunletError('PERMISSION_DENIED', `path is read-only: ${located.guest}`, { details })
}

/** A path in a result as callers name it: in the workspace relative to it. */
function told(root: RootName, path: string): string {
  return root === 'workspace' ? path : `${GUEST_ROOTS[root]}/${path}`
}

/**
 * The operations on files of a runtime, with the other folders beside its own. What the runtime lacks
 * for the workspace is missing for all.
 */
export function guestFiles(runtime: Runtime, roots: RuntimeRoots03): Runtime {
  const others = new Map<RootName, Runtime>()
  const of = ({ root }: Located): Runtime => {
    if (root === 'workspace') return runtime
    const known = others.get(root)
    if (known !== undefined) return known
    // Its files only: nothing ever runs there.
    const { bash: _, ...files } = hostBash({ root: roots[root] ?? '', logger: SILENT })
    others.set(root, files)
    return files
  }
  const files: Runtime = { name: runtime.name, root: runtime.root }
  if (runtime.read) {
    files.read = async (input) => {
      const where = locate(roots, input.path)
      return {
        ...(await called(of(where), 'read')({ ...input, path: where.path })),
        path: input.path,
      }
    }
  }
  if (runtime.write) {
    files.write = async (input) => {
      const where = readOnly(locate(roots, input.path))
      return {
        ...(await called(of(where), 'write')({ ...input, path: where.path })),
        path: input.path,
      }
    }
  }
  if (runtime.edit) {
    files.edit = async (input) => {
      const where = readOnly(locate(roots, input.path))
      return {
        ...(await called(of(where), 'edit')({ ...input, path: where.path })),
        path: input.path,
      }
    }
  }
  if (runtime.grep) {
    files.grep = async (input) => {
      const where = locate(roots, input.path ?? '.')
      const found = await called(of(where), 'grep')({ ...input, path: where.path })
      const hits = found.hits.map((hit) => ({ ...hit, path: told(where.root, hit.path) }))
      return { ...found, hits }
    }
  }
  if (runtime.find) {
    files.find = async (input) => {
      const where = locate(roots, input.path ?? '.')
      const found = await called(of(where), 'find')({ ...input, path: where.path })
      return { ...found, paths: found.paths.map((path) => told(where.root, path)) }
    }
  }
  if (runtime.ls) {
    files.ls = async (input) => {
      const where = locate(roots, input.path ?? '.')
      const found = await called(of(where), 'ls')({ ...input, path: where.path })
      const entries = found.entries.map((entry) => ({
        ...entry,
        path: told(where.root, entry.path),
      }))
      return { ...found, entries }
    }
  }
  return files
}

const nothing = () => {}
const SILENT = { debug: nothing, info: nothing, warn: nothing, error: nothing }

/** The operation, which is there: the workspace has it, and so have the others. */
function called<Name extends Operation>(runtime: Runtime, name: Name): NonNullable<Runtime[Name]> {
  const call: unknown = runtime[name]
  if (typeof call === 'function') return call.bind(runtime)
  throw new RunletError('INTERNAL', `the operation ${name} of the runtime is missing`)
}

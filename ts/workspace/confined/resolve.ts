/** From a path to the open directory it ends in, one component at a time. */

import { closeSync, lstatSync, readlinkSync } from 'node:fs'
import { codeOf, FileFault } from '../confined'
import { entry, type Held, openDirectory } from './held'

const MAX_LINKS = 40
const MAX_PATH = 4096

/** Where a path ends: a name in an open directory. */
export interface Place {
  readonly parent: Held
  /** Undefined for the root, which has no name. */
  readonly name: string | undefined
  /** The same without links. */
  readonly path: string
}

/**
 * Gives `use` the place of `path`; the directory is open for as long as that takes. The last component
 * need not be there. It is followed only where `follow` says so, and what it leads to may be missing.
 */
export function atPlace<T>(
  root: Held,
  operation: string,
  path: string,
  follow: boolean,
  use: (place: Place) => T,
): T {
  if (path.includes('\0')) throw new FileFault('EINVAL', operation, path)
  if (path.length > MAX_PATH) throw new FileFault('ENAMETOOLONG', operation, path)
  const stack: Held[] = []
  try {
    const name = descend(root, stack, operation, path, follow)
    const directories = stack.map((held) => held.name)
    const names = name === undefined ? directories : [...directories, name]
    return use({ parent: stack.at(-1) ?? root, name, path: `/${names.join('/')}` })
  } finally {
    for (const held of stack) closeSync(held.fd)
  }
}

/** Opens every directory of the path onto the stack; gives the last name. */
function descend(
  root: Held,
  stack: Held[],
  operation: string,
  path: string,
  follow: boolean,
): string | undefined {
  // The end of the path first, so that a link's text can be pushed in its place.
  const todo = path.split('/').reverse()
  let links = 0
  for (;;) {
    const name = todo.pop()
    if (name === undefined) return undefined
    if (name === '' || name === '.') continue
    if (name === '..') {
      const left = stack.pop()
      if (left !== undefined) closeSync(left.fd)
      // A path of the shell's own stays at the root, as in any file system.
      else if (links > 0) throw new FileFault('EACCES', operation, path)
      continue
    }
    const held = stack.at(-1) ?? root
    const last = todo.every((rest) => rest === '' || rest === '.')
    if (last && !follow) return name
    const target = last ? linkText(held, name) : stepInto(stack, held, name)
    if (target === undefined) {
      if (last) return name
      continue
    }
    links += 1
    if (links > MAX_LINKS) throw new FileFault('ELOOP', operation, path)
    // What the host meant by it lies outside; what the shell makes is relative.
    if (target.startsWith('/')) throw new FileFault('EACCES', operation, path)
    todo.push(...target.split('/').reverse())
  }
}

/** Opens a directory onto the stack; gives the text of a link instead, if that is what is there. */
function stepInto(stack: Held[], held: Held, name: string): string | undefined {
  try {
    stack.push(openDirectory(held, name))
    return undefined
  } catch (error) {
    const target = ['ENOTDIR', 'ELOOP'].includes(codeOf(error) ?? '') && linkText(held, name)
    if (target) return target
    throw error
  }
}

/** The text of a link; undefined for everything else, also for what is not there. */
function linkText(held: Held, name: string): string | undefined {
  const path = entry(held, name)
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()
    ? readlinkSync(path)
    : undefined
}

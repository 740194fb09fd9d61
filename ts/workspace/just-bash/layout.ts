/** What stands where in a script's file system, and what of that a listing of `/` shows. */

import type { IFileSystem } from 'just-bash'
import { resolvePath } from './file-system'
import { FILE_OPERATIONS } from './messages'
import type { Engine } from './thread-shell'

/**
 * Mounts each file system unless the base has something of that name, which the workspace must not
 * lose. What is mounted can be used by its path, and is not listed: a listing shows the workspace.
 */
export async function layout(
  engine: Engine,
  base: IFileSystem,
  mounts: Record<string, IFileSystem>,
): Promise<IFileSystem> {
  const mounted = new engine.MountableFs({ base })
  for (const [path, filesystem] of Object.entries(mounts)) {
    if (!(await isThere(base, path))) mounted.mount(path, filesystem)
  }
  const { readdir } = mounted
  mounted.readdir = (path) =>
    isRoot(path) ? base.readdir('/') : Reflect.apply(readdir, mounted, [path])
  return mounted
}

/** The part of a file system below one of its directories. */
export function below(fs: IFileSystem, directory: string): IFileSystem {
  const inner = Object.fromEntries(
    FILE_OPERATIONS.map((name) => {
      const operation = Reflect.get(fs, name) as (...args: unknown[]) => unknown
      // Of a copy or a move, both are paths; a link's text is not one.
      const paths = ['cp', 'mv', 'link'].includes(name) ? [0, 1] : name === 'symlink' ? [1] : [0]
      const inside = (arg: unknown, at: number) => (paths.includes(at) ? directory + arg : arg)
      return [name, (...args: unknown[]) => operation.apply(fs, args.map(inside))]
    }),
  )
  return { ...inner, resolvePath, getAllPaths: () => [] } as unknown as IFileSystem
}

function isRoot(path: string): boolean {
  return /^\/*$/.test(path)
}

/** A link that leads nowhere is there too. */
async function isThere(base: IFileSystem, path: string): Promise<boolean> {
  return base.lstat(path).then(
    () => true,
    () => false,
  )
}

/** Whose the files of a workspace are, where this process is root and commands are not. */

import { chownSync, existsSync } from 'node:fs'
import type { RuntimeScope } from '../../../index.js'
import type { Folder } from '../core'
import { namesRoot } from './hardening'
import type { DockerSettings } from './options'

/** Whether what this process writes would be of another user than what commands write. */
export function writesAsAnother({ user }: Pick<DockerSettings, 'user'>): boolean {
  return process.getuid?.() === 0 && typeof user === 'string' && !namesRoot(user)
}

/** Opens a folder. If it has to be made for that, it is made for the user of commands. */
export function openOwned(
  folder: Folder,
  { scope, settings }: { scope: RuntimeScope; settings: DockerSettings },
): void {
  const isMissing = !existsSync(scope.root)
  folder.open()
  if (!isMissing || !writesAsAnother(settings)) return
  const [uid, gid = uid] = String(settings.user).split(':').map(Number)
  if (Number.isInteger(uid) && Number.isInteger(gid)) chownSync(scope.root, uid ?? 0, gid ?? 0)
}

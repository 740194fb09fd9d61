/** Files below a folder of the host, for the host itself. */

import { resolve } from 'node:path'
import { types } from 'node:util'
import type { Workspace, WorkspaceEntry } from '../../index.js'
import { RunletError } from '../errors'
import { refuse } from '../tool/option-kinds'
import { Folder, localPath } from './core'

/** See `index.d.ts`. */
export function workspacePath(path: string): string {
  if (typeof path !== 'string') throw refuse('path', 'a string', path)
  return localPath(path)
}

/** As large as what crosses as one text may be. */
const LARGEST = 256 * 1024 * 1024

/** Bytes as they were given. */
function bytesOf(content: unknown): Buffer {
  if (typeof content === 'string') return Buffer.from(content)
  if (types.isAnyArrayBuffer(content)) return Buffer.from(content)
  if (ArrayBuffer.isView(content)) {
    return Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  }
  throw refuse('content', 'a string or bytes', content)
}

/** See `index.d.ts`. */
export function localWorkspace(root: string): Workspace {
  if (typeof root !== 'string' || root === '') throw refuse('root', 'a path', root)
  const limits = { maxFileBytes: LARGEST, maxResults: 100_000, maxEntries: 1_000_000 }
  const folder = new Folder({ root: resolve(root), limits })
  const stat = async (path: string): Promise<WorkspaceEntry | undefined> =>
    (await folder.operate<{ stat?: WorkspaceEntry }>('stat', { path })).stat
  return {
    async read(path) {
      const local = workspacePath(path)
      if ((await stat(local))?.type !== 'file') return undefined
      const request = { path: local, encoding: 'base64' }
      const { text } = await folder.operate<{ text: string }>('read', request)
      return new Uint8Array(Buffer.from(text, 'base64'))
    },
    async write(path, content) {
      const text = bytesOf(content).toString('base64')
      await folder.operate('write', {
        path: workspacePath(path),
        content: text,
        encoding: 'base64',
      })
    },
    stat: async (path) => stat(workspacePath(path)),
    async list(prefix = '') {
      const path = workspacePath(prefix)
      const { entries, truncated } = await folder.operate<{
        entries: WorkspaceEntry[]
        truncated?: boolean
      }>('list', { path })
      // A part of a list would pass for the whole.
      if (truncated) throw new RunletError('OUTPUT_LIMIT', `too much to list: ${prefix}`)
      return entries
    },
    async delete(path) {
      const local = workspacePath(path)
      if (local === '') {
        const details = { field: 'path' }
        const message = 'the root of a workspace cannot be deleted'
        throw new RunletError('INVALID_ARGUMENT', message, { details })
      }
      await folder.operate('delete', { path: local })
    },
  }
}

/** Files that were made in a workspace: which, one of them with its bytes, and what hosts call it. */

import type { Attachment, GeneratedFile, OpenedFile, Runtime, RuntimeScope } from '../../index.js'
import { attachmentPath } from './core'

/** See `index.d.ts`. */
export function attachment(
  scope: string,
  path: string,
  { name, mimeType }: { name?: string | undefined; mimeType?: string | undefined } = {},
): Attachment {
  const made: Attachment = { path: attachmentPath(scope, path), scope }
  if (name !== undefined) made.name = name
  if (mimeType !== undefined) made.mimeType = mimeType
  return made
}

/** Works on a folder, wherever that is. */
export type Operate = <Result>(
  operation: 'mark' | 'generated' | 'open',
  request: object,
) => Promise<Result>

/** What of a runtime is about files that were made. */
export type GeneratedOperations = Required<Pick<Runtime, 'mark' | 'generated' | 'openGenerated'>>

/** A point in time, by the clock of the workspace's own file system. */
export async function mark(operate: Operate): Promise<string> {
  return (await operate<{ mark: string }>('mark', {})).mark
}

/** Files that were changed since then. */
export async function generated(
  operate: Operate,
  request: { since: string | number; path?: string | undefined },
): Promise<GeneratedFile[]> {
  return (await operate<{ files: GeneratedFile[] }>('generated', request)).files
}

/** One file with its bytes: a regular one, by its path or as an attachment of the scope. */
export async function openGenerated(
  operate: Operate,
  scope: RuntimeScope,
  { path, maxBytes }: { path: string; maxBytes?: number | undefined },
): Promise<OpenedFile> {
  const request = { path, scope: scope.path, ...(maxBytes !== undefined && { maxBytes }) }
  const { base64, ...opened } = await operate<Omit<OpenedFile, 'bytes'> & { base64: string }>(
    'open',
    request,
  )
  return { ...opened, bytes: new Uint8Array(Buffer.from(base64, 'base64')) }
}

/** All of them, over one folder. */
export function generatedOperations(operate: Operate, scope: RuntimeScope): GeneratedOperations {
  return {
    mark: () => mark(operate),
    generated: (request) => generated(operate, request),
    openGenerated: (file) => openGenerated(operate, scope, file),
  }
}

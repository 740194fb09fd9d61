/** Operations on files, on the host's side of what the guest has mounted. */

import type {
  EditInput,
  FindInput,
  GrepInput,
  LsInput,
  ReadInput,
  Runtime,
  RuntimeCall,
  RuntimeScope,
  WriteInput,
} from '../../../index.js'
import { readCall, requestOf } from '../calls'
import { Folder, type FolderOperation } from '../core'
import { type GeneratedOperations, generatedOperations } from '../generated'
import type { GondolinSettings } from './options'

type Files = Required<Pick<Runtime, 'read' | 'write' | 'edit' | 'grep' | 'find' | 'ls'>> &
  GeneratedOperations

/** Makes them. A path of the guest, such as `/workspace/a.txt`, means the same file as for a command. */
export function filesOf(
  { workdir, limits, oversize }: Pick<GondolinSettings, 'workdir' | 'limits' | 'oversize'>,
  scope: RuntimeScope,
): { operations: Files; close: () => void } {
  const folder = new Folder({ root: scope.root, limits, oversize })
  const operate = async <Result>(operation: FolderOperation, input: RuntimeCall) => {
    const { signal } = readCall(input, scope.path)
    const request = requestOf(input, operation) as { path?: unknown }
    const path = fromGuest(request.path, workdir)
    return folder.operate<Result>(operation, { ...request, ...path }, signal)
  }
  const operations: Files = {
    read: (input: ReadInput) => operate('read', input),
    write: (input: WriteInput) => operate('write', input),
    edit: (input: EditInput) => operate('edit', input),
    grep: (input: GrepInput) => operate('grep', input),
    find: (input: FindInput) => operate('find', input),
    ls: (input: LsInput) => operate('ls', input),
    ...generatedOperations(operate, scope),
  }
  return { operations, close: () => folder.close() }
}

function fromGuest(path: unknown, workdir: string): { path?: unknown } {
  if (path === workdir || path === `${workdir}/`) return { path: '.' }
  if (typeof path !== 'string' || !path.startsWith(`${workdir}/`)) return {}
  return { path: path.slice(workdir.length + 1) }
}

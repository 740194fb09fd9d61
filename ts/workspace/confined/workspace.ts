/** The folder of a virtual shell, opened once and held. */

import { RunletError } from '../../errors'
import { codeOf } from '../confined'
import { openRoot } from './held'

/** @throws RunletError `RUNTIME_ERROR` in words of ours: the system's own would name the path */
export function openWorkspace(path: string): { fd: number; path: string } {
  try {
    return openRoot(path)
  } catch (error) {
    const details = { reason: 'root', systemCode: codeOf(error) }
    throw new RunletError('RUNTIME_ERROR', 'the workspace cannot be opened', { details })
  }
}

/** Compares sets of permissions. The contract is `index.d.ts`. */

import { resolve } from 'node:path'
import type { PermissionComparison, PermissionSet } from '../index.js'
import { addon } from './addon'
import { RunletError } from './errors'
import { type OptionRow, readGiven } from './tool/option-group'
import { text } from './tool/option-kinds'
import { permissions } from './tool/option-permissions'
import type { CoreError } from './tool/policy'

type Given = readonly string[] | PermissionSet

const OPTIONS: readonly OptionRow[] = [
  { name: 'projectRoot', kind: text, about: 'what relative paths are below' },
]
const READING = { fillsBlanks: false }

/** See `index.d.ts`. */
export function comparePermissions(
  before: Given,
  after: Given,
  given?: { readonly projectRoot?: string | undefined },
): PermissionComparison {
  const read = readGiven(given ?? {}, '', 'option', OPTIONS, READING)
  const { projectRoot = '.' } = read as { projectRoot?: string }
  const { native } = addon()
  const asked = {
    before: side(before, 'before'),
    after: side(after, 'after'),
    projectRoot: resolve(projectRoot),
  }
  const answer = JSON.parse(native.comparePermissions(JSON.stringify(asked))) as
    | PermissionComparison
    | { error: CoreError }
  if (!('error' in answer)) return answer
  const { code, message, details } = answer.error
  throw new RunletError(code, message, { details: { field: details?.side, ...details } })
}

function side(given: Given, field: string): { flags: unknown } | { object: unknown } {
  const read = permissions.read(given, field, READING)
  return Array.isArray(read) ? { flags: read } : { object: read }
}

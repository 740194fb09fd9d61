/** The table of the kit, in the order of trial. What ends a provider for good comes last. */

import type { Case } from './case'
import { BASH_CASES } from './cases/bash'
import { CLOSE_CASES } from './cases/close'
import { EDIT_CASES } from './cases/edit'
import { ENDING_CASES } from './cases/endings'
import { ESCAPE_CASES } from './cases/escapes'
import { EVENT_CASES } from './cases/events'
import { GET_CASES } from './cases/get'
import { LIFE_CASES } from './cases/life'
import { NAME_CASES } from './cases/names'
import { OUTPUT_CASES } from './cases/output'
import { QUEUE_CASES } from './cases/queue'
import { READ_CASES } from './cases/read'
import { SEARCH_CASES } from './cases/search'
import { WRITE_CASES } from './cases/write'

/** All of it. */
export const CASES: readonly Case[] = Object.freeze([
  ...GET_CASES,
  ...BASH_CASES,
  ...ENDING_CASES,
  ...OUTPUT_CASES,
  ...READ_CASES,
  ...WRITE_CASES,
  ...EDIT_CASES,
  ...SEARCH_CASES,
  ...NAME_CASES,
  ...ESCAPE_CASES,
  ...QUEUE_CASES,
  ...EVENT_CASES,
  ...LIFE_CASES,
  ...CLOSE_CASES,
])

/** See `testing.d.ts`. */
export function caseNames(): string[] {
  return CASES.map(({ name }) => name)
}

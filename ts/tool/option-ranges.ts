/** Ranges that several options share. */

import { type Kind, milliseconds, whole, wholeOrNone } from './option-kinds'

export const KIB = 1024
export const MIB = 1024 * KIB

/** Longest time any option may give: the range of timers, 24.8 days. */
const LONGEST_MS = 2_147_483_647

/** Most bytes of one message to or from a tool: what a JavaScript string holds, with room to spare. */
const LARGEST_MESSAGE = 256 * MIB

/** Bound of counts that no machine reaches. */
export const UNBOUNDED = Number.MAX_SAFE_INTEGER

/** A time that has to pass. */
export const timeMs: Kind<number> = milliseconds(1, LONGEST_MS)

/** A time that may be nothing. */
export const timeOrNothingMs: Kind<number> = milliseconds(0, LONGEST_MS)

/** A memory limit; no runtime starts with less than a MiB. */
export const memoryBytes: Kind<number> = wholeOrNone(MIB, UNBOUNDED)

/** A limit of the bytes of one message. */
export const messageBytes: Kind<number> = whole(1, LARGEST_MESSAGE)

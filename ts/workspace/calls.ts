/** Reads what a caller passes to an operation. */

import type { AbortSignalLike, BashInput, RuntimeCall, RuntimeEventHandler } from '../../index.js'
import { isRecord } from '../codelet/fields'
import { invalidArgument } from '../errors'
import { readSignal } from '../signal'
import { callback, refuse } from '../tool/option-kinds'
import { timeMs } from '../tool/option-ranges'

const READING = { fillsBlanks: false }
/** Bytes of a command. */
const LONGEST = 1024 * 1024

/** What every operation takes, read. */
export interface CallTerms {
  readonly chat: string
  readonly signal: AbortSignalLike | undefined
  readonly runtimeEvents: RuntimeEventHandler | undefined
}

/** Reads it. @throws RunletError `INVALID_ARGUMENT` */
export function readCall(input: RuntimeCall, chat: string): CallTerms {
  if (!isRecord(input)) throw refuse('input', 'an object', input)
  const { runtimeEvents } = input
  if (input.chat !== undefined && typeof input.chat !== 'string') {
    throw refuse('chat', 'a string', input.chat)
  }
  if (runtimeEvents !== undefined) callback.read(runtimeEvents, 'runtimeEvents', READING)
  return {
    chat: (input.chat as string | undefined) ?? chat,
    signal: readSignal(input.signal, 'signal'),
    runtimeEvents: runtimeEvents as RuntimeEventHandler | undefined,
  }
}

/** A command, read. */
export interface BashTermsRead {
  readonly text: string
  readonly timeoutMs: number
  readonly onOutput: BashInput['onOutput']
}

/** Reads it. @throws RunletError `INVALID_ARGUMENT` */
export function readBash(
  { command, timeoutMs, onOutput }: BashInput,
  bounds: { timeoutMs: number; maxTimeoutMs: number },
): BashTermsRead {
  if (typeof command !== 'string' || /\0|\p{Surrogate}/u.test(command)) {
    throw refuse('command', 'a string of whole characters without NUL', command)
  }
  const bytes = Buffer.byteLength(command)
  if (bytes > LONGEST) {
    const accepted = `a text of up to ${LONGEST} bytes`
    throw invalidArgument('command', `command has ${bytes} bytes, not up to ${LONGEST}`, {
      accepted,
    })
  }
  if (timeoutMs !== undefined) timeMs.read(timeoutMs, 'timeoutMs', READING)
  if (onOutput !== undefined) callback.read(onOutput, 'onOutput', READING)
  return {
    text: command,
    timeoutMs: Math.min(timeoutMs ?? bounds.timeoutMs, bounds.maxTimeoutMs),
    onOutput,
  }
}

/** Texts and flags of a request by operation. What must be there ends in `!`; numbers are the core's. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, 'string' | 'boolean'>>>> = {
  read: { 'path!': 'string' },
  write: { 'path!': 'string', 'content!': 'string' },
  edit: {
    'path!': 'string',
    'oldText!': 'string',
    'newText!': 'string',
    replaceAll: 'boolean',
  },
  grep: {
    'query!': 'string',
    path: 'string',
    glob: 'string',
    regex: 'boolean',
    ignoreCase: 'boolean',
    multiline: 'boolean',
    trim: 'boolean',
  },
  find: { pattern: 'string', path: 'string' },
  ls: { path: 'string' },
}

/**
 * A request without what is not the core's.
 *
 * @throws RunletError `INVALID_ARGUMENT` naming the field
 */
export function requestOf(input: RuntimeCall, operation: string): object {
  const { runtimeEvents: _, signal: __, chat: ___, ...request } = input
  for (const [name, kind] of Object.entries(FIELDS[operation] ?? {})) {
    const field = name.replace('!', '')
    const value = Reflect.get(request, field) as unknown
    const absent = value === undefined || (value === null && field === name)
    if (absent ? field === name : typeof value === kind) continue
    throw refuse(field, kind === 'string' ? 'a string' : 'true or false', value)
  }
  return request
}

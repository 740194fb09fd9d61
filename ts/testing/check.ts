/** How a case says what does not hold. */

import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { BashResult } from '../../index.js'

/** A case that does not hold. */
export class Mismatch extends Error {}

/** A case that says nothing of this runtime, and why. */
export class Skip extends Error {}

const MOST = 200

/** A value as reasons show it. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'undefined' : (JSON.stringify(value) ?? String(value))
  return text.length > MOST ? `${text.slice(0, MOST)}… (${text.length} characters)` : text
}

/** Two values are the same, with all that is in them. */
export function same(what: string, actual: unknown, expected: unknown): void {
  if (isDeepStrictEqual(actual, expected)) return
  throw new Mismatch(`${what} is ${shown(actual)}, not ${shown(expected)}`)
}

/** A condition holds. */
export function holds(sentence: string, condition: boolean): void {
  if (!condition) throw new Mismatch(sentence)
}

/** A text has a form. */
export function matches(what: string, actual: unknown, form: RegExp): void {
  if (typeof actual === 'string' && form.test(actual)) return
  throw new Mismatch(`${what} is ${shown(actual)}, which does not match ${form}`)
}

/** An object has these members and no other. */
export function hasKeys(what: string, value: object, keys: readonly string[]): void {
  same(`members of ${what}`, Object.keys(value).sort(), [...keys].sort())
}

/** How an operation was refused. */
export interface Refusal {
  readonly message: string
  /** Absent where the error has none. */
  readonly code: unknown
}

/** An operation is refused, with a text that names no folder of the host. */
export async function refused(
  what: string,
  work: () => Promise<unknown>,
  hostFolder: string,
): Promise<Refusal> {
  let value: unknown
  try {
    value = await work()
  } catch (error) {
    const message: unknown = Reflect.get(Object(error), 'message')
    if (typeof message !== 'string') throw new Mismatch(`${what} rejects with no error`)
    const names = message.includes(hostFolder)
    holds(`${what} is refused with a text that names a folder of the host`, !names)
    return { message, code: Reflect.get(Object(error), 'code') }
  }
  throw new Mismatch(`${what} is not refused but gives ${shown(value)}`)
}

/** A command ended in a certain way: by the contract's code and last line. */
export function endedWith(what: string, result: BashResult, code: number, line: RegExp): void {
  if (result.code !== code) {
    const { out, err } = result
    throw new Mismatch(`code ${what} is ${result.code}, not ${code}; ${shown({ out, err })}`)
  }
  matches(`err ${what}`, result.err, line)
}

/** A command that ended well. */
export function ranWell(what: string, { code, err }: BashResult): void {
  holds(`${what} ends with code ${code}: ${shown(err)}`, code === 0)
}

/** Waits for something; false when it has not come in time. */
export async function comes(
  condition: () => boolean | Promise<boolean>,
  milliseconds: number,
): Promise<boolean> {
  const deadline = performance.now() + milliseconds
  while (!(await condition())) {
    if (performance.now() > deadline) return false
    await sleep(20)
  }
  return true
}

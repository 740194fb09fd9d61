/** Short ways to run the text of a codelet and to say how it must end. */

import { expect } from '@jest/globals'
import {
  type CodeletFailure,
  type CodeletResult,
  type CodeletRunner,
  type CodeletRunOptions,
  type CodeletSource,
  type ErrorCode,
  RunletError,
  runCodelet,
} from 'runlet'

/** A source of that text. */
export const js = (code: string): CodeletSource => ({ type: 'string', code })

/** A codelet whose `main` has this body. */
export const body = (statements: string, parameters = 'input, helpers'): string =>
  `export async function main(${parameters}) {\n${statements}\n}`

type Run = CodeletRunner['run']

/** Runs the text and hands back the value; a failing run fails the test with its error. */
export async function valueFrom(
  code: string,
  options?: CodeletRunOptions,
  run: Run = runCodelet,
): Promise<unknown> {
  const result = await run(js(code), options)
  expect(result.error).toBeUndefined()
  expect(result.ok).toBe(true)
  return result.value
}

/** Runs the text, which must fail with `code`. */
export async function failureOf(
  code: ErrorCode,
  text: string,
  options?: CodeletRunOptions,
  run: Run = runCodelet,
): Promise<CodeletFailure> {
  const result: CodeletResult = await run(js(text), options)
  if (result.ok) throw new Error(`ended well with ${JSON.stringify(result.value)}, not ${code}`)
  expect([result.error.code, result.error.message]).toEqual([code, expect.any(String)])
  return result
}

/** What a promise rejects with; it must be a RunletError. */
export async function rejectionOf(promise: Promise<unknown>): Promise<RunletError> {
  let value: unknown
  try {
    value = await promise
  } catch (error) {
    if (error instanceof RunletError) return error
    throw error
  }
  throw new Error(`resolved to ${JSON.stringify(value)} instead of rejecting`)
}

/** The options of a run as a caller without types could write them. */
export const untyped = (options: unknown): CodeletRunOptions => options as CodeletRunOptions

/** Calls with a wrong option; the rejection must be INVALID_ARGUMENT and name the field. */
export async function refusedOption(options: unknown, field: string): Promise<RunletError> {
  const error = await rejectionOf(runCodelet(js('export const main = () => 1'), untyped(options)))
  expect(error.code).toBe('INVALID_ARGUMENT')
  expect(error.details?.field).toBe(field)
  // A message about an unknown name leaves out what it is a part of.
  expect(error.message).toContain(field.split('.').at(-1))
  return error
}

/** Resolves after `ms`, on the host. */
export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms))

// What a call that is refused throws, for tests of the configuration.

import { expect } from '@jest/globals'
import { RunletError } from 'runlet'

/** The error of a call, which has to be a RunletError. */
export async function refusal(call: () => unknown): Promise<RunletError> {
  try {
    await call()
  } catch (error) {
    if (error instanceof RunletError) return error
    throw error
  }
  throw new Error('the call was not refused')
}

/** Expects INVALID_ARGUMENT about `field`, with a message that holds `text`. */
export async function expectInvalid(
  call: () => unknown,
  field: string,
  text: string | RegExp,
): Promise<void> {
  const error = await refusal(call)
  expect({ code: error.code, field: error.details?.field }).toEqual({
    code: 'INVALID_ARGUMENT',
    field,
  })
  expect(error.message).toMatch(text)
}

/** `isolation`: where runs live. A weaker place than the one asked for is never taken silently. */

import { RunletError } from '../errors'
import { messages } from '../messages'
import { oneOf } from './fields'

/**
 * Checks the option of a run or a runner.
 *
 * @throws RunletError `INVALID_ARGUMENT` for another word, `POLICY_UNENFORCEABLE` for `'process'`
 */
export function checkIsolation(value: unknown): void {
  if (oneOf(value, 'isolation', ['thread', 'process'], 'thread') === 'thread') return
  const details = { isolation: 'process' }
  throw new RunletError('POLICY_UNENFORCEABLE', messages.processIsolation(), { details })
}

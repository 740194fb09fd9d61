/** `isolation`: where runs live. A weaker place than the one asked for is never taken silently. */

import { addon } from '../addon'
import { invalidArgument, RunletError } from '../errors'
import { messages } from '../messages'
import { oneOf } from './fields'

/** On a thread of this process, or in a process that has given up its privileges. */
export type Isolation = 'thread' | 'process'

/**
 * Checks the option of a run or a runner; a run may be held to more than its runner, not to less.
 *
 * @param bound what the runner holds its runs to
 * @throws RunletError `INVALID_ARGUMENT` for another word or a weaker place than the runner's,
 *   `POLICY_UNENFORCEABLE` for `'process'` where there can be none
 */
export function readIsolation(value: unknown, bound: Isolation = 'thread'): Isolation {
  const isolation = oneOf(value, 'isolation', ['thread', 'process'], bound)
  if (isolation === 'thread') {
    if (bound === 'thread') return isolation
    throw invalidArgument('isolation', messages.weakerIsolation(), { accepted: "'process'" })
  }
  const reason = processesRefused()
  if (reason === undefined) return isolation
  const details = { isolation, reason }
  throw new RunletError('POLICY_UNENFORCEABLE', messages.processIsolation(reason), { details })
}

/** Why runs cannot have processes here; `undefined` if they can. Starts one to find out, once. */
export function processesRefused(): string | undefined {
  return addon().native.enableProcesses() ?? undefined
}

/** A failure as one clear line. */

import { RunletError } from '../errors'
import { ProcessError } from '../tool/errors'

/** The line for an error that ended a command. */
export function failureLine(error: RunletError): string {
  return `${error.code} ${reason(error)}`
}

/** The message of a call names the tool and the call, which whoever typed them knows. */
function reason({ cause, message }: RunletError): string {
  // Behind the first line comes what the process wrote, which has been shown as it came.
  if (cause instanceof ProcessError) return cause.message.split('\n')[0] ?? cause.message
  return cause instanceof RunletError ? cause.message : message
}

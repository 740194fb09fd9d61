/** A command line that cannot be understood. */
export class UsageError extends Error {}

/** Whether an error is the user's to mend, by the command line. */
export function isUsageError(error: unknown): error is UsageError {
  return error instanceof UsageError
}

/**
 * What an adapter throws when this version of its peer cannot do what a workload asks for.
 * @module
 */

/** The cell is then reported as skipped, with the message as the reason, and not as failed. */
export class NotAvailableError extends Error {
  /** @param {string} reason what is missing, in a few words */
  constructor(reason) {
    super(reason)
    this.name = 'NotAvailableError'
  }
}

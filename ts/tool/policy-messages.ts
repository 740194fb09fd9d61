/** Messages on permissions. */

/** The table. */
export const policyMessages = Object.freeze({
  strict: (flag: string) =>
    `${flag} grants everything of its kind, which security.strictMode refuses: name what is needed`,
  unenforceable: (missing: ReadonlyArray<{ reason: string }>) =>
    `the permissions cannot be enforced here: ${missing.map(({ reason }) => reason).join('; ')}. ` +
    "With enforcement: 'best-effort' tools run and the result says what did not hold",
  reasons: Object.freeze([
    'files: this version has no mechanism that keeps a tool from reading or writing them',
    'network: this version has no mechanism that keeps a tool from connecting',
    'run: this version bounds how many processes a tool starts, not which',
  ]),
})

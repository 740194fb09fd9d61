/** Messages on permissions. */

/** The table. */
export const policyMessages = Object.freeze({
  strict: (flag: string) =>
    `${flag} grants everything of its kind, which security.strictMode refuses: name what is needed`,
  unenforceable: (missing: ReadonlyArray<{ reason: string }>) =>
    `the permissions cannot be enforced here: ${missing.map(({ reason }) => reason).join('; ')}. ` +
    "With enforcement: 'best-effort' it runs all the same, and the result says what did not hold",
  noKernel: (lacking: string | null) =>
    `permissions for files, programs and the network need Landlock and seccomp${lacking ? `: ${lacking}` : ''}`,
  noSockets:
    'network: rules for hosts need a way to the sockets of a process, which this system lacks',
  reasons: Object.freeze([
    'files: that a path exists, and its size and times, can be seen anywhere',
    'files: --deny-write inside what --allow-write grants cannot be enforced',
  ]),
})

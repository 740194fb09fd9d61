// How large runlet may be. Sizes of a package are part of what it promises.

/** In bytes. A megabyte is 1,000,000 of them here, as npm prints it. */
export const budgets = {
  // 8 KB of it are the host's half of structured clones, half of it is the tool room.
  mainPacked: 150_000,
  // 2.7 MB of engine and core, 1.9 MB for reading TypeScript, some 5 MB for JSON Schema, patterns and
  // redaction, the rest for processes, names of hosts, YAML, searching and the sandbox.
  addon: 12_000_000,
  // Engine, codelets and the reading of TypeScript, once more: it is a program of its own.
  engine: 4_200_000,
  platformPacked: 6_950_000,
}

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} KB`

function within(bytes, budget) {
  const text = `${kilobytes(bytes)} of ${kilobytes(budget)}`
  if (bytes > budget) throw new Error(`over its budget: ${text}`)
  return text
}

/** Named checks over what was packed. */
export function checkBudgets({ main, platform }) {
  return [
    ['size of the main package, packed', () => within(main.packedBytes, budgets.mainPacked)],
    ['size of the addon', () => within(platform.addonBytes, budgets.addon)],
    [
      'size of the program of engine processes',
      () => {
        if (platform.engineBytes === undefined) return { skip: 'only Linux has one' }
        return within(platform.engineBytes, budgets.engine)
      },
    ],
    [
      'size of the platform package, packed',
      () => within(platform.packedBytes, budgets.platformPacked),
    ],
  ]
}

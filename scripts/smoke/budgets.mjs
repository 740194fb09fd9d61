// How large runlet may be. Sizes of a package are part of what it promises.

/** In bytes. A megabyte is 1,000,000 of them here, as npm prints it. */
export const budgets = {
  // 8 KB of it are the host's half of structured clones, a quarter is the tool room, half the workspaces.
  mainPacked: 320_000,
  // 2.7 MB of engine and core, 1.9 MB for reading TypeScript, some 5 MB for JSON Schema, patterns and
  // redaction, 2.5 MB for the grammar of bash and for searching files, the rest for processes, names of
  // hosts, YAML and the sandbox.
  addon: 14_600_000,
  // Engine, codelets and the reading of TypeScript, once more: it is a program of its own.
  engine: 4_200_000,
  // The virtual bash is some 150 commands, jq, awk, compression and big numbers among them. As a developer
  // builds it; with the profile of a release it is a seventh smaller.
  bash: 16_500_000,
  // Without and with it.
  platformPacked: 7_850_000,
  platformPackedWithBash: 14_500_000,
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
      'size of the virtual bash',
      () => {
        if (platform.bashBytes === undefined) return { skip: '`npm run build:bash` was not run' }
        return within(platform.bashBytes, budgets.bash)
      },
    ],
    [
      'size of the platform package, packed',
      () => {
        const { platformPacked, platformPackedWithBash } = budgets
        const budget = platform.bashBytes === undefined ? platformPacked : platformPackedWithBash
        return within(platform.packedBytes, budget)
      },
    ],
  ]
}

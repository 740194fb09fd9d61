import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { defaultConfig, runCodelet } from 'runlet'
import { examplesOf, firstDifference, idleBlocks, tableBelow } from './documents'
import { filesBelow, read, readManifest, root } from './repository'
import { EXAMPLE_MS, runExample } from './terminal'

interface Bound {
  default: number | null
  min: number
  max: number
}
interface Facts {
  codes: Record<string, { meaning: string; retryable: boolean }>
  limits: Record<string, Bound>
  runnerLimits: Record<string, Bound>
}

const addon = require(join(root, 'dist', 'native.cjs')) as { facts(): string }
const facts = JSON.parse(addon.facts()) as Facts

const { FETCH_LIMITS } = require(join(root, 'dist', 'fetch', 'limits.js')) as {
  FETCH_LIMITS: Record<string, Bound>
}

const documents = ['README.md', 'SECURITY.md', 'THREAT_MODEL.md', 'CONTRIBUTING.md']
documents.push(
  ...filesBelow('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
)

/** `` `timeout_ms` `` → `timeout_ms`. */
const bare = (cell: string | undefined) => (cell ?? '').replaceAll('`', '')

const camelCase = (name: string) =>
  name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())

/** `64 MiB`, `2,000 ms`, `none` as the number that the addon has. */
function numberOf(cell: string): number | null {
  if (cell === 'none') return null
  const [, digits = '', unit = ''] = /^([\d,]+) ?(KiB|MiB|GiB)?/.exec(cell) ?? []
  const factor = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }[unit] ?? 1
  return digits === '' ? Number.NaN : Number(digits.replaceAll(',', '')) * factor
}

/** A table of name, default, range as the facts that the addon has. */
function boundsBelow(path: string, heading: string): Record<string, Bound> {
  const bounds = tableBelow(path, heading).map(([name, standard, range]): [string, Bound] => {
    const [min = '', max = ''] = bare(range).split(' to ')
    const bound = { default: numberOf(bare(standard)), min: numberOf(min), max: numberOf(max) }
    return [camelCase(bare(name)), bound as Bound]
  })
  return Object.fromEntries(bounds)
}

describe('firstDifference', () => {
  it('sees a line that differs, one too few and one too many', () => {
    expect(firstDifference('a\nb 1.5 ms', 'a\nb  23 ms\n')).toBeUndefined()
    expect(firstDifference('a\nb', 'a\nc')).toBe('shown: b\nprinted: c')
    expect(firstDifference('a\nb', 'a')).toBe('shown: b\nprinted: (nothing)')
    expect(firstDifference('a', 'a\nb')).toBe('printed, not shown: b')
    expect(firstDifference('…\nb\n…', 'a\nb\nc')).toBeUndefined()
    expect(firstDifference('…\nd\n…', 'a\nb\nc')).toBe('shown: d\nprinted: a')
  })
})

describe('documents', () => {
  const examples = documents
    .flatMap((path) => examplesOf(path))
    .map((example) => ({ ...example, title: example.text.split('\n')[0] }))

  it.each(examples)(
    'print what they show: $place $title',
    async (example) => {
      const { code, printed } = await runExample(example)
      // With what it printed: that says why.
      if (example.kind === 'program' && code !== 0) expect({ code, printed }).toEqual({ code: 0 })
      if (example.output === undefined) return
      expect(firstDifference(example.output, printed)).toBeUndefined()
    },
    EXAMPLE_MS,
  )

  it.each(documents)('link to what exists: %s', (path) => {
    const links = [...read(path).matchAll(/\]\(([^)#:\s]+)(#[^)]*)?\)/g)].map(
      ([, link]) => `${link}`,
    )
    expect(links.filter((link) => !existsSync(join(root, dirname(path), link)))).toEqual([])
  })
})

describe('README.md', () => {
  it('has every limit with its default and range', () => {
    expect(boundsBelow('README.md', 'Limits')).toEqual(facts.limits)
  })

  it('has every error code with its meaning and whether to retry', () => {
    const rows = tableBelow('README.md', 'Error codes').map(([code, meaning, retry]) => [
      bare(code),
      { meaning: bare(meaning), retryable: retry === 'yes' },
    ])
    expect(Object.fromEntries(rows)).toEqual(facts.codes)
  })

  it('names every platform that has a package', () => {
    const text = read('README.md')
    const targets = readManifest().napi?.targets ?? []
    expect(targets.filter((target) => !text.includes(target))).toEqual([])
  })

  it('shows no emoji', () => {
    expect(read('README.md')).not.toMatch(/\p{Extended_Pictographic}/u)
  })
})

describe('docs/codelets.md', () => {
  it('has every bound of a runner with its default and range', () => {
    expect(boundsBelow('docs/codelets.md', 'Bounds of a runner')).toEqual(facts.runnerLimits)
  })

  it('has every bound of fetch with its default and range', () => {
    expect(boundsBelow('docs/codelets.md', 'Bounds of fetch')).toEqual(FETCH_LIMITS)
  })

  it.each(tableBelow('docs/codelets.md', 'What is denied'))(
    'denies %s with the message it gives',
    async (expression, message, grant) => {
      const code = `
        const bytes = new Uint8Array(8), cells = new Int32Array(2)
        export async function main(input, helpers) { await (${bare(expression)}) }`
      const globals = { rates: { eur: 1 } }
      const { error } = await runCodelet({ type: 'string', code }, { globals })
      expect(error?.code).toBe('POLICY_VIOLATION')
      expect(bare(error?.message)).toBe(bare(message))
      const named =
        grant === 'nothing' ? /no option grants|are frozen/ : bare(grant?.split('.').at(-1))
      expect(error?.message).toMatch(named)
    },
  )
})

describe('docs/cli.md', () => {
  interface Flag {
    name: string
    short?: string
    value?: string
    optional?: true
  }
  const { RUN_FLAGS } = require(join(root, 'dist', 'cli', 'flags.js')) as { RUN_FLAGS: Flag[] }
  const { TOOL_RUN_FLAGS, TOOL_LIST_FLAGS, DOCTOR_FLAGS } = require(
    join(root, 'dist', 'cli', 'tool-flags.js'),
  ) as Record<'TOOL_RUN_FLAGS' | 'TOOL_LIST_FLAGS' | 'DOCTOR_FLAGS', Flag[]>

  const { BASH_FLAGS } = require(join(root, 'dist', 'cli', 'bash-flags.js')) as {
    BASH_FLAGS: Flag[]
  }

  const tables = [
    { command: 'run', flags: RUN_FLAGS },
    { command: 'tool run', flags: TOOL_RUN_FLAGS },
    { command: 'bash', flags: BASH_FLAGS },
    { command: 'doctor', flags: DOCTOR_FLAGS },
  ].flatMap(({ command, flags }) => flags.map((flag) => ({ command, ...flag })))

  it.each(tables)('explains --$name of $command and shows it at work', (flag) => {
    const { command, name, short, value, optional } = flag
    const text = read('docs/cli.md')
    const placeholder = value?.replace(/\|@.*/, '')
    const shown = optional === true ? `[=${placeholder}]` : ` ${placeholder}`
    expect(text).toContain(placeholder === undefined ? `--${name}` : `--${name}${shown}`)
    if (short !== undefined) expect(text).toContain(`\`-${short}`)
    const used = examplesOf('docs/cli.md').filter(
      (example) =>
        example.text.includes(`runlet ${command} `) && example.text.includes(` --${name}`),
    )
    expect(used.length).toBeGreaterThan(0)
  })

  it('needs to say nothing of its own on the flags of tool list', () => {
    const known = TOOL_RUN_FLAGS.map(({ name }) => name)
    expect(TOOL_LIST_FLAGS.filter(({ name }) => !known.includes(name))).toEqual([])
  })
})

describe('docs/tools.md', () => {
  it('has no block of code that nothing runs', () => {
    expect(idleBlocks('docs/tools.md')).toEqual([])
    expect(idleBlocks('docs/tools-configuration.md')).not.toEqual([])
  })

  it('has the defaults of its limits as the options have them', () => {
    const defaults: object = defaultConfig()
    const rows = tableBelow('docs/tools.md', 'Limits').map(([name, value]) => [name, value])
    expect(rows.length).toBeGreaterThan(10)
    for (const [name, value] of rows) {
      if (value === 'as many as processors') continue
      expect([name, numberOf(bare(value))]).toEqual([name, Reflect.get(defaults, bare(name))])
    }
  })

  it('explains codes that there are, and says of each whether to retry it', () => {
    for (const [code = '', , retry = ''] of tableBelow('docs/tools.md', 'Errors')) {
      const fact = facts.codes[bare(code)]
      expect([code, fact?.retryable]).toEqual([code, retry.startsWith('yes')])
    }
  })
})

describe('THREAT_MODEL.md', () => {
  it('names every attack that is tested, and no other', () => {
    const named = [...read('THREAT_MODEL.md').matchAll(/`([\w-]+\.mjs)`/g)].map(([, name]) => name)
    const tested = filesBelow('__test__/codelet/attack').filter((name) =>
      /^[\w-]+\.mjs$/.test(name),
    )
    expect([...new Set(named)].sort()).toEqual(tested.sort())
  })

  it('names every attack on tools that is tested, and no other', () => {
    const [tools = ''] = read('THREAT_MODEL.md').split('\n## Workspaces\n')
    expect(attacksIn(tools)).toEqual(attacksBelow('__test__/tool/attack'))
  })

  it('names every attack on workspaces that is tested, and no other', () => {
    const [, workspaces = ''] = read('THREAT_MODEL.md').split('\n## Workspaces\n')
    expect(attacksIn(workspaces)).toEqual(attacksBelow('__test__/workspace/attack'))
  })

  function attacksIn(text: string): (string | undefined)[] {
    return [...text.matchAll(/`([\w-]+\.test\.ts)`/g)].map(([, name]) => name).sort()
  }

  function attacksBelow(folder: string): string[] {
    return filesBelow(folder)
      .filter((name) => name.endsWith('.test.ts'))
      .sort()
  }
})

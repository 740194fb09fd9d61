import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readdirSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Bench, errorOf, fixture, outputOf, thrown } from './support'

const bench = new Bench()
afterEach(() => bench.endAll())

const ORDER = {
  id: 'a',
  lines: [
    { amount: 2, price: 3 },
    { amount: 1, price: 0.5 },
  ],
}

interface NodeBinary {
  path: string
  /** Runs TypeScript by taking the types away: 22.18 and later. */
  strips: boolean
}

/** Nodes that the package's own checks have fetched; none before they ran. */
function fetched(): string[] {
  const cache = join(dirname(dirname(__dirname)), 'node_modules', '.cache', 'runlet')
  if (!existsSync(cache)) return []
  return readdirSync(cache).flatMap((name) => {
    const [, program] = /^(node-.+)-\d+\.\d+\.\d+$/.exec(name) ?? []
    return program === undefined ? [] : [join(cache, name, 'node_modules', program, 'bin', 'node')]
  })
}

/** The Nodes at hand: one that is named for the tests, the one that runs them, those in PATH. */
function nodes(): NodeBinary[] {
  const { RUNLET_TEST_NODE, PATH = '' } = process.env
  const inPath = PATH.split(delimiter).map((folder) => join(folder, 'node'))
  const own = process.versions.bun === undefined ? [process.execPath] : []
  const found = new Map<string, NodeBinary>()
  for (const name of [RUNLET_TEST_NODE ?? '', ...own, ...inPath, ...fetched()]) {
    const { stdout } = spawnSync(name || 'none', ['--version'], { encoding: 'utf8' })
    const [, major, minor] = /^v(\d+)\.(\d+)\./.exec(stdout ?? '') ?? []
    if (major === undefined) continue
    const path = realpathSync(name)
    const strips = Number(major) > 22 || (Number(major) === 22 && Number(minor) >= 18)
    found.set(path, { path, strips })
  }
  return [...found.values()]
}

const newer = nodes().find(({ strips }) => strips)?.path
const older = nodes().find(({ strips }) => !strips)?.path

/** A project of its own: the kind of its modules is not that of this repository. */
function typescript(name: string): { projectRoot: string; entrypointPath: string } {
  const projectRoot = bench.folder()
  copyFileSync(fixture(name), join(projectRoot, 'tools.ts'))
  return { projectRoot, entrypointPath: './tools.ts' }
}

const why = (what: string) =>
  ` (not run: ${what} is neither RUNLET_TEST_NODE nor the host, nor in PATH, nor was one fetched by npm run test:package)`

describe('an entrypoint in TypeScript', () => {
  it('runs on Bun, enums included', async () => {
    const tools = bench.runtime('bun', typescript('typed.ts'))
    expect(outputOf(await tools.executeTool('total', { input: ORDER }))).toEqual({
      id: 'a',
      total: 6.5,
    })
    expect(outputOf(await tools.executeTool('size', { input: 'ä€' }))).toEqual({ value: 5 })
    const enums = bench.runtime('bun', typescript('enums.ts'))
    expect(outputOf(await enums.executeTool('units'))).toEqual({ value: ['m', 'ft'] })
  })

  const onNewer = newer === undefined ? it.skip : it
  const noNewer = newer === undefined ? why('a Node 22.18 or later') : ''
  onNewer(`runs on Node 22.18 and later${noNewer}`, async () => {
    const options = { nodePath: newer, ...typescript('typed.ts') }
    const tools = bench.runtime('node', { ...options, warm: { size: 1 } })
    for (let call = 0; call < 2; call++) {
      expect(outputOf(await tools.executeTool('total', { input: ORDER }))).toEqual({
        id: 'a',
        total: 6.5,
      })
    }
    expect((await tools.listTools()).map(({ id }) => id)).toEqual(['size', 'total'])
  })

  onNewer(`with an enum is SYNTAX_ERROR there, which says so${noNewer}`, async () => {
    const options = { nodePath: newer, ...typescript('enums.ts') }
    const error = errorOf(await bench.runtime('node', options).executeTool('units'))
    expect([error.code, error.details?.phase]).toEqual(['SYNTAX_ERROR', 'import'])
    expect(error.cause.message).toMatch(/enum/i)
  })

  const onOlder = older === undefined ? it.skip : it
  const noOlder = older === undefined ? why('a Node before 22.18') : ''
  onOlder(`is refused for an older Node when the runtime is made${noOlder}`, () => {
    const options = { nodePath: older, ...typescript('typed.ts') }
    const error = thrown(() => bench.runtime('node', options))
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.message).toMatch(
      /^entrypointPath is TypeScript, which Node [\d.]+ does not run: it needs Node 22\.18 or Bun$/,
    )
    expect(error.details?.field).toBe('entrypointPath')
  })
})

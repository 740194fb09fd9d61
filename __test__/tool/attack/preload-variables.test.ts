import { cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { createToolRuntime } from 'runlet'
import { runPlain } from '../plain-peer'
import { codeOf, inArena, OPEN, RUNTIMES, type RuntimeType } from './arena'

const PRELOAD = join(__dirname, 'fixtures', 'preload.mjs')

/** Variables through which code gets into a process before its program. */
const VARIABLES: Record<string, string> = {
  BUN_OPTIONS: `--preload=${PRELOAD}`,
  BUN_INSPECT_PRELOAD: PRELOAD,
  NODE_OPTIONS: `--import=file://${PRELOAD}`,
  LD_PRELOAD: '/nowhere/evil.so',
  LD_LIBRARY_PATH: '/nowhere',
  NODE_PATH: '/nowhere',
  BASH_ENV: '/nowhere/evil.sh',
}

const LOADS: Record<RuntimeType, string> = { bun: 'BUN_OPTIONS', node: 'NODE_OPTIONS' }

/** Sets variables of this process for as long as the work takes. */
async function hosting<T>(set: Record<string, string>, work: () => Promise<T>): Promise<T> {
  const before = Object.fromEntries(Object.keys(set).map((name) => [name, process.env[name]]))
  Object.assign(process.env, set)
  try {
    return await work()
  } finally {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}

describe.each(RUNTIMES)('on %s, a variable that loads code', (runtimeType) => {
  it('does so in a plain worker', async () => {
    await inArena(runtimeType, 'preloaded.mjs', async ({ root }) => {
      const name = LOADS[runtimeType]
      const env = { [name]: VARIABLES[name] ?? '' }
      const peer = await runPlain(runtimeType, root, 'preloaded', { env })
      expect(peer.output).toEqual({ result: true })
    })
  })

  it.each([
    { permissions: OPEN },
    { permissions: [...OPEN, '--allow-env=B*,N*,L*'] },
    { permissions: [...OPEN, '--allow-env'] },
    { permissions: ['--allow-all'] },
  ])("is not the host's to pass on: %o", async (options) => {
    const { LD_PRELOAD: _, ...harmless } = VARIABLES
    await hosting(harmless, () =>
      inArena(
        runtimeType,
        'preloaded.mjs',
        async ({ root, run }) => {
          expect((await run('preloaded')).output).toEqual({ value: false })
          const seen = Object.keys((await run('environment')).output ?? {})
          expect(seen.filter((name) => name in VARIABLES)).toEqual([])
          expect(existsSync(join(root, 'preloaded'))).toBe(false)
        },
        options,
      ),
    )
  })

  it.each(Object.keys(VARIABLES))("is not the caller's to give: %s", async (name) => {
    const env = { [name]: VARIABLES[name] ?? '' }
    const text = `environment variable "${name}" is not allowed for security reasons`
    await inArena(runtimeType, 'preloaded.mjs', async ({ root, run }) => {
      const result = await run('preloaded', { env })
      expect(codeOf(result)).toBe('INVALID_ARGUMENT')
      expect(result.error?.message).toContain(text)
      expect(result.attempts).toBe(0)
      cpSync(PRELOAD, join(root, 'preload.mjs'))
      const options = { runtimeType, projectRoot: root, permissions: OPEN }
      expect(() => createToolRuntime({ ...options, env })).toThrow(text)
      expect(() => createToolRuntime({ ...options, tools: { a: { env } } })).toThrow(text)
    })
  })

  it.each(['BUN_*', 'BUN_OPTIONS', 'NODE_OPTIONS', 'LD_*', 'LD_PRELOAD', 'BASH_ENV'])(
    'is none that can be allowed: %s',
    (name) => {
      const permissions = [`--allow-env=${name}`]
      expect(() => createToolRuntime({ runtimeType, permissions })).toThrow(
        `environment variable "${name}" is not allowed for security reasons`,
      )
    },
  )
})

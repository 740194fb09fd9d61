import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { runPlain } from '../plain-peer'
import { inArena, RUNTIMES } from './arena'

const PRELOAD = join(__dirname, 'fixtures', 'preload.mjs')

/** Puts another file in the place of all that a pattern covers. */
function redirect(root: string, pattern: string): void {
  const paths = { [pattern]: ['./hijacked.mjs'], alias: ['./real.mjs'] }
  const compilerOptions = { baseUrl: '.', paths }
  writeFileSync(join(root, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
}

/** Every file of a project that a runtime might obey before its program begins. */
function configure(root: string): void {
  cpSync(PRELOAD, join(root, 'preload.mjs'))
  writeFileSync(join(root, 'bunfig.toml'), 'preload = ["./preload.mjs"]\n[run]\nbun = true\n')
  const script = 'echo yes > preloaded'
  const scripts = Object.fromEntries(
    [
      'worker',
      'worker.mjs',
      '.runlet/worker.mjs',
      'plain-worker.mjs',
      'preworker.mjs',
      'start',
    ].map((name) => [name, script]),
  )
  const imports = { '#node:fs': './preload.mjs', '#fs': './preload.mjs' }
  const manifest = { name: 'attack', scripts, imports }
  writeFileSync(join(root, 'package.json'), JSON.stringify(manifest))
  const paths = Object.fromEntries(
    ['node:fs', 'node:url', 'node:v8', 'fs', 'url', '*'].map((name) => [name, ['./preload.mjs']]),
  )
  const compilerOptions = { baseUrl: '.', paths }
  writeFileSync(join(root, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
  for (const name of ['fs', 'url']) {
    mkdirSync(join(root, 'node_modules', name), { recursive: true })
    cpSync(PRELOAD, join(root, 'node_modules', name, 'index.mjs'))
    const main = JSON.stringify({ name, exports: './index.mjs' })
    writeFileSync(join(root, 'node_modules', name, 'package.json'), main)
  }
}

describe.each(RUNTIMES)('on %s, configuration in the project', (runtimeType) => {
  it('runs nothing before the worker', async () => {
    await inArena(runtimeType, 'preloaded.mjs', async ({ root, run }) => {
      configure(root)
      const result = await run('preloaded')
      expect(result.error?.message).toBeUndefined()
      expect(result.output).toEqual({ value: false })
    })
  })

  it.each(['*', '/*', '*/worker.mjs', '*worker*', 'node:*', '*:fs'])(
    'puts nothing in the place of the worker: %s',
    async (pattern) => {
      await inArena(runtimeType, 'preloaded.mjs', async ({ root, run }) => {
        cpSync(PRELOAD, join(root, 'hijacked.mjs'))
        redirect(root, pattern)
        const result = await run('preloaded')
        expect(result.error?.message).toBeUndefined()
        expect(result.output).toEqual({ value: false })
      })
    },
  )

  it('installs nothing that a tool asks for', async () => {
    await inArena(runtimeType, 'project-code.mjs', async ({ run }) => {
      const { output } = await run('autoInstall')
      expect(output).toEqual({ value: expect.stringMatching(/^refused: /) })
    })
  })
})

describe('on bun, configuration in the project', () => {
  it('still holds for the tools', async () => {
    await inArena('bun', 'preloaded.mjs', async ({ root, run }) => {
      redirect(root, 'nothing/*')
      writeFileSync(join(root, 'real.mjs'), 'export const real = () => process.cwd()')
      writeFileSync(join(root, 'tools.mjs'), "export { real } from 'alias'")
      expect((await run('real')).output).toEqual({ value: root })
    })
  })
})

describe('on bun, a plain worker', () => {
  it('has code of the project run before it', async () => {
    await inArena('bun', 'preloaded.mjs', async ({ root }) => {
      cpSync(PRELOAD, join(root, 'preload.mjs'))
      writeFileSync(join(root, 'bunfig.toml'), 'preload = ["./preload.mjs"]\n')
      const peer = await runPlain('bun', root, 'preloaded')
      expect(peer.output).toEqual({ result: true })
    })
  })

  it('is not even run where a script has its name', async () => {
    await inArena('bun', 'preloaded.mjs', async ({ root }) => {
      const manifest = { name: 'attack', scripts: { 'plain-worker.mjs': 'echo hijacked' } }
      writeFileSync(join(root, 'package.json'), JSON.stringify(manifest))
      expect((await runPlain('bun', root, 'preloaded')).stdout).toContain('hijacked')
    })
  })

  it('is another file where the project says so', async () => {
    await inArena('bun', 'preloaded.mjs', async ({ root }) => {
      writeFileSync(join(root, 'hijacked.mjs'), 'console.log("hijacked")')
      redirect(root, '*')
      expect((await runPlain('bun', root, 'preloaded')).stdout).toContain('hijacked')
    })
  })
})

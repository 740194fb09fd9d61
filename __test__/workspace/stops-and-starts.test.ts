import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import {
  createRuntime,
  type RuntimeProvider,
  type RuntimeScope,
  ScopedRuntimeRegistry,
} from 'runlet'
import { root as packageRoot } from '../package/repository'
import { freshFolder, inWorkspace, RUNTIMES, refusal } from './support'

describe.each(RUNTIMES)('the life of %s', (name) => {
  it('can be seen, stopped, begun anew and ended', async () => {
    await inWorkspace({ name }, async ({ runtime, root }) => {
      const status = async () => (await runtime.status())[0]
      expect(await status()).toMatchObject({ name, root, state: 'stopped', active: 0, queued: 0 })
      expect(await status()).not.toHaveProperty('startedAt')
      const before = Date.now()
      await runtime.bash({ command: 'true' })
      const running = await status()
      expect(running).toMatchObject({ state: 'running', idleMs: false, scope: { path: 'app' } })
      expect(running?.startedAt).toBeGreaterThanOrEqual(before)
      expect(running?.lastUsedAt).toBeGreaterThanOrEqual(running?.startedAt ?? Number.NaN)
      await runtime.stop()
      await runtime.stop()
      expect((await status())?.state).toBe('stopped')
      expect((await runtime.bash({ command: 'echo again' })).out).toBe('again\n')
      await runtime.restart()
      await runtime.cleanup()
      expect((await runtime.bash({ command: 'echo once more' })).out).toBe('once more\n')
      await runtime.close()
      await runtime.close()
      for (const call of [
        () => runtime.bash({ command: 'true' }),
        () => runtime.read({ path: 'f' }),
        () => runtime.mark(),
        () => runtime.generated({ since: 0 }),
        () => runtime.openGenerated({ path: 'f' }),
        () => runtime.restart(),
      ]) {
        expect((await refusal(call)).code).toBe('DISPOSED')
      }
    })
  })

  it('ends with what is under way, and with what waits', async () => {
    for (const end of ['stop', 'close'] as const) {
      await inWorkspace({ name }, async ({ runtime }) => {
        const calls = [1, 2, 3].map(() => runtime.bash({ command: 'sleep 60' }))
        await new Promise((resolve) => setTimeout(resolve, 100))
        expect((await runtime.status())[0]).toMatchObject({ active: 1, queued: 2 })
        await runtime[end]()
        expect((await Promise.all(calls)).map(({ code }) => code)).toEqual([130, 130, 130])
        expect((await runtime.status())[0]).toMatchObject({ active: 0, queued: 0 })
      })
    }
  })

  it('keeps no process alive that forgot it', () => {
    const folder = freshFolder()
    const script = join(folder, 'forgets.cjs')
    writeFileSync(
      script,
      `const { createRuntime } = require(${JSON.stringify(packageRoot)})
      const nothing = () => {}
      const logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }
      const runtime = createRuntime({ root: ${JSON.stringify(join(folder, 'w'))}, name: '${name}', logger })
      runtime.bash({ command: 'echo ran' }).then(({ out }) => process.stdout.write(out))`,
    )
    const { status, stdout, stderr } = spawnSync(process.execPath, [script], { timeout: 20_000 })
    expect([status, `${stdout}`, `${stderr}`]).toEqual([0, 'ran\n', ''])
  })
})

describe('the life of a provider', () => {
  it('is told of all that befalls its scopes', async () => {
    const told: string[] = []
    const tell = (what: string) => async (scope?: RuntimeScope) => {
      told.push(scope === undefined ? what : `${what} ${scope.path}`)
    }
    const provider: RuntimeProvider = {
      get: (scope) => ({ name: 'told', root: scope.root, ls: async () => ({ entries: [] }) }),
      status: (scope) => [
        { name: 'told', scope: scope as RuntimeScope, root: '', state: 'running' },
      ],
      stop: tell('stop'),
      restart: tell('restart'),
      cleanup: tell('cleanup'),
      close: tell('close'),
    }
    const runtime = createRuntime({ root: '/nowhere/x', provider })
    expect((await runtime.status())[0]).toMatchObject({ name: 'told', state: 'running', active: 0 })
    await runtime.restart()
    await runtime.stop()
    await runtime.cleanup()
    await runtime.close()
    await runtime.close()
    expect(told).toEqual(['restart app', 'stop app', 'cleanup', 'stop app'])
    expect((await refusal(() => runtime.ls?.({}))).code).toBe('DISPOSED')
    told.length = 0
    const registry = new ScopedRuntimeRegistry({ root: '/nowhere/x', provider }, { app: '/app' })
    for (const path of ['a/b', 'a/c']) registry.getPath(path)
    await registry.close()
    expect(told).toEqual(['stop a/b', 'stop a/c', 'close'])
    expect((await refusal(() => registry.getPath('a/b'))).code).toBe('DISPOSED')
  })
})

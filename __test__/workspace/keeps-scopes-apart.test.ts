import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import {
  createRuntime,
  resolveScope,
  runtimeName,
  ScopedRuntimeRegistry,
  type ScopeOrigin,
  selectScope,
  workspace,
} from 'runlet'
import { freshFolder, Listener, refusal } from './support'

const ORIGIN: ScopeOrigin = {
  agent: 'a',
  provider: 'slack',
  kind: 'message',
  team: 'T1',
  channel: 'C 1',
  actor: 'U1',
}

const channel = (changes: Partial<ScopeOrigin>) =>
  resolveScope({ ...ORIGIN, ...changes }).channel.path

describe('the scopes of a message', () => {
  it('have the paths that they always had', () => {
    expect(resolveScope(ORIGIN)).toEqual({
      agent: { level: 'agent', key: 'agent/a', path: 'agent/a' },
      adapter: { level: 'adapter', key: 'adapter/a/slack', path: 'adapter/a/slack' },
      channel: {
        level: 'channel',
        key: 'channel/a/slack/T1/C 1',
        path: 'channel/a/slack/T1/C~201',
      },
      user: { level: 'user', key: 'user/a/slack/T1/U1', path: 'user/a/slack/T1/U1' },
    })
    const { team: _, ...teamless } = ORIGIN
    expect(resolveScope(teamless).channel.path).toBe('channel/a/slack/none/C~201')
  })

  it('are chosen by level, the channel unless told otherwise', () => {
    const keys = resolveScope(ORIGIN)
    expect(selectScope(keys)).toBe(keys.channel)
    for (const level of ['agent', 'adapter', 'channel', 'user'] as const) {
      expect(selectScope(keys, level)).toBe(keys[level])
    }
  })

  it('never have one path where they differ', () => {
    const names = ['', '.', '..', '~', '~2E', 'none', '~6Eone', 'a/b', 'a~2Fb', 'a%2Fb', '%', ' ']
    names.push('x'.repeat(300), `${'x'.repeat(299)}y`, '\n', 'ä', 'a\u0308', '\ufffd', '...', '-')
    const paths = new Map<string, string>()
    for (const team of [undefined, ...names]) {
      for (const name of names) {
        const path = channel({ team, channel: name })
        const told = JSON.stringify([team, name])
        expect([path, paths.get(path) ?? told]).toEqual([path, told])
        paths.set(path, told)
        const parts = path.split('/')
        expect(parts).toHaveLength(5)
        for (const part of parts) expect(part).not.toMatch(/^\.{0,2}$/)
        for (const part of parts) expect(part.length).toBeLessThanOrEqual(255)
      }
    }
  })

  it('refuse what has no bytes, and what is no text', async () => {
    const wrong: object[] = [{ channel: 'a\ud800' }, { actor: 7 }, { agent: undefined }]
    for (const changes of wrong) {
      const error = await refusal(() => resolveScope({ ...ORIGIN, ...changes }))
      expect(error.code).toBe('INVALID_ARGUMENT')
    }
  })
})

describe('a registry', () => {
  it('gives each scope a folder of its own', async () => {
    const root = freshFolder()
    const logger = new Listener()
    const registry = new ScopedRuntimeRegistry(
      { root, name: 'host-bash', logger },
      { app: __dirname },
    )
    const one = registry.get(resolveScope(ORIGIN).channel)
    const two = registry.get(resolveScope({ ...ORIGIN, channel: '..' }).channel)
    expect(one.root).toBe(join(root, 'scopes/channel/a/slack/T1/C~201'))
    expect(two.root).toBe(join(root, 'scopes/channel/a/slack/T1/~2E~2E'))
    await one.write?.({ path: 'f', content: 'one' })
    await two.bash?.({ command: 'echo two > f' })
    expect((await one.bash?.({ command: 'cat f' }))?.out).toBe('one')
    expect((await two.read?.({ path: 'f' }))?.text).toBe('two\n')
    expect((await two.find?.({}))?.paths).toEqual(['f'])
    // Once for all of them.
    expect(logger.said.map(({ event }) => event)).toEqual(['security.runtime_host'])
    await registry.close()
    rmSync(root, { recursive: true })
  })
})

describe('options', () => {
  it('name a runtime in any case', async () => {
    expect(runtimeName()).toBe('just-bash')
    expect(runtimeName(' Host-BASH ')).toBe('host-bash')
    expect(runtimeName('virtual-bash')).toBe('just-bash')
    const error = await refusal(() => runtimeName('zsh'))
    expect([error.code, error.message]).toEqual(['RUNTIME_NOT_FOUND', 'unknown runtime: zsh'])
    expect((await refusal(() => createRuntime({ root: '/x', name: 'zsh' }))).code).toBe(
      'RUNTIME_NOT_FOUND',
    )
  })

  it('that are none are refused by name', async () => {
    for (const [options, field] of [
      [{}, 'root'],
      [{ root: '' }, 'root'],
      [{ root: '/x', roots: 1 }, 'roots'],
      [{ root: '/x', maxConcurrent: 0 }, 'maxConcurrent'],
      [{ root: '/x', timeoutMs: 700_000 }, 'timeoutMs'],
      [{ root: '/x', limits: { maxFileBytes: 0 } }, 'limits.maxFileBytes'],
      [{ root: '/x', scope: 'team' }, 'scope'],
      [{ root: '/x', hostEnv: { A: 1 } }, 'hostEnv.A'],
      [{ root: '/x', logger: {} }, 'logger.debug'],
      [{ root: '/x', runtimeScope: { key: 'k' } }, 'runtimeScope'],
    ] as const) {
      const error = await refusal(() => createRuntime(options as never))
      expect([error.code, error.details?.field]).toEqual(['INVALID_ARGUMENT', field])
    }
  })

  it('take a path for the root', async () => {
    expect(workspace()).toBe(join(process.cwd(), 'workspace'))
    expect(workspace('a/../b')).toBe(join(process.cwd(), 'b'))
    expect((await refusal(() => workspace(''))).code).toBe('INVALID_ARGUMENT')
  })
})

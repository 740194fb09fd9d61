import { describe, expect, it } from '@jest/globals'
import {
  createRuntime,
  type RuntimeProvider,
  type RuntimeScope,
  ScopedRuntimeRegistry,
} from 'runlet'
import { freshFolder, Listener, refusal } from './support'

// ---- As somebody wrote it who never heard of this package: its own types, its own error. ----

type BashInput = { command: string; timeoutMs?: number; signal?: AbortSignal }
type BashResult = { code: number; out: string; err: string; ms: number }
type Scope = { level?: string; key: string; path: string; root: string }
type Logger = { warn(event: string, input?: Record<string, unknown>): void }

class StartupFailure extends Error {
  override name = 'RuntimeStartupError'
}

function foreignProvider(fails = false) {
  const calls: string[] = []
  const scopes: Scope[] = []
  const provider = {
    calls,
    scopes,
    get(scope: Scope) {
      scopes.push(scope)
      calls.push(`get ${scope.path}`)
      return {
        name: 'foreign',
        root: scope.root,
        async bash(input: BashInput): Promise<BashResult> {
          calls.push(`bash ${input.command}`)
          if (fails) throw new StartupFailure('foreign runtime failed to start: no image')
          return { code: 0, out: `ran ${input.command}`, err: '', ms: 1 }
        },
        async read({ path }: { path: string; signal?: AbortSignal }) {
          return { text: `text of ${path}`, path }
        },
      }
    },
    setLogger(logger: Logger) {
      logger.warn('foreign.hello', {})
    },
    async stop(scope?: Scope) {
      calls.push(`stop ${scope?.path}`)
    },
    async close() {
      calls.push('close')
    },
  }
  return provider
}

describe('a provider of somebody else', () => {
  it('plugs in, and its results stay as they are', async () => {
    const provider = foreignProvider()
    const root = freshFolder()
    const logger = new Listener()
    const runtime = createRuntime({ root, provider: provider as RuntimeProvider, logger })
    expect(provider.scopes).toEqual([{ key: 'app', path: 'app', root }])
    expect([runtime.name, runtime.root]).toEqual(['foreign', root])
    expect(await runtime.bash?.({ command: 'x' })).toEqual({
      code: 0,
      out: 'ran x',
      err: '',
      ms: 1,
    })
    expect(await runtime.read?.({ path: 'p' })).toEqual({ text: 'text of p', path: 'p' })
    expect(runtime.write).toBeUndefined()
    expect(logger.said.map(({ event }) => event)).toEqual(['foreign.hello'])
    await runtime.close()
    expect(provider.calls).toEqual(['get app', 'bash x', 'stop app'])
    const error = await refusal(() => runtime.bash?.({ command: 'x' }))
    expect(error.code).toBe('DISPOSED')
  })

  it('is behind the queue: one call of a chat at a time', async () => {
    let [active, most] = [0, 0]
    const provider: RuntimeProvider = {
      get: (scope) => ({
        name: 'slow',
        root: scope.root,
        async bash() {
          most = Math.max(most, ++active)
          await new Promise((resolve) => setTimeout(resolve, 20))
          active--
          return { code: 0, out: '', err: '', ms: 0 }
        },
      }),
    }
    const runtime = createRuntime({ root: freshFolder(), provider })
    const calls = Array.from({ length: 5 }, () => runtime.bash?.({ command: '' }))
    const [status] = await runtime.status()
    expect(status).toMatchObject({ state: 'running', active: 1, queued: 4 })
    await Promise.all(calls)
    const aborted = await runtime.bash?.({ command: '', signal: AbortSignal.abort() })
    expect(aborted).toMatchObject({ code: 130, err: 'Command cancelled' })
    expect(most).toBe(1)
  })

  it('gives each scope of a registry its runtime, once', async () => {
    const provider = foreignProvider()
    const root = freshFolder()
    const registry = new ScopedRuntimeRegistry(
      { root, provider: provider as RuntimeProvider },
      { app: __dirname },
    )
    const key = { level: 'channel' as const, key: 'channel/a/b', path: 'channel/a/b' }
    expect(registry.get(key)).toBe(registry.get(key))
    expect(registry.getPath()).toBe(registry.getPath('agent/default'))
    expect(provider.scopes).toEqual([
      { ...key, root: `${root}/scopes/channel/a/b` },
      { key: 'agent/default', path: 'agent/default', root: `${root}/scopes/agent/default` },
    ])
    await registry.close()
    expect(provider.calls.slice(2)).toEqual(['stop channel/a/b', 'stop agent/default', 'close'])
  })

  it('must have a function get', async () => {
    for (const provider of [{}, { get: 7 }, 7]) {
      const work = () => createRuntime({ root: '/x', provider: provider as never })
      const error = await refusal(work)
      expect([error.code, error.details?.field]).toEqual(['INVALID_ARGUMENT', 'provider'])
    }
  })
})

describe('a scope', () => {
  it('is no way out of the folder of scopes', async () => {
    const registry = new ScopedRuntimeRegistry({ root: freshFolder() }, { app: __dirname })
    for (const path of ['..', 'a/../../b', '/etc', 'a//b', './a', 'a\\b', 'a\0b', '']) {
      const error = await refusal(() => registry.getPath(path))
      expect([path, error.code]).toEqual([path, 'INVALID_ARGUMENT'])
    }
    await registry.close()
  })

  it('is told to its runtime', async () => {
    const runtimeScope = { level: 'user', key: 'K', path: 'user/a' }
    const root = freshFolder()
    const runtime = createRuntime({ root, name: 'host-bash', runtimeScope, logger: new Listener() })
    const expected: RuntimeScope = { ...runtimeScope, root }
    expect(runtime.scope).toEqual(expected)
    await runtime.close()
  })
})

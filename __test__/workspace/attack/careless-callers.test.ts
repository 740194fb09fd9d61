import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from '@jest/globals'
import {
  type BuiltInRuntime,
  createRuntime,
  localWorkspace,
  type RuntimeOptions,
  type RuntimeProvider,
  ScopedRuntimeRegistry,
} from 'runlet'
import { freshFolder, inWorkspace, Listener, refusal } from '../support'

const RISKY = 'touch ran; chmod -R 700 .'

/** A provider whose commands say that they ran. */
function provider(ran: string[] = []): RuntimeProvider {
  return {
    get: ({ root }) => ({
      name: 'plain',
      root,
      bash: async ({ command }) => {
        ran.push(command)
        return { code: 0, out: '', err: '', ms: 0 }
      },
    }),
  }
}

/** Collects garbage when it is called. */
function collector(): () => void {
  const { Bun } = globalThis as { Bun?: { gc(force: boolean): void } }
  if (Bun !== undefined) return () => Bun.gc(true)
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc')
}

/** Requests that are none, and what is wrong with them. */
const REQUESTS: [keyof BuiltInRuntime, unknown, string][] = [
  ['read', undefined, 'input'],
  ['read', null, 'input'],
  ['read', [], 'input'],
  ['read', {}, 'path'],
  ['read', { path: 7 }, 'path'],
  ['read', { path: 'f', limit: 1n }, 'input'],
  ['read', { path: 'f', offset: Number.POSITIVE_INFINITY }, 'offset'],
  ['read', { path: '\udc00' }, 'path'],
  ['write', { path: 'f' }, 'content'],
  ['write', { path: 'f', content: Buffer.from('x') }, 'content'],
  ['write', { path: 'f', content: 'a\ud800b' }, 'content'],
  ['edit', { path: 'f', oldText: 'a' }, 'newText'],
  ['edit', { path: 'f', oldText: /a/, newText: 'b' }, 'oldText'],
  ['edit', { path: 'f', oldText: 'a', newText: 'b', replaceAll: 'no' }, 'replaceAll'],
  ['grep', {}, 'query'],
  ['grep', { query: /x/ }, 'query'],
  ['grep', { query: 'x', regex: 1 }, 'regex'],
  ['find', { pattern: 7 }, 'pattern'],
  ['find', { maxResults: Number.NaN }, 'maxResults'],
  ['ls', { path: {} }, 'path'],
  ['bash', {}, 'command'],
  ['bash', { command: 'true', timeoutMs: '5' }, 'timeoutMs'],
  ['generated', undefined, 'input'],
  ['openGenerated', undefined, 'input'],
]

describe('a caller who', () => {
  it.each(REQUESTS)(
    'asks wrongly is told what was wrong: %s %p',
    async (operation, input, field) => {
      await inWorkspace({ name: 'host-bash' }, async ({ runtime }) => {
        const call = runtime[operation] as (input: unknown) => Promise<unknown>
        const error = await refusal(() => call.call(runtime, input))
        expect([error.code, error.details?.field]).toEqual(['INVALID_ARGUMENT', field])
        // And its place in the queue is free again.
        expect((await runtime.ls({})).entries).toEqual([])
      })
    },
  )

  it('guards the commands of a provider has them guarded', async () => {
    const ran: string[] = []
    let says = false
    const guard = { onApproval: () => says }
    const runtime = createRuntime({ root: '/nowhere/x', provider: provider(ran), guard })
    const bash = (command: string, more: object = {}) => runtime.bash?.({ command, ...more })
    expect(await bash('mkfs.none x')).toMatchObject({
      code: 126,
      error: { details: { reason: 'blocked' } },
    })
    expect(await bash(RISKY)).toMatchObject({ code: 126, guard: { approved: false } })
    expect(ran).toEqual([])
    says = true
    expect(await bash(RISKY)).toMatchObject({ code: 0, guard: { approved: true } })
    says = false
    const approved = runtime.guard?.grant(RISKY)
    expect(await bash(RISKY, { approved })).toMatchObject({ code: 0 })
    expect(await bash(RISKY, { approved })).toMatchObject({ code: 126 })
    expect(await bash('true')).toEqual({ code: 0, out: '', err: '', ms: 0 })
    expect(ran).toEqual([RISKY, RISKY, 'true'])
    await runtime.close()
  })

  it.each([
    ['sandbox', 'required'],
    ['sandbox', {}],
    ['hostEnv', { A: '1' }],
    ['strictShell', true],
  ])('asks a provider for what only the host has is told so: %s', async (field, value) => {
    const options = { root: '/nowhere/x', provider: provider(), [field]: value }
    const error = await refusal(() => createRuntime(options as RuntimeOptions))
    expect([error.code, error.details?.field]).toEqual(['INVALID_ARGUMENT', field])
  })

  it('asks a registry for no scope is told so', async () => {
    const options = { root: freshFolder(), name: 'host-bash', logger: new Listener() }
    const registry = new ScopedRuntimeRegistry(options, { app: __dirname })
    for (const scope of [undefined, null, 'a', {}, { path: 7 }, { path: '' }, { path: '../x' }]) {
      expect((await refusal(() => registry.get(scope as never))).code).toBe('INVALID_ARGUMENT')
    }
    await registry.close()
  })

  it('closes twice waits for the end both times', async () => {
    await inWorkspace({ name: 'host-bash' }, async ({ runtime }) => {
      let ended = false
      const pending = runtime.bash({ command: 'sleep 77' }).then(({ code }) => {
        ended = true
        return code
      })
      await sleep(50)
      const first = runtime.close()
      await runtime.close()
      expect(ended).toBe(true)
      await first
      expect(await pending).toBe(130)
    })
  })

  it('gave a logger that throws has its results all the same', async () => {
    const bad = () => {
      throw new Error('of the logger')
    }
    const logger = { debug: bad, info: bad, warn: bad, error: bad }
    await inWorkspace({ name: 'host-bash', logger }, async ({ runtime }) => {
      const command = "echo x > .runlet; head -c 70000 /dev/zero | tr '\\0' x"
      expect(await runtime.bash({ command })).toMatchObject({ code: 0, truncated: true })
    })
  })

  it('forgets what it opened has its descriptors back', async () => {
    const root = freshFolder()
    const open = () => readdirSync('/proc/self/fd').length
    const before = open()
    const make = async () => {
      for (let count = 0; count < 200; count++) await localWorkspace(root).list()
    }
    await make()
    const gc = collector()
    for (let count = 0; count < 50 && open() > before + 100; count++) {
      gc()
      await sleep(10)
    }
    expect(open()).toBeLessThan(before + 100)
  })

  it('reuses one signal for many calls leaves no listener on it', async () => {
    const { signal } = new AbortController()
    let listeners = 0
    const { addEventListener, removeEventListener } = signal
    signal.addEventListener = (...given: Parameters<typeof addEventListener>) => {
      listeners++
      addEventListener.apply(signal, given)
    }
    signal.removeEventListener = (...given: Parameters<typeof removeEventListener>) => {
      listeners--
      removeEventListener.apply(signal, given)
    }
    for (const name of ['host-bash', 'guarded-bash', 'just-bash']) {
      await inWorkspace({ name }, async ({ runtime }) => {
        for (let count = 0; count < 5; count++) {
          await runtime.bash({ command: 'true', signal })
          await runtime.ls({ signal })
          await refusal(() => runtime.read({ path: 'none', signal }))
        }
      })
    }
    expect(listeners).toBe(0)
  })
})

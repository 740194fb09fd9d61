import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import {
  clip,
  createRuntime,
  executeBash,
  executeProcess,
  hostBash,
  justBash,
  Queue,
  resolveScope,
  ScopedRuntimeRegistry,
  safeRoot,
  selectScope,
  workspace,
} from 'runlet/heypi'
import { allGone, processesOf } from '../../tool/attack/arena'
import { freshFolder, Listener, refusal } from '../support'

const MINUTE = 60_000
const logger = new Listener()

// ---- As programs for the older contract are: they spread runtimes, and queue by themselves. ----

type Runtime = {
  name: string
  root: string
  bash?(input: { command: string; signal?: AbortSignal }): Promise<{
    code: number
    out: string
    err: string
    ms: number
  }>
  read?(input: { path: string }): Promise<{ text: string; path: string; lines?: number }>
  write?(input: { path: string; content: string }): Promise<{ path: string; bytes: number }>
}

/** A chat host: asks for approval by itself, lets chats wait for themselves, tells of results. */
function chatHost(runtimeOf: (scope: string) => Runtime, approves: (command: string) => boolean) {
  const queue = new Queue({ maxConcurrent: 2, maxPerChat: 1 })
  return {
    async command(chat: string, command: string): Promise<string> {
      if (!approves(command)) return 'not approved'
      const runtime = { ...runtimeOf(chat) }
      const { bash } = runtime
      if (bash === undefined) return 'no bash'
      const { result } = await queue.submit(chat, () => bash({ command }))
      return result.code === 0 ? result.out : `exit ${result.code}: ${result.err}`
    },
  }
}

describe('a host of the older contract', () => {
  it(
    'has a runtime for each scope, in its folder, and asks by itself',
    async () => {
      const root = freshFolder()
      const registry = new ScopedRuntimeRegistry(
        { root, name: 'guarded-bash', logger, maxConcurrent: 1, maxConcurrentPerChat: 1 },
        { app: __dirname },
      )
      const asked: string[] = []
      const host = chatHost(
        (channel) => {
          const origin = { agent: 'a', provider: 'slack', kind: 'message', actor: 'U' }
          return registry.get(selectScope(resolveScope({ ...origin, channel }), 'channel'))
        },
        (command) => {
          asked.push(command)
          return true
        },
      )
      expect(await host.command('C1', 'mkdir d; chmod -R 700 d; pwd')).toBe(
        `${root}/scopes/channel/a/slack/none/C1\n`,
      )
      expect(await host.command('C1', 'shutdown --help')).toMatch(/^exit 126: Command blocked: /)
      expect(asked).toHaveLength(2)
      expect(registry.getPath()).toBe(registry.getPath('agent/default'))
      await registry.close()
    },
    MINUTE,
  )

  it(
    'reads files while a command of the same scope runs',
    async () => {
      const root = freshFolder()
      const runtime = createRuntime({ root, name: 'host-bash', logger, maxConcurrentPerChat: 1 })
      const { bash, read, write } = runtime
      await write?.({ path: 'a.txt', content: 'a\n' })
      const abort = new AbortController()
      const slow = bash?.({ command: 'sleep 60', signal: abort.signal })
      expect(await read?.({ path: 'a.txt' })).toEqual({ text: 'a\n', path: 'a.txt', lines: 2 })
      abort.abort()
      expect((await slow)?.code).toBe(130)
      await runtime.close()
    },
    MINUTE,
  )

  it('refuses to overlap, and gets the root', async () => {
    const root = freshFolder()
    expect(safeRoot({ root, app: __dirname })).toBe(root)
    const error = await refusal(() => safeRoot({ root: join(__dirname, '..'), app: __dirname }))
    expect(error.message).toBe('runtime root contains app directory')
    expect(workspace('/x')).toBe('/x')
  })
})

describe('a provider of the older contract', () => {
  it('is called with its scope, and its results stay as they are', async () => {
    const calls: string[] = []
    const provider = {
      get(scope: { key: string; path: string; root: string }) {
        calls.push(`${scope.key} ${scope.path} ${scope.root}`)
        return {
          name: 'remote',
          root: scope.root,
          async bash({ command }: { command: string }) {
            return { code: 0, out: command, err: '', ms: 1 }
          },
        }
      },
    }
    const root = freshFolder()
    const scope = { level: 'user', key: 'K', path: 'user/k', root }
    const runtime = createRuntime({ root, provider, app: __dirname, runtimeScope: scope })
    expect(calls).toEqual([`K user/k ${root}`])
    expect(await runtime.bash?.({ command: 'x' })).toEqual({ code: 0, out: 'x', err: '', ms: 1 })
    expect(runtime.read).toBeUndefined()
    await runtime.close()
  })
})

describe('the strict bounds', () => {
  it(
    'end a command that prints more than 262,144 characters',
    async () => {
      const runtime = hostBash({ root: freshFolder(), logger })
      const result = await runtime.bash?.({ command: 'yes' })
      expect([result?.code, result?.err]).toEqual([
        125,
        'Command output exceeded 262144 characters',
      ])
      await runtime.close()
    },
    MINUTE,
  )

  it('fail a search at a file that is too large', async () => {
    const runtime = hostBash({ root: freshFolder(), logger, limits: { maxFileBytes: 100 } })
    await runtime.bash?.({ command: 'printf %0200d 1 > large.txt' })
    const error = await refusal(() => runtime.grep?.({ query: '1' }))
    expect(error.message).toBe('large.txt exceeds limit: 200 > 100')
    await runtime.close()
  })

  it('fail a search that reads more than 5,000,000 bytes', async () => {
    const runtime = hostBash({ root: freshFolder(), logger })
    await runtime.bash?.({ command: 'for i in 1 2 3 4 5 6; do printf %0900000d 1 > f$i; done' })
    const error = await refusal(() => runtime.grep?.({ query: 'zz' }))
    expect(error.message).toMatch(/^scan exceeds limit: \d+ > 5000000$/)
    await runtime.close()
  })

  it('are those of the virtual shell, too', async () => {
    const runtime = justBash({ root: freshFolder(), options: { env: { A: 'b' } } })
    expect(runtime.name).toBe('just-bash')
    expect((await runtime.bash?.({ command: 'echo $A' }))?.out).toBe('b\n')
    await runtime.close()
  })
})

describe('a process', () => {
  const env = { PATH: process.env.PATH, GIVEN: 'yes', MISSING: undefined }

  it(
    'ends with the codes of the contract, and with all that it started',
    async () => {
      const cwd = freshFolder()
      const bash = (command: string, timeoutMs = 20_000, signal?: AbortSignal) =>
        executeBash(command, { cwd, timeoutMs, env, ...(signal && { signal }) })
      expect(await bash('echo $GIVEN; pwd; exit 3')).toMatchObject({
        code: 3,
        out: `yes\n${cwd}\n`,
        err: '',
      })
      const late = await bash('(sleep 77 &); sleep 77', 300)
      expect([late.code, late.err]).toEqual([124, 'Command timed out'])
      await allGone(() => processesOf(cwd))
      expect(await bash('touch ran', 1_000, AbortSignal.abort())).toMatchObject({ code: 130 })
      expect(existsSync(join(cwd, 'ran'))).toBe(false)
      expect(await bash('yes')).toMatchObject({ code: 125 })
    },
    MINUTE,
  )

  it('gets its arguments as they are, and only its variables', async () => {
    const cwd = freshFolder()
    const options = { cwd, timeoutMs: 20_000, env: { A: 'b' } }
    const args = ['-c', 'printf "<%s>" "$@"; env', 'sh', "a 'b", '$(c)', '']
    const { code, out } = await executeProcess('/bin/sh', args, options)
    expect([code, out.split('\n')[0]]).toEqual([0, "<a 'b><$(c)><>A=b"])
    expect(await executeProcess('no-such-program', [], options)).toMatchObject({ code: 127 })
  })

  it('shows the last characters of much', async () => {
    expect(clip('short')).toBe('short')
    expect(clip(`x${'y'.repeat(65_536)}`)).toBe(`...[truncated]\n${'y'.repeat(65_536)}`)
    expect(clip(`😀${'y'.repeat(65_535)}`)).toBe(`...[truncated]\n${'y'.repeat(65_535)}`)
    const options = { cwd: freshFolder(), timeoutMs: 20_000, env }
    const { code, out } = await executeBash('printf %070000d 1; exit 4', options)
    expect([code, out.length, out.slice(0, 15)]).toEqual([4, 65_551, '...[truncated]\n'])
  })
})

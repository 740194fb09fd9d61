import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { createRuntime, type RuntimeEvent } from 'runlet'
import { fromHeypi03, type RuntimeProvider03, type Tool03, toHeypi03 } from 'runlet/heypi'
import { freshFolder, Listener, refusal } from '../support'

const MINUTE = 60_000
const logger = new Listener()

/** A host of the 0.3 contract: it knows of tools, and of nothing else. */
async function hostOf(provider: RuntimeProvider03, context: Parameters<RuntimeProvider03>[0]) {
  const { tools, prepare, cleanup } = await provider(context)
  await prepare?.()
  const call = async (name: string, input: object, signal?: AbortSignal): Promise<string> => {
    const tool = tools.find((candidate) => candidate.name === name) as Tool03
    const { content } = await tool.execute('1', input, signal, undefined, {})
    return content.map(({ text }) => text ?? '').join('')
  }
  const fails = async (name: string, input: object, signal?: AbortSignal): Promise<string> => {
    try {
      return `it gave ${await call(name, input, signal)}`
    } catch (error) {
      return (error as Error).message
    }
  }
  return { tools, call, fails, cleanup }
}

function places() {
  const folder = freshFolder()
  const [workspace, shared, skills] = ['workspace', 'shared', 'skills'].map((name) => {
    mkdirSync(join(folder, name))
    return join(folder, name)
  }) as [string, string, string]
  return { workspace, shared, skills, secret: join(folder, 'secret.txt') }
}

const ours: RuntimeProvider03 = toHeypi03(({ workspace, env }) =>
  createRuntime({
    root: workspace,
    name: 'host-bash',
    logger,
    ...(env !== undefined && { hostEnv: env }),
  }),
)

describe('a runtime of ours under a host of 0.3', () => {
  it(
    'has its seven tools, over three folders',
    async () => {
      const { secret, ...roots } = places()
      writeFileSync(join(roots.skills, 'SKILL.md'), 'how to\n')
      writeFileSync(secret, 'secret')
      const { tools, call, fails, cleanup } = await hostOf(ours, { ...roots, env: { A: 'b' } })
      const names = ['read', 'bash', 'edit', 'write', 'grep', 'find', 'ls']
      expect(tools.map(({ name }) => name)).toEqual(names)
      expect(await call('write', { path: 'src/a.ts', content: 'one\ntwo\n' })).toBe(
        'Successfully wrote 8 bytes to src/a.ts',
      )
      expect(readFileSync(join(roots.workspace, 'src/a.ts'), 'utf8')).toBe('one\ntwo\n')
      for (const path of ['src/a.ts', '/workspace/src/a.ts', join(roots.workspace, 'src/a.ts')]) {
        expect(await call('read', { path })).toContain('one\ntwo')
      }
      const edits = [
        { oldText: 'two', newText: '$& 2' },
        { oldText: 'one', newText: '1' },
      ]
      await call('edit', { path: 'src/a.ts', edits })
      expect(readFileSync(join(roots.workspace, 'src/a.ts'), 'utf8')).toBe('1\n$& 2\n')
      expect(await call('find', { pattern: '*.ts' })).toBe('src/a.ts')
      expect(await call('grep', { pattern: '[$]&', path: 'src' })).toContain('src/a.ts:2: $& 2')
      expect(await call('ls', {})).toBe('src/')
      expect(await call('bash', { command: 'echo $A; cat src/a.ts' })).toBe('b\n1\n$& 2\n')
      await call('write', { path: '/shared/s.txt', content: 'for all' })
      expect(readFileSync(join(roots.shared, 's.txt'), 'utf8')).toBe('for all')
      expect(await call('ls', { path: '/shared' })).toBe('s.txt')
      expect(await call('find', { pattern: '*', path: '/shared' })).toContain('s.txt')
      expect(await call('read', { path: '/agent/skills/SKILL.md' })).toContain('how to')
      const changed = { path: '/agent/skills/../skills/SKILL.md', content: 'x' }
      expect(await fails('write', changed)).toBe('path is read-only: /agent/skills/SKILL.md')
      const edit = { path: '/agent/skills/SKILL.md', edits: [{ oldText: 'how', newText: 'x' }] }
      expect(await fails('edit', edit)).toBe('path is read-only: /agent/skills/SKILL.md')
      expect(readFileSync(join(roots.skills, 'SKILL.md'), 'utf8')).toBe('how to\n')
      await cleanup()
    },
    MINUTE,
  )

  it(
    'leads nowhere else',
    async () => {
      const { secret, ...roots } = places()
      writeFileSync(secret, 'secret')
      symlinkSync(secret, join(roots.shared, 'link'))
      const { fails, cleanup } = await hostOf(ours, {
        workspace: roots.workspace,
        shared: roots.shared,
      })
      const out = ['../secret.txt', '/etc/passwd', '/workspace/../etc/passwd', secret]
      // No folder of skills was given.
      for (const path of [...out, '/agent/skills/x', '/shared/../x']) {
        expect(await fails('read', { path })).toBe(`path escapes runtime workspace: ${path}`)
        expect(await fails('write', { path, content: 'x' })).toMatch(/^path escapes runtime/)
      }
      expect(await fails('read', { path: '/shared/link' })).toBe('path escapes runtime root: link')
      expect(await fails('read', { path: 'a\0' })).toBe('path contains null byte')
      expect(readFileSync(secret, 'utf8')).toBe('secret')
      await cleanup()
    },
    MINUTE,
  )

  it(
    'says how a command ended in the words of 0.3, and rewrites none',
    async () => {
      const { workspace } = places()
      const { fails, call, cleanup } = await hostOf(ours, { workspace })
      expect(await fails('bash', { command: 'echo x; exit 3' })).toBe(
        'x\n\n\nCommand exited with code 3',
      )
      expect(await fails('bash', { command: 'sleep 60', timeout: 0.3 })).toBe(
        'Command timed out after 0.3 seconds',
      )
      expect(await fails('bash', { command: 'sleep 60' }, AbortSignal.abort())).toBe(
        'Command aborted',
      )
      expect(await call('bash', { command: 'true' })).toBe('(no output)')
      expect(await fails('bash', { command: 'cat /workspace/a' })).toMatch(
        /^commands of this runtime do not see \/workspace;/,
      )
      expect(await call('bash', { command: 'echo x/workspace' })).toBe('x/workspace\n')
      await cleanup()
    },
    MINUTE,
  )

  it('takes variables only where something is made with them', async () => {
    const { workspace, shared } = places()
    const runtime = createRuntime({ root: workspace, name: 'host-bash', logger })
    const env = { A: 'b' }
    for (const provider of [toHeypi03(runtime), toHeypi03({ get: () => runtime })]) {
      const error = await refusal(() => provider({ workspace, env }))
      expect(error.details?.field).toBe('context.env')
    }
    const error = await refusal(() => toHeypi03(runtime)({ workspace: shared }))
    expect(error.details?.field).toBe('context.workspace')
    expect((await toHeypi03(runtime)({ workspace })).tools).toHaveLength(7)
    await runtime.close()
  })
})

describe('a provider of 0.3 as a runtime', () => {
  /** Somebody's own: files by node:fs, commands by just one that it knows. */
  function foreign() {
    const told = { starts: 0, prepared: 0, ends: 0, written: [] as string[] }
    const provider: RuntimeProvider03 = async ({ workspace }) => {
      told.starts++
      const tool = (name: string, run: (input: Record<string, string>) => string): Tool03 => ({
        name,
        label: name,
        description: name,
        parameters: {},
        execute: async (_, input) => ({
          content: [{ type: 'text', text: run(input as Record<string, string>) }],
          details: undefined,
        }),
      })
      return {
        tools: [
          tool('bash', ({ command, timeout }) => {
            if (command === 'wait')
              throw new Error(`x\n\nCommand timed out after ${timeout} seconds`)
            if (command === 'fail') throw new Error('some output\n\nCommand exited with code 7')
            if (command === 'break') throw new Error('the sandbox is gone')
            return `ran ${command}`
          }),
          tool('write', ({ path = '', content = '' }) => {
            told.written.push(path)
            writeFileSync(join(workspace, path.slice('/workspace/'.length)), content)
            return 'written'
          }),
        ],
        prepare: async () => {
          told.prepared++
        },
        cleanup: async () => {
          told.ends++
        },
      }
    }
    return { provider, told }
  }

  it('starts once, at the first operation, and tells of it', async () => {
    const { provider, told } = foreign()
    const { workspace } = places()
    const runtime = fromHeypi03(provider, { workspace })
    expect(told.starts).toBe(0)
    const kinds: string[] = []
    const runtimeEvents = ({ kind }: RuntimeEvent) => {
      kinds.push(kind)
    }
    const calls = [1, 2].map((index) => runtime.bash?.({ command: `c${index}`, runtimeEvents }))
    expect((await Promise.all(calls)).map((result) => result?.out)).toEqual(['ran c1', 'ran c2'])
    await runtime.bash?.({ command: 'c3', runtimeEvents })
    expect([told.starts, told.prepared]).toEqual([1, 1])
    expect(kinds).toEqual(['starting', 'starting', 'start', 'reuse'])
    expect(await runtime.status()).toMatchObject([{ state: 'running', idleMs: false }])
    await runtime.close()
    await runtime.close()
    expect(told.ends).toBe(1)
    expect((await refusal(() => runtime.bash?.({ command: 'x' }))).code).toBe('DISPOSED')
  })

  it('gives the codes of the contract', async () => {
    const { provider, told } = foreign()
    const runtime = fromHeypi03(provider, { workspace: places().workspace })
    expect(await runtime.bash?.({ command: 'x', signal: AbortSignal.abort() })).toMatchObject({
      code: 130,
    })
    expect(told.starts).toBe(0)
    expect(await runtime.bash?.({ command: 'wait', timeoutMs: 500 })).toMatchObject({
      code: 124,
      out: 'x',
      err: 'Command timed out',
    })
    expect(await runtime.bash?.({ command: 'fail' })).toMatchObject({ code: 7, out: 'some output' })
    await expect(runtime.bash?.({ command: 'break' })).rejects.toThrow('the sandbox is gone')
    await runtime.close()
  })

  it('writes through its tools, and only where the workspace is', async () => {
    const { provider, told } = foreign()
    const { workspace, secret } = places()
    const runtime = fromHeypi03(provider, { workspace })
    await runtime.write?.({ path: 'a.txt', content: 'one' })
    await runtime.edit?.({ path: '/a.txt', oldText: 'one', newText: '$&' })
    expect(readFileSync(join(workspace, 'a.txt'), 'utf8')).toBe('$&')
    expect(told.written).toEqual(['/workspace/a.txt', '/workspace/a.txt'])
    const error = await refusal(() => runtime.write?.({ path: '../secret.txt', content: 'x' }))
    expect(error.message).toBe('path escapes runtime root: ../secret.txt')
    expect([told.written.length, existsSync(secret)]).toEqual([2, false])
    expect((await runtime.find?.({}))?.paths).toEqual(['a.txt'])
    await runtime.close()
  })

  it('says why it did not start', async () => {
    const provider: RuntimeProvider03 = async () => {
      throw new Error('no account')
    }
    const runtime = fromHeypi03(provider, { workspace: places().workspace })
    await expect(runtime.bash?.({ command: 'x' })).rejects.toThrow(
      'heypi-0.3 runtime failed to start: no account',
    )
  })

  it(
    'is the same runtime after there and back',
    async () => {
      const { workspace } = places()
      const runtime = fromHeypi03(ours, { workspace })
      await runtime.write?.({ path: 'a.txt', content: 'é漢😀\r\n' })
      expect((await runtime.bash?.({ command: 'cat a.txt' }))?.out).toBe('é漢😀\r\n')
      expect(await runtime.bash?.({ command: 'echo x; exit 9' })).toMatchObject({ code: 9 })
      expect(await runtime.bash?.({ command: 'sleep 60', timeoutMs: 300 })).toMatchObject({
        code: 124,
        err: 'Command timed out',
      })
      await runtime.close()
    },
    MINUTE,
  )
})

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { type BashResult, createRuntime, isRuntimeStartupError, type RuntimeEvent } from 'runlet'
import { type DockerRunner, type DockerRuntimeConfig, dockerRuntime } from 'runlet/docker'
import { until } from '../tool/support'
import { freshFolder, Listener, refusal } from './support'

/** Made of the path of the scope, and of its folder. */
const nameIn = (root: string) =>
  `runlet-${createHash('sha256').update(`app\0${root}`).digest('hex').slice(0, 16)}`

/** An engine that is nothing but a memory of what it was told. */
class Pretended {
  readonly calls: { args: string[]; timeoutMs: number; input?: string | undefined }[] = []
  running = false
  /** What `exec` of a shell gives. */
  answer: Partial<BashResult> | ((args: string[]) => Promise<Partial<BashResult>>) = {}
  /** What `run` fails with. */
  fault = ''
  /** Variables of the last run, as the file had them, and its mode. */
  env: { text: string; mode: number; file: string } | undefined
  /** Whether the container sees the host's files. */
  shared = true
  root = ''

  readonly runner: DockerRunner = async (command, args, { timeoutMs, input }) => {
    expect(command).toBe('docker')
    this.calls.push({ args, timeoutMs, ...(input !== undefined && { input }) })
    const result = { code: 0, out: '', err: '', ms: 1 }
    const [what] = args
    if (what === 'inspect') {
      if (this.running) return { ...result, out: 'true\n' }
      return { ...result, code: 1, err: `Error: No such object: ${args[3]}\n` }
    }
    if (what === 'rm') this.running = false
    if (what === 'run') {
      const at = args.indexOf('--env-file')
      const file = args[at + 1] ?? ''
      if (at > 0) {
        const mode = statSync(file).mode & 0o777
        this.env = { text: readFileSync(file, 'utf8'), mode, file }
      }
      if (this.fault !== '') return { ...result, code: 125, err: this.fault }
      this.running = true
    }
    if (what === 'ps') return { ...result, out: `${nameIn(this.root)}\nother\n` }
    if (what !== 'exec') return result
    if (!this.running) return { ...result, code: 1, err: `Error: No such container: ${args[2]}` }
    if (args[3] !== 'sh') {
      const answer = typeof this.answer === 'function' ? await this.answer(args) : this.answer
      return { ...result, ...answer }
    }
    // Of scripts, only the one that looks for a file is understood.
    const path = join(this.root, (args[7] ?? '').replace(/^\/workspace\//, ''))
    return this.shared && existsSync(path) ? { ...result, out: 'token=yes\n' } : result
  }

  words(): string[] {
    return this.calls.map(({ args }) => args.slice(0, 1).join(' '))
  }
}

function place(config: DockerRuntimeConfig = {}) {
  const engine = new Pretended()
  const root = join(freshFolder(), 'inside')
  engine.root = root
  const provider = dockerRuntime({ runner: engine.runner, user: '1000:1000', ...config })
  const runtime = createRuntime({ root, provider, logger: new Listener() })
  const events: RuntimeEvent[] = []
  const runtimeEvents = (event: RuntimeEvent) => {
    events.push(event)
  }
  const bash = async (command: string, more: object = {}) => {
    const result = await runtime.bash?.({ command, runtimeEvents, ...more })
    return result as BashResult
  }
  const kinds = () => events.map(({ kind }) => kind)
  return { engine, root, provider, runtime, events, kinds, bash, name: nameIn(root) }
}

describe('a runner of somebody else', () => {
  it('is told what it was always told, in the same order', async () => {
    const { engine, root, bash, provider, name } = place({
      env: { TOKEN: 'of nobody else', B: '' },
      labels: { team: 'x' },
      extraRunArgs: ['--hostname', 'box'],
      image: 'some/image:1',
      timeoutMs: 5_000,
    })
    engine.answer = { code: 3, out: 'out', err: 'err' }
    expect(await bash('echo "a b"')).toEqual({ code: 3, out: 'out', err: 'err', ms: 1 })
    const [inspect, remove, run, exec, ...rest] = engine.calls
    expect(rest).toEqual([])
    expect(inspect).toEqual({
      args: ['inspect', '-f', '{{.State.Running}}', name],
      timeoutMs: 10_000,
    })
    expect(remove?.args).toEqual(['rm', '-f', name])
    const started = run?.args ?? []
    expect(started.slice(0, 10)).toEqual([
      ...['run', '-d', '--name', name, '--workdir', '/workspace'],
      ...['-v', `${root}:/workspace:rw`, '--network', 'none'],
    ])
    expect(started.slice(10, 24)).toEqual([
      ...['--label', 'runlet.runtime=docker', '--label', 'runlet.prefix=runlet'],
      ...['--label', 'runlet.scope.key=app', '--label', 'runlet.scope.path=app'],
      ...['--label', 'team=x', '--user', '1000:1000', '--env-file', engine.env?.file],
    ])
    expect(started.slice(-5)).toEqual(['--hostname', 'box', 'some/image:1', 'sleep', 'infinity'])
    expect(exec).toEqual({
      args: ['exec', '-i', name, 'bash', '-lc', 'echo "a b"'],
      timeoutMs: 5_000,
    })
    expect(engine.env?.text).toBe('TOKEN=of nobody else\nB=\n')
    if (process.platform !== 'win32') expect(engine.env?.mode).toBe(0o600)
    expect(existsSync(engine.env?.file ?? '')).toBe(false)
    expect(JSON.stringify(engine.calls)).not.toContain('of nobody else')
    await provider.close?.()
    expect(engine.calls.at(-1)?.args).toEqual(['rm', '-f', name])
  })

  it('has a container that runs adopted', async () => {
    const { engine, bash, provider } = place()
    engine.running = true
    await bash('true')
    expect(engine.words()).toEqual(['inspect', 'exec'])
    await provider.close?.()
  })

  it('starts once for many, reuses, and starts again what is gone', async () => {
    const { engine, bash, kinds, provider, events, name } = place()
    await Promise.all([1, 2, 3].map((n) => bash('true', { chat: `c${n}` })))
    await bash('true')
    expect(engine.words().filter((word) => word === 'run')).toHaveLength(1)
    expect(kinds()).toEqual(['starting', 'starting', 'starting', 'start', 'reuse'])
    engine.running = false
    engine.answer = { out: 'again' }
    expect((await bash('true')).out).toBe('again')
    expect(kinds().slice(5)).toEqual(['reuse', 'exec_failed', 'stop', 'starting', 'start'])
    expect(events[6]).toMatchObject({
      message: `Error: No such container: ${name}`,
      runtime: 'docker',
      id: name,
    })
    await provider.close?.()
  })

  it('is not believed to have lost a container because a command says so', async () => {
    const { engine, bash, kinds, provider } = place()
    const err = 'Error: No such container: x'
    engine.answer = { code: 1, err }
    expect(await bash('x')).toMatchObject({ code: 1, err })
    expect(kinds()).toEqual(['starting', 'start'])
    await provider.close?.()
  })

  it('has what it gave up on swept away, and its container stays', async () => {
    const { engine, bash, provider, name } = place({ timeoutMs: 40 })
    const late = { code: 124, err: 'half\nCommand timed out' }
    engine.answer = () => new Promise((resolve) => setTimeout(() => resolve(late), 60))
    expect(await bash('sleep 9')).toMatchObject({
      code: 124,
      err: 'half\nCommand timed out',
      error: { code: 'TIMEOUT' },
    })
    const last = engine.calls.at(-1)?.args ?? []
    expect(last.slice(0, 5)).toEqual(['exec', '-i', name, 'sh', '-c'])
    expect(last.slice(6)).toEqual(['runlet', '', '', 'all'])
    expect(engine.running).toBe(true)
    const soon = new AbortController()
    engine.answer = async () => {
      soon.abort()
      return { code: 130, err: 'Command cancelled' }
    }
    expect(await bash('sleep 9', { signal: soon.signal })).toMatchObject({
      code: 130,
      err: 'Command cancelled',
      error: { code: 'CANCELLED' },
    })
    // A script's own code is nobody's fault.
    engine.answer = { code: 124 }
    expect((await bash('exit 124')).error).toBeUndefined()
    await provider.close?.()
  })

  it('may fail, and says nothing of the host then', async () => {
    const answers: [() => unknown, RegExp][] = [
      [
        () => {
          throw new Error('ssh: connect /home/me/.ssh/id_rsa: no')
        },
        /: the runner failed: ssh: connect <path>: no$/,
      ],
      [() => Promise.reject('no error'), /: the runner failed: it threw no error$/],
      [() => undefined, /: the runner gave no result: it has to give \{ code, out, err, ms \}$/],
      [() => ({ code: '0', out: '', err: '' }), /: the runner gave no result/],
    ]
    for (const [answer, words] of answers) {
      const provider = dockerRuntime({ runner: answer as unknown as DockerRunner })
      const runtime = createRuntime({ root: freshFolder(), provider, logger: new Listener() })
      const error: unknown = await runtime.bash({ command: 'true' }).catch((thrown) => thrown)
      expect(error).toMatchObject({
        name: 'RuntimeStartupError',
        message: expect.stringMatching(words),
        details: { reason: 'run_failed' },
      })
      await Promise.resolve(provider.close?.()).catch(() => {})
    }
  })

  it('says why a start failed, and nothing of the host', async () => {
    const { engine, bash, kinds, provider, root } = place({ env: { TOKEN: 'of nobody else' } })
    engine.fault = `docker: Error response from daemon: invalid mount ${root}: of nobody else, /var/x.\n`
    const error: unknown = await bash('true').catch((thrown: unknown) => thrown)
    expect(isRuntimeStartupError(error)).toBe(true)
    expect(error).toMatchObject({
      message:
        'docker runtime failed to start: Error response from daemon: invalid mount <path>: <value>, <path>.',
      details: { reason: 'run_failed' },
    })
    expect(kinds()).toEqual(['starting', 'start_failed'])
    engine.fault = ''
    expect((await bash('true')).code).toBe(0)
    await provider.close?.()
  })

  it('removes all containers of its label, when it is told to clean up', async () => {
    const { engine, provider, name } = place()
    await provider.cleanup?.()
    expect(engine.calls.map(({ args }) => args)).toEqual([
      [
        ...['ps', '-a', '--filter', 'label=runlet.runtime=docker'],
        ...['--filter', 'label=runlet.prefix=runlet', '--format', '{{.Names}}'],
      ],
      ['rm', '-f', name, 'other'],
    ])
  })
})

describe('files', () => {
  it('are worked on by the host where the container sees them, and wake nothing then', async () => {
    const { engine, runtime, root, provider } = place({ user: false })
    await runtime.write?.({ path: 'a/b', content: 'text\n' })
    expect(readFileSync(join(root, 'a', 'b'), 'utf8')).toBe('text\n')
    expect(engine.words()).toEqual(['inspect', 'rm', 'run', 'exec'])
    await runtime.stop()
    const before = engine.calls.length
    expect((await runtime.read?.({ path: '/workspace/a/b' }))?.text).toBe('text\n')
    expect((await runtime.read?.({ path: '/a/b' }))?.text).toBe('text\n')
    expect((await runtime.ls?.({ path: '/workspace' }))?.entries).toMatchObject([{ name: 'a' }])
    expect((await runtime.find?.({}))?.paths).toEqual(['a', 'a/b'])
    const outside = await refusal(() => runtime.read?.({ path: '/workspace/../b' }))
    expect(outside.message).toBe('path escapes runtime root: /workspace/../b')
    const missing = await refusal(() => runtime.read?.({ path: '/workspace/none' }))
    expect(missing.message).toBe('path does not exist: /workspace/none')
    expect(engine.calls.length).toBe(before)
    expect(existsSync(join(root, '.runlet'))).toBe(false)
    await provider.close?.()
    expect((await refusal(() => runtime.read?.({ path: 'a/b' }))).code).toBe('DISPOSED')
  })

  it('are fetched from inside where it does not', async () => {
    const { engine, runtime, root, provider } = place()
    engine.shared = false
    mkdirSync(root, { recursive: true })
    writeFileSync(join(root, 'here'), 'of the host')
    const scripts = () => engine.calls.filter(({ args }) => args[3] === 'sh')
    // This engine understands no script: what is not there cannot be read.
    await refusal(() => runtime.read?.({ path: 'here' }))
    const last = scripts().at(-1)?.args ?? []
    expect(last.slice(6, 10)).toEqual(['runlet', '/workspace', 'here', 'content'])
    await provider.close?.()
  })

  it('of a provider that says who works on them are not looked for', async () => {
    const { engine, runtime, provider } = place({ files: 'host' })
    await runtime.write?.({ path: 'a', content: '' })
    expect(engine.calls).toEqual([])
    await provider.close?.()
  })
})

describe('a provider of containers', () => {
  it('has one folder for a scope: a second root is refused, not given the files of the first', async () => {
    const { provider, runtime } = place({ user: false })
    await runtime.write?.({ path: 'secret', content: 'of the first' })
    const error = await refusal(() => createRuntime({ root: freshFolder(), provider }))
    expect([error.code, error.message]).toEqual([
      'INVALID_ARGUMENT',
      'the scope app of this provider is in another folder: each root needs a provider of its own',
    ])
    await provider.close?.()
  })

  it('looks at nothing before the first operation', async () => {
    const { engine, provider, runtime } = place()
    const [status] = await runtime.status()
    expect(status).toMatchObject({ name: 'docker', state: 'stopped', idleMs: 600_000 })
    expect(status?.enforced).toContain('memory')
    expect(engine.calls).toEqual([])
    await provider.close?.()
    expect(engine.calls).toEqual([])
  })

  it('ends a container that nobody uses, never one in use', async () => {
    const { engine, bash, kinds, provider, name } = place({ idleMs: 40 })
    engine.answer = () => new Promise((resolve) => setTimeout(() => resolve({ out: 'late' }), 150))
    expect((await bash('slow')).out).toBe('late')
    expect(kinds()).toEqual(['starting', 'start'])
    await until('an idle stop', () => kinds().includes('idle_stop'))
    expect(engine.calls.at(-1)?.args).toEqual(['rm', '-f', name])
    await provider.close?.()
  })

  it.each([false, 0, -5] as const)('never does with idleMs %p', async (idleMs) => {
    const { bash, runtime, provider, name } = place({ idleMs })
    await bash('true')
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(await runtime.status()).toMatchObject([{ state: 'running', idleMs: false, id: name }])
    await provider.close?.()
  })

  it('stops, restarts and knows no other scope', async () => {
    const { engine, bash, provider, runtime, kinds } = place()
    await bash('true')
    await runtime.stop()
    await runtime.restart()
    expect(kinds()).toEqual(['starting', 'start', 'stop'])
    expect(engine.running).toBe(true)
    const other = { key: 'x', path: 'x', root: '/nowhere' }
    for (const work of [provider.stop, provider.restart]) {
      const error = await refusal(() => work?.(other))
      expect(error.message).toBe('unknown Docker runtime scope: x')
    }
    await provider.close?.()
    expect(engine.running).toBe(false)
    expect((await refusal(() => provider.get(other))).code).toBe('DISPOSED')
  })

  it('refuses wrong commands before it starts anything', async () => {
    const { engine, bash, provider } = place()
    for (const more of [{ command: 7 }, { command: 'a\0b' }, { timeoutMs: 0 }, { signal: 7 }]) {
      expect((await refusal(() => bash('true', more))).code).toBe('INVALID_ARGUMENT')
    }
    const aborted = await bash('true', { signal: AbortSignal.abort() })
    expect(aborted).toMatchObject({ code: 130, error: { code: 'CANCELLED' } })
    expect(engine.calls).toEqual([])
    await provider.close?.()
  })
})

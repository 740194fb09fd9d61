import { appendFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { createRuntime, dockerRuntime, gondolinRuntime } from 'runlet/heypi'
import { Fakes, isSweep, scopeOf } from '../gondolin-support'
import { freshFolder, Listener, refusal } from '../support'

// ---- As programs for the older contract are: a runner of the client, and a factory of machines. ----

const NAME = 'heypi-a172cedcae47474b'

interface Answer {
  code: number
  out: string
  err: string
  ms: number
}

/** A runner that was written for it. The container does not see the host's files. */
class OlderRunner {
  readonly argv: string[][] = []
  running = false

  readonly run = async (
    _command: string,
    args: string[],
    _options: { timeoutMs: number; signal?: unknown; input?: string },
  ): Promise<Answer> => {
    this.argv.push(args)
    const [what] = args
    if (what === 'run') this.running = true
    if (what === 'rm') this.running = false
    if (what === 'inspect') {
      const missing = { code: 1, out: '', err: 'Error: No such object\n', ms: 1 }
      return this.running ? { code: 0, out: 'true\n', err: '', ms: 1 } : missing
    }
    if (what === 'ps') return { code: 0, out: `${NAME}\n`, err: '', ms: 1 }
    return { code: 0, out: what === 'exec' && args[3] === 'bash' ? 'ran\n' : '', err: '', ms: 1 }
  }
}

describe('a runner of the client', () => {
  it('is told what the older provider told it', async () => {
    const runner = new OlderRunner()
    const root = freshFolder()
    const provider = dockerRuntime({ image: 'own/image:2', env: { A: 'b' }, runner: runner.run })
    const runtime = createRuntime({ root, provider, logger: new Listener() })
    expect(await runtime.bash?.({ command: 'echo "a b"' })).toEqual({
      code: 0,
      out: 'ran\n',
      err: '',
      ms: 1,
    })
    const [inspect, remove, run, exec] = runner.argv
    expect(inspect).toEqual(['inspect', '-f', '{{.State.Running}}', NAME])
    expect(remove).toEqual(['rm', '-f', NAME])
    expect(run?.slice(0, 18)).toEqual([
      ...['run', '-d', '--name', NAME, '--workdir', '/workspace'],
      ...['-v', `${root}:/workspace:rw`, '--network', 'none'],
      ...['--label', 'heypi.runtime=docker', '--label', 'heypi.prefix=heypi'],
      ...['--label', 'heypi.scope.key=app', '--label', 'heypi.scope.path=app'],
    ])
    expect(run?.[18]).toBe('--env-file')
    expect(run?.slice(-3)).toEqual(['own/image:2', 'sleep', 'infinity'])
    expect(exec).toEqual(['exec', '-i', NAME, 'bash', '-lc', 'echo "a b"'])
    await provider.cleanup?.()
    const filters = [
      '--filter',
      'label=heypi.runtime=docker',
      '--filter',
      'label=heypi.prefix=heypi',
    ]
    expect(runner.argv.at(-2)).toEqual(['ps', '-a', ...filters, '--format', '{{.Names}}'])
    await runtime.close()
  })

  it('starts images that count on being root, and confines them in all other ways', async () => {
    const runner = new OlderRunner()
    const provider = dockerRuntime({ runner: runner.run })
    await provider.get(scopeOf('app')).bash?.({ command: 'true' })
    const run = runner.argv.find(([what]) => what === 'run') ?? []
    expect(run.filter((word) => ['--user', '--read-only'].includes(word))).toEqual([])
    const kept = ['--init', '--memory', '--pids-limit', '--cap-drop', '--security-opt', '--cpus']
    expect(kept.filter((word) => !run.includes(word))).toEqual([])
    await provider.close?.()
    const own = new OlderRunner()
    const asked = dockerRuntime({ runner: own.run, user: '7:7', prefix: 'bot', readOnlyRoot: true })
    await asked.get(scopeOf('app')).bash?.({ command: 'true' })
    const words = own.argv.find(([what]) => what === 'run')?.join(' ')
    expect(words).toMatch(
      /--name bot-a172cedcae47474b .*heypi\.prefix=bot .*--user 7:7 .*--read-only/,
    )
    await asked.close?.()
  })

  it('has files worked on by scripts of the older name', async () => {
    const runner = new OlderRunner()
    const provider = dockerRuntime({ runner: runner.run, files: 'guest' })
    await refusal(() => provider.get(scopeOf('app')).read?.({ path: 'a b' }))
    const script = runner.argv.at(-1) ?? []
    expect(script.slice(0, 5)).toEqual(['exec', '-i', NAME, 'sh', '-c'])
    expect(script[6]).toBe('heypi')
    expect(script).toContain('a b')
    await provider.close?.()
  })
})

describe('the strict bounds of containers and machines', () => {
  const small = { maxFileBytes: 100 }

  it.each([
    [
      'docker',
      () => dockerRuntime({ runner: new OlderRunner().run, files: 'host', limits: small }),
    ],
    ['gondolin', () => gondolinRuntime({ factory: new Fakes().factory, limits: small })],
  ])('fail a search at a file that is too large: %s', async (_, make) => {
    const provider = make()
    const runtime = provider.get(scopeOf('app'))
    await runtime.write?.({ path: 'large', content: 'x'.repeat(90) })
    await runtime.bash?.({ command: 'true' })
    appendFileSync(`${runtime.root}/large`, 'y'.repeat(110))
    const error = await refusal(() => runtime.grep?.({ query: 'x' }))
    expect(error.message).toBe('large exceeds limit: 200 > 100')
    await provider.close?.()
  })

  it('end a command of a machine that prints more than 262,144 bytes', async () => {
    const fakes = new Fakes()
    fakes.answer = async (command, { stdout, signal }) => {
      if (isSweep(command)) return { stdout: 'left 0\n' }
      while (signal?.aborted === false) {
        stdout?.write('x'.repeat(10_000))
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
      return {}
    }
    const provider = gondolinRuntime({ factory: fakes.factory })
    const { code, err } = (await provider.get(scopeOf()).bash?.({ command: 'yes' })) ?? {}
    expect([code, err]).toEqual([125, 'Command output exceeded 262144 characters'])
    await provider.close?.()
  })

  it('take any timeout of a call', async () => {
    const provider = gondolinRuntime({ factory: new Fakes().factory })
    const call = { command: 'true', timeoutMs: 5_000_000 }
    expect((await provider.get(scopeOf()).bash?.(call))?.code).toBe(0)
    await provider.close?.()
  })
})

describe('a factory of machines', () => {
  it('is told the older label, and has the network closed', async () => {
    const fakes = new Fakes()
    const provider = gondolinRuntime({ factory: fakes.factory, env: { A: 'b' } })
    expect((await provider.get(scopeOf('user/k')).bash?.({ command: 'echo ok' }))?.out).toBe('ok\n')
    expect(fakes.options).toMatchObject([{ sessionLabel: 'heypi user/k', env: { A: 'b' } }])
    expect(fakes.options[0]?.httpHooks).toBeDefined()
    expect(fakes.texts).toEqual(['echo ok'])
    await provider.close?.()
  })
})

describe('options', () => {
  it('that are none are refused by name', async () => {
    const wrong = [
      [() => dockerRuntime({ imagee: 'x' } as object), /unknown option of dockerRuntime/],
      [() => dockerRuntime('x' as unknown as object), /must be an object/],
      [() => dockerRuntime({ labels: { 'heypi.scope.path': 'x' } }), /labels\.heypi\.scope\.path/],
      [() => dockerRuntime({ limits: 5 } as object), /limits/],
      [() => gondolinRuntime({ imagee: 'x' } as object), /unknown option of gondolinRuntime/],
      [() => gondolinRuntime({ timeoutMs: 10, maxTimeoutMs: 5 }), /timeoutMs is 10/],
    ] as const
    for (const [work, words] of wrong) {
      const error = await refusal(work)
      expect([error.code, error.message]).toEqual([
        'INVALID_ARGUMENT',
        expect.stringMatching(words),
      ])
    }
    expect(dockerRuntime({ labels: { 'heypi.agent': 'x' } })).toBeDefined()
    expect(dockerRuntime({ user: undefined, limits: undefined })).toBeDefined()
  })
})

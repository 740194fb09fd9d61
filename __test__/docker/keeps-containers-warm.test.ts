import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { isRuntimeStartupError, ScopedRuntimeRegistry } from 'runlet'
import { dockerRuntime } from 'runlet/docker'
import { root as packageRoot } from '../package/repository'
import { until } from '../tool/support'
import { Listener } from '../workspace/support'
import {
  CLIENT,
  describeEngine,
  ENGINE,
  eventually,
  IMAGE,
  inContainer,
  PATIENCE_MS,
  plain,
  scopeAt,
} from './support'

const running = (name: string) =>
  plain('inspect', '-f', '{{.State.Running}}', name).out.trim() === 'true'

describeEngine('a container', () => {
  it('is started at the first command, once, and reused', async () => {
    await inContainer({}, async ({ runtime, bash, events, provider }) => {
      expect(await provider.status?.()).toMatchObject([{ state: 'stopped', idleMs: 600_000 }])
      const calls = [1, 2, 3].map((n) => bash(`echo ${n}`, { chat: `c${n}` }))
      expect((await Promise.all(calls)).map(({ out }) => out)).toEqual(['1\n', '2\n', '3\n'])
      await bash('true')
      const kinds = events.map(({ kind }) => kind)
      expect(kinds).toEqual(['starting', 'starting', 'starting', 'start', 'reuse'])
      const [status] = await runtime.status()
      expect(status).toMatchObject({ state: 'running', id: events[3]?.id })
    })
  })

  it(
    'is ended when nobody used it for a while, and started anew',
    async () => {
      await inContainer({ idleMs: 300 }, async ({ bash, events, name }) => {
        await bash('sleep 1')
        const id = await name()
        expect(running(id)).toBe(true)
        await until('an idle stop', () => events.some(({ kind }) => kind === 'idle_stop'))
        expect(plain('inspect', id).code).not.toBe(0)
        expect((await bash('echo again')).out).toBe('again\n')
        expect(events.map(({ kind }) => kind)).toEqual([
          'starting',
          'start',
          'idle_stop',
          'starting',
          'start',
        ])
      })
    },
    PATIENCE_MS,
  )

  it(
    'can be stopped and restarted, by its scope',
    async () => {
      await inContainer({}, async ({ bash, runtime, name, provider, folder }) => {
        await bash('true')
        const id = await name()
        const slow = bash('sleep 100')
        await new Promise((resolve) => setTimeout(resolve, 500))
        await runtime.stop()
        expect(await slow).toMatchObject({ code: 130, error: { code: 'CANCELLED' } })
        expect(plain('inspect', id).code).not.toBe(0)
        await runtime.restart()
        expect(running(id)).toBe(true)
        await expect(provider.stop?.(scopeAt(folder, 'other'))).rejects.toThrow(
          'unknown Docker runtime scope: other',
        )
      })
    },
    PATIENCE_MS,
  )

  it(
    'that is gone is started anew, and the command runs',
    async () => {
      await inContainer({}, async ({ bash, events, name }) => {
        await bash('true')
        plain('rm', '-f', await name())
        expect(await bash('echo here')).toMatchObject({ code: 0, out: 'here\n' })
        const kinds = events.map(({ kind }) => kind)
        expect(kinds).toEqual([
          ...['starting', 'start', 'reuse', 'exec_failed', 'stop'],
          ...['starting', 'start'],
        ])
        expect(events[3]?.message).toMatch(/no such container|no container with name/i)
      })
    },
    PATIENCE_MS,
  )

  it(
    'that goes during a command loses it, once',
    async () => {
      await inContainer({}, async ({ bash, name, runtime }) => {
        const lost = bash('echo a >> times; sleep 100')
        await eventually('a container', async () => (await runtime.status())[0]?.id !== undefined)
        await eventually('a file', async () => {
          const { out } = await bash('cat times', { chat: 'b' })
          return out.includes('a')
        })
        plain('kill', await name())
        expect(await lost).toMatchObject({ code: 137, error: { code: 'WORKER_LOST' } })
        expect((await bash('cat times')).out).toBe('a\n')
      })
    },
    PATIENCE_MS,
  )

  it('tells a command that exits with 125 or says such things from an engine that does', async () => {
    await inContainer({}, async ({ bash, events }) => {
      for (const code of [1, 124, 125, 126, 127, 137]) {
        const words = 'Error response from daemon: No such container: x'
        const result = await bash(`echo '${words}' >&2; exit ${code}`)
        expect(result).toMatchObject({ code, err: `${words}\n` })
        expect(result.error).toBeUndefined()
      }
      expect(events.map(({ kind }) => kind)).not.toContain('exec_failed')
    })
  })

  it(
    'of the same options is adopted from a process that is there; no other is',
    async () => {
      const prefix = `runlet-test-adopted-${process.pid}`
      await inContainer({ prefix }, async ({ bash, folder, root, name }) => {
        await bash('echo kept > /tmp/kept')
        const id = plain('inspect', '-f', '{{.Id}}', await name()).out
        const base = { image: IMAGE, docker: CLIENT, pull: 'never' as const, prefix }
        const scope = { key: 'app', path: 'app', root }
        const again = dockerRuntime(base)
        const result = await again.get(scope).bash?.({ command: 'cat /tmp/kept' })
        expect(result?.out).toBe('kept\n')
        expect(plain('inspect', '-f', '{{.Id}}', await name()).out).toBe(id)
        // As an attacker, or a careless operator, would have it.
        const weaker = dockerRuntime({ ...base, readOnlyRoot: false })
        await weaker.get(scope).bash?.({ command: 'true' })
        expect(plain('inspect', '-f', '{{.Id}}', await name()).out).not.toBe(id)
        expect(existsSync(folder)).toBe(true)
        await again.close?.()
        await weaker.close?.()
      })
    },
    PATIENCE_MS,
  )

  it('is one for each folder, also where prefix and scope are the same', async () => {
    const prefix = `runlet-test-same-${process.pid}`
    await inContainer({ prefix }, async (one) => {
      await inContainer({ prefix }, async (other) => {
        const slow = one.bash('sleep 2; cat /tmp/own')
        await one.bash('echo one > /tmp/own', { chat: 'b' })
        await other.bash('echo other > /tmp/own')
        expect((await other.bash('cat /tmp/own')).out).toBe('other\n')
        expect(await slow).toMatchObject({ code: 0, out: 'one\n' })
        expect(await one.name()).not.toBe(await other.name())
      })
    })
  })

  it('exists once for each of 12 scopes at once', async () => {
    const prefix = `runlet-test-many-${process.pid}`
    const folder = mkdtempSync(join(tmpdir(), 'runlet-many-'))
    const provider = dockerRuntime({ image: IMAGE, docker: CLIENT, pull: 'never', prefix })
    const registry = new ScopedRuntimeRegistry(
      { root: folder, provider, logger: new Listener() },
      { app: __dirname },
    )
    try {
      const scopes = Array.from({ length: 12 }, (_, at) => `channel/a/s/T/C${at}`)
      const results = await Promise.all(
        scopes.map(async (path) => {
          const runtime = registry.getPath(path)
          await runtime.bash?.({ command: `echo ${path} > own; ls` })
          return (await runtime.bash?.({ command: 'cat own; ls' }))?.out
        }),
      )
      expect(results).toEqual(scopes.map((path) => `${path}\nown\n`))
      const filter = ['--filter', `label=runlet.prefix=${prefix}`]
      const names = plain('ps', ...filter, '--format', '{{.Names}}')
        .out.trim()
        .split('\n')
      expect(new Set(names).size).toBe(12)
      await registry.close()
      expect(plain('ps', '-a', ...filter, '--format', '{{.Names}}').out).toBe('')
    } finally {
      await provider.cleanup?.()
      await provider.close?.()
      rmSync(folder, { recursive: true, force: true })
    }
  }, 180_000)
})

describeEngine('a start that fails', () => {
  it(
    'says why in the words of the engine, without paths of the host',
    async () => {
      const faults = [
        { config: { image: 'runlet-test:nowhere' }, reason: 'image_missing', says: /image/i },
        { config: { docker: '/nowhere/docker' }, reason: 'engine_missing', says: /not found/ },
        {
          config: { extraRunArgs: ['--entrypoint', '/bin/echo'] },
          reason: 'entrypoint',
          says: /ENTRYPOINT/,
        },
        {
          config: { extraRunArgs: ['--device', '/dev/nothing-of-that-name'] },
          reason: 'run_failed',
          says: /<path>/,
        },
      ]
      for (const { config, reason, says } of faults) {
        await inContainer(config, async ({ bash, events, provider }) => {
          const error: unknown = await bash('true').catch((thrown: unknown) => thrown)
          expect([reason, isRuntimeStartupError(error)]).toEqual([reason, true])
          const { message, details } = error as Error & { details: object }
          expect([reason, details]).toEqual([reason, { reason }])
          expect(message).toMatch(/^docker runtime failed to start: /)
          expect(message).toMatch(says)
          expect(message).not.toMatch(/\/(?:tmp|dev|var|usr|nowhere)/)
          expect(events.map(({ kind }) => kind)).toEqual(['starting', 'start_failed'])
          expect(events[1]?.message).toBe(message)
          if (reason === 'engine_missing') provider.cleanup = async () => {}
        })
      }
    },
    PATIENCE_MS,
  )
})

/** Runs a script of its own that uses the package, by its path. */
function script(folder: string, text: string) {
  const file = join(folder, 'host.cjs')
  writeFileSync(file, text)
  return spawn(process.execPath.includes('bun') ? 'node' : process.execPath, [file], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_PATH: packageRoot },
  })
}

describeEngine('containers of a process that was killed', () => {
  it(
    'are removed by the next start, and those of the living are not',
    async () => {
      const prefix = `runlet-test-orphans-${process.pid}`
      const folder = mkdtempSync(join(tmpdir(), 'runlet-orphans-'))
      const config = JSON.stringify({ image: IMAGE, docker: CLIENT, pull: 'never', prefix })
      const host = script(
        folder,
        `const { dockerRuntime } = require(${JSON.stringify(join(packageRoot, 'dist/docker.js'))})
       const provider = dockerRuntime(${config})
       const scopes = ['a', 'b'].map((path) => ({ key: path, path, root: ${JSON.stringify(folder)} + '/' + path }))
       Promise.all(scopes.map((scope) => provider.get(scope).bash({ command: 'true' })))
         .then((all) => { console.log(all.map(({ code }) => code).join()); setInterval(() => {}, 1000) })`,
      )
      const names = () =>
        plain('ps', '--filter', `label=runlet.prefix=${prefix}`, '--format', '{{.Names}}').out
      try {
        const [told] = (await once(host.stdout, 'data')) as [Buffer]
        expect(told.toString()).toBe('0,0\n')
        expect(names().trim().split('\n')).toHaveLength(2)
        await inContainer({ prefix: `${prefix}` }, async ({ bash }) => {
          await bash('true')
          // Its process is there: nobody's containers are touched.
          expect(names().trim().split('\n')).toHaveLength(3)
        })
        expect(names().trim().split('\n')).toHaveLength(2)
        host.kill('SIGKILL')
        await once(host, 'exit')
        expect(names().trim().split('\n')).toHaveLength(2)
        await inContainer({ prefix }, async ({ bash, logger, name }) => {
          await bash('true')
          expect(names().trim()).toBe(await name())
          expect(logger.said).toContainEqual({
            level: 'info',
            event: 'runtime.orphans_removed',
            fields: { count: 2 },
          })
        })
      } finally {
        host.kill('SIGKILL')
        const left = names().trim().split('\n').filter(Boolean)
        if (left.length > 0) plain('rm', '-f', ...left)
        rmSync(folder, { recursive: true, force: true })
      }
    },
    PATIENCE_MS,
  )
})

describeEngine('an engine that is killed', () => {
  const own = ENGINE === 'docker' && process.platform === 'linux' && process.getuid?.() === 0
  const test = own && spawnSync('dockerd', ['--version']).status === 0 ? it : it.skip
  test('is said to be gone, and once it is back the next command starts anew', async () => {
    const file = join(__dirname, 'engine-killed.mjs')
    const host = spawnSync('node', [file], { encoding: 'utf8', timeout: 120_000 })
    expect(host.stderr).toBe('')
    expect(JSON.parse(host.stdout)).toEqual({
      before: 'before\n',
      gone: ['RuntimeStartupError', 'engine_unreachable'],
      saysPath: false,
      kinds: ['starting', 'start', 'reuse', 'exec_failed', 'stop', 'starting', 'start_failed'],
      after: 'kept\n',
    })
  }, 120_000)
})

describeEngine('variables', () => {
  it('reach commands, and never an argument of the client nor a list of processes', async () => {
    const secret = `secret-${process.pid}-${Math.random()}`
    const folder = mkdtempSync(join(tmpdir(), 'runlet-client-'))
    const log = join(folder, 'log')
    const docker = join(folder, 'client')
    const note = `for a in "$@"; do printf '%s\\n' "$a"; done >> ${log}; ps -eo args >> ${log}`
    const again = `"${CLIENT === 'docker' ? 'docker' : CLIENT}" "$@"`
    writeFileSync(docker, `#!/bin/sh\n${note}\n${again}\ncode=$?\n${note}\nexit $code\n`, {
      mode: 0o755,
    })
    try {
      const env = { TOKEN: secret, EMPTY: '', ODD: ' a "b" $c #d ' }
      await inContainer({ env, docker }, async ({ bash }) => {
        const { out } = await bash(`printf '%s|' "$TOKEN" "$EMPTY" "$ODD" "$HOME"`)
        expect(out).toBe(`${secret}|| a "b" $c #d |/workspace|`)
      })
      const seen = readFileSync(log, 'utf8')
      expect(seen).toContain('--env-file')
      expect(seen).not.toContain(secret)
      const [file = ''] = seen.match(/(?<=--env-file\n).*/) ?? []
      expect([file.length > 0, existsSync(file)]).toEqual([true, false])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

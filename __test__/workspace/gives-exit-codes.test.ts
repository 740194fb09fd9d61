import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { createRuntime, type RuntimeEvent } from 'runlet'
import { root as packageRoot } from '../package/repository'
import { freshFolder, inWorkspace, Listener, refusal } from './support'

const KEYS = ['code', 'err', 'ms', 'out']

describe('a command that ends by itself', () => {
  it.each([0, 1, 2, 77, 123, 124, 125, 126, 127, 130, 137, 255])(
    'has its own exit code %d, and nothing else to say',
    async (code) => {
      await inWorkspace({ name: 'host-bash' }, async ({ runtime }) => {
        const result = await runtime.bash({ command: `echo out; echo err >&2; exit ${code}` })
        expect(result).toMatchObject({ code, out: 'out\n', err: 'err\n' })
        expect(Object.keys(result).sort()).toEqual(KEYS)
      })
    },
  )

  it('has 128 and the number of the signal that ended it', async () => {
    await inWorkspace({ name: 'host-bash' }, async ({ runtime }) => {
      for (const [signal, code] of [
        ['TERM', 143],
        ['SEGV', 139],
        ['KILL', 137],
      ] as const) {
        const result = await runtime.bash({ command: `kill -${signal} $$` })
        expect(result.code).toBe(code)
        expect(result.error).toBeUndefined()
      }
    })
  })

  it('may not be found, or be no program, as the shell says it', async () => {
    await inWorkspace({ name: 'host-bash' }, async ({ runtime }) => {
      const unknown = await runtime.bash({ command: 'no-such-program' })
      expect(unknown.code).toBe(127)
      expect(unknown.error).toBeUndefined()
      expect((await runtime.bash({ command: 'mkdir d; ./d' })).code).toBe(126)
      expect((await runtime.bash({ command: 'if' })).code).toBe(2)
    })
  })
})

describe('a command whose time is over', () => {
  it('is 124, with what it printed until then', async () => {
    await inWorkspace({ name: 'host-bash' }, async ({ runtime }) => {
      const { code, out, err, error } = await runtime.bash({
        command: 'echo before; printf part >&2; sleep 600',
        timeoutMs: 2_000,
      })
      expect({ code, out, err }).toEqual({
        code: 124,
        out: 'before\n',
        err: 'part\nCommand timed out',
      })
      expect(error?.code).toBe('TIMEOUT')
    })
  })

  it('is given no more than maxTimeoutMs', async () => {
    await inWorkspace({ name: 'host-bash', timeoutMs: 200, maxTimeoutMs: 300 }, async (place) => {
      const { code, ms } = await place.runtime.bash({ command: 'sleep 600', timeoutMs: 500_000 })
      expect(code).toBe(124)
      expect(ms).toBeLessThan(10_000)
    })
  })
})

describe('a command that is aborted', () => {
  it('is 130', async () => {
    await inWorkspace({ name: 'host-bash' }, async ({ runtime }) => {
      const abort = new AbortController()
      const onOutput = () => abort.abort()
      const command = 'echo started; sleep 600'
      const { signal } = abort
      const { code, out, err, error } = await runtime.bash({ command, signal, onOutput })
      expect({ code, out, err }).toEqual({ code: 130, out: 'started\n', err: 'Command cancelled' })
      expect(error?.code).toBe('CANCELLED')
    })
  })

  it('runs nothing if it was aborted before', async () => {
    await inWorkspace({ name: 'host-bash' }, async ({ runtime, has }) => {
      const signal = AbortSignal.abort()
      const result = await runtime.bash({ command: 'touch ran', signal })
      expect(result).toMatchObject({ code: 130, out: '', err: 'Command cancelled', ms: 0 })
      expect((await runtime.bash({ command: 'true' })).code).toBe(0)
      expect(has('ran')).toBe(false)
    })
  })

  it('is 130 as well when the runtime is stopped, which then starts anew', async () => {
    await inWorkspace({ name: 'host-bash' }, async ({ runtime }) => {
      let started: (() => void) | undefined
      const running = new Promise<void>((resolve) => {
        started = resolve
      })
      const pending = runtime.bash({ command: 'echo; sleep 600', onOutput: () => started?.() })
      await running
      await runtime.stop()
      expect((await pending).code).toBe(130)
      expect((await runtime.bash({ command: 'echo again' })).out).toBe('again\n')
    })
  })
})

describe('a command that prints too much', () => {
  it('is 125 where output kills', async () => {
    await inWorkspace({ name: 'host-bash', onOutputLimit: 'kill' }, async ({ runtime }) => {
      const { code, err, error } = await runtime.bash({ command: 'yes' })
      expect(code).toBe(125)
      expect(err).toBe('Command output exceeded 262144 characters')
      expect(error?.code).toBe('OUTPUT_LIMIT')
    })
  })
})

describe('a command that has nowhere to run', () => {
  it('is 127, says so to handlers, and names no path of the host', async () => {
    const folder = freshFolder()
    writeFileSync(join(folder, 'file'), '')
    const root = join(folder, 'file/below')
    const runtime = createRuntime({ root, name: 'host-bash', logger: new Listener() })
    const kinds: string[] = []
    const runtimeEvents = ({ kind }: RuntimeEvent) => {
      kinds.push(kind)
    }
    const { code, err, error } = await runtime.bash({ command: 'true', runtimeEvents })
    expect([code, error?.code, kinds]).toEqual([127, 'RUNTIME_NOT_FOUND', ['exec_failed']])
    expect(err).toBe('bash could not be started: there is no folder to run it in')
    await runtime.close()
    rmSync(folder, { recursive: true })
  })
})

describe('what no shell is asked', () => {
  it('is an error of the caller', async () => {
    await inWorkspace({ name: 'host-bash' }, async ({ runtime }) => {
      for (const [input, field] of [
        [{ command: 7 }, 'command'],
        [{ command: 'a\0b' }, 'command'],
        [{ command: 'a\ud800' }, 'command'],
        [{ command: 'x'.repeat(1024 * 1024 + 1) }, 'command'],
        [{ command: 'true', timeoutMs: 0 }, 'timeoutMs'],
        [{ command: 'true', timeoutMs: Number.NaN }, 'timeoutMs'],
        [{ command: 'true', signal: {} }, 'signal'],
        [{ command: 'true', onOutput: 'x' }, 'onOutput'],
        [{ command: 'true', chat: 7 }, 'chat'],
        [7, 'input'],
      ] as const) {
        const error = await refusal(() => runtime.bash(input as never))
        expect([error.code, error.details?.field]).toEqual(['INVALID_ARGUMENT', field])
      }
    })
  })

  it('is a text of a mebibyte, which the kernel would not take as one argument', async () => {
    await inWorkspace({ name: 'host-bash' }, async ({ runtime }) => {
      // Characters of three bytes, so that parts end within one unless they are cut with care.
      const filler = '€'.repeat(333_000)
      const command = `text='${filler}'; echo "\${#text}" "$#" "$0"; exit 5`
      const { code, out, err } = await runtime.bash({ command })
      expect({ code, out, err }).toEqual({ code: 5, out: '333000 0 bash\n', err: '' })
    })
  })

  it('is DISPOSED after the end', async () => {
    await inWorkspace({ name: 'host-bash' }, async ({ runtime }) => {
      await runtime.close()
      await runtime.close()
      expect((await refusal(() => runtime.bash({ command: 'true' }))).code).toBe('DISPOSED')
      expect((await refusal(() => runtime.ls({}))).code).toBe('DISPOSED')
    })
  })
})

describe('the table', () => {
  const { ended } = require(`${join(packageRoot, 'dist/workspace/exit-codes.js')}`) as {
    ended: (ending: object, printed?: object) => { code: number; err: string; error: object }
  }

  it.each([
    [{ why: 'timeout' }, 124, 'TIMEOUT', 'Command timed out'],
    [{ why: 'output', limit: 9 }, 125, 'OUTPUT_LIMIT', 'Command output exceeded 9 characters'],
    [{ why: 'blocked', reason: 'r' }, 126, 'POLICY_VIOLATION', 'Command blocked: r'],
    [{ why: 'not-approved', reason: 'r' }, 126, 'POLICY_VIOLATION', 'Command not approved: r'],
    [{ why: 'not-started', reason: 'r' }, 127, 'RUNTIME_NOT_FOUND', 'r'],
    [{ why: 'cancelled' }, 130, 'CANCELLED', 'Command cancelled'],
    [{ why: 'memory' }, 137, 'MEMORY_LIMIT', 'Command exceeded its memory limit'],
  ])('has %j as %d %s', (ending, code, error, text) => {
    const result = ended(ending)
    expect([result.code, result.err]).toEqual([code, text])
    expect(result.error).toMatchObject({ code: error })
    expect(ended(ending, { err: 'said' }).err).toBe(`said\n${text}`)
    expect(ended(ending, { err: 'said\n' }).err).toBe(`said\n${text}`)
  })
})

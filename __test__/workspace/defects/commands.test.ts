import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { Bash } from 'just-bash'
import { allGone, processesOf } from '../../tool/attack/arena'
import { olderBash, olderVirtualBash } from '../fixtures/older/shell'
import { freshFolder, HOST_RUNTIMES, inWorkspace, RUNTIMES } from '../support'

/** The engine of virtual shells, by itself. */
const engine = () => new Bash({ defenseInDepth: false })

/** What is left in a folder, which is ended then. */
async function leftIn(folder: string): Promise<number> {
  const pids = processesOf(folder)
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  await allGone(() => processesOf(folder))
  return pids.length
}

/** One character of four bytes, written in two halves with a pause between them. */
const HALVES = `printf '\\xf0\\x9f'; sleep 0.2; printf '\\x90\\x8c'`
/** More than was once the limit of all output. */
const MUCH = 300_000

describe.each(HOST_RUNTIMES)('a command of %s', (name) => {
  it('D5: takes along what it started when its time is over', async () => {
    const folder = freshFolder()
    const script = 'sleep 77 & (setsid sleep 77 &) ; sleep 77'
    const older = await olderBash(script, { cwd: folder, timeoutMs: 2_000 })
    expect(older.code).toBe(124)
    expect(await leftIn(folder)).toBeGreaterThan(0)
    await inWorkspace({ name }, async ({ runtime, root }) => {
      expect((await runtime.bash({ command: script, timeoutMs: 300 })).code).toBe(124)
      await allGone(() => processesOf(root))
    })
  })

  it('D6: prints characters whole that came in pieces', async () => {
    const folder = freshFolder()
    expect((await olderBash(HALVES, { cwd: folder })).out).toContain('\ufffd')
    await inWorkspace({ name }, async ({ runtime }) => {
      expect((await runtime.bash({ command: HALVES })).out).toBe('\u{1f40c}')
    })
  })

  it('D19: is not ended for a long log', async () => {
    const command = `head -c ${MUCH} /dev/zero | tr '\\0' x; echo; echo done`
    expect((await olderBash(command, { cwd: freshFolder() })).code).toBe(125)
    await inWorkspace({ name }, async ({ runtime, root }) => {
      const { code, out, truncated, spool, error } = await runtime.bash({ command })
      expect([code, truncated, error]).toEqual([0, true, undefined])
      expect(out.startsWith('xxx') && out.includes('...[truncated]\n')).toBe(true)
      expect(out.endsWith('x\ndone\n')).toBe(true)
      expect(spool?.bytes).toBe(MUCH + 6)
      expect(existsSync(join(root, `${spool?.path}`))).toBe(true)
    })
  })

  it('D29: is not held up by what it left in the background', async () => {
    const folder = freshFolder()
    const command = 'sleep 1 & echo done'
    const older = await olderBash(command, { cwd: folder })
    expect(older.ms).toBeGreaterThan(900)
    await inWorkspace({ name }, async ({ runtime, root }) => {
      const { code, out, ms } = await runtime.bash({ command: 'sleep 77 & echo done' })
      expect([code, out]).toEqual([0, 'done\n'])
      expect(ms).toBeLessThan(15_000)
      await allGone(() => processesOf(root))
    })
  })
})

describe('a command of any runtime', () => {
  it('D7: does not run when it was aborted before', async () => {
    const signal = AbortSignal.abort()
    const older = await olderVirtualBash(engine(), 'echo ran', { signal })
    expect([older.code, older.out]).toEqual([0, 'ran\n'])
    for (const name of RUNTIMES) {
      await inWorkspace({ name }, async ({ runtime, has }) => {
        const result = await runtime.bash({ command: 'echo x > ran', signal })
        expect(result).toMatchObject({ code: 130, ms: 0, err: 'Command cancelled' })
        expect([result.error?.code, has('ran')]).toEqual(['CANCELLED', false])
      })
    }
  })

  it('D7: says that its time was over', async () => {
    const older = await olderVirtualBash(engine(), 'sleep 1', { timeoutMs: 50 })
    expect(older).toMatchObject({ code: 124, err: '' })
    for (const name of RUNTIMES) {
      await inWorkspace({ name }, async ({ runtime }) => {
        const { code, err, error } = await runtime.bash({ command: 'sleep 60', timeoutMs: 50 })
        expect([code, error?.code]).toEqual([124, 'TIMEOUT'])
        expect(err.split('\n').at(-1)).toBe('Command timed out')
      })
    }
  })

  it('D8: is told of output that is missing, the same way everywhere', async () => {
    const command = 'echo start; seq 60000; echo end'
    const codes = [
      (await olderBash(command, { cwd: freshFolder() })).code,
      (await olderVirtualBash(engine(), command)).code,
    ]
    expect(codes).toEqual([125, 0])
    expect((await olderVirtualBash(engine(), command)).out).not.toContain('start')
    const seen = new Set<string>()
    for (const name of RUNTIMES) {
      await inWorkspace({ name }, async ({ runtime }) => {
        const { code, out, truncated, error } = await runtime.bash({ command })
        const ends = [out.startsWith('start\n'), out.endsWith('\nend\n'), out.length < 70_000]
        seen.add(JSON.stringify([code, truncated, error, ends, out.includes('[truncated]')]))
      })
      await inWorkspace({ name, onOutputLimit: 'kill' }, async ({ runtime }) => {
        const { code, err, error } = await runtime.bash({ command })
        expect([code, err, error?.code]).toEqual([
          125,
          'Command output exceeded 262144 characters',
          'OUTPUT_LIMIT',
        ])
      })
    }
    expect([...seen]).toEqual([JSON.stringify([0, true, undefined, [true, true, true], true])])
  })
})

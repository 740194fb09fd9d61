import { describe, expect, it } from '@jest/globals'
import { HOST_RUNTIMES, inWorkspace, RUNTIMES } from '../support'

const FLOODS: Record<string, string> = {
  stdout: 'yes',
  stderr: 'yes >&2',
  'both streams': 'yes & yes >&2',
  'a line without an end': "yes | tr -d '\\n'",
  'a process in the background': 'yes & sleep 77',
  bytes: 'cat /dev/urandom',
  NULs: 'cat /dev/zero',
}

describe('a flood of output', () => {
  it.each(Object.entries(FLOODS))('ends with its command: %s', async (_, command) => {
    for (const name of HOST_RUNTIMES) {
      await inWorkspace({ name, onOutputLimit: 'kill' }, async ({ runtime }) => {
        const { code, out, err, error } = await runtime.bash({ command })
        expect([code, error?.code]).toEqual([125, 'OUTPUT_LIMIT'])
        expect(err.endsWith('Command output exceeded 262144 characters')).toBe(true)
        // What is shown is bounded, even in bytes that are no text.
        expect(out.length + err.length).toBeLessThan(3 * 65_536)
        expect((await runtime.bash({ command: 'echo on' })).out).toBe('on\n')
      })
    }
  })

  it.each(RUNTIMES)('does not block the host: %s', async (name) => {
    await inWorkspace({ name, onOutputLimit: 'kill' }, async ({ runtime }) => {
      let ticks = 0
      const timer = setInterval(() => ticks++, 5)
      const command = 'while :; do echo 0123456789; done'
      const results = await Promise.all(
        ['1', '2', '3'].map((chat) => runtime.bash({ command, chat, timeoutMs: 1_000 })),
      )
      clearInterval(timer)
      expect(ticks).toBeGreaterThan(0)
      // The virtual shell may only count what it printed when it has ended.
      for (const { code } of results) expect([124, 125]).toContain(code)
    })
  })
})

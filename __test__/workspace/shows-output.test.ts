import { describe, expect, it } from '@jest/globals'
import { inWorkspace } from './support'

const SHOWN = 65_536
const MARK = '...[truncated]\n'

describe('what a command prints', () => {
  it('is shown whole up to 64 KiB of each stream', async () => {
    await inWorkspace({ name: 'host-bash' }, async ({ runtime }) => {
      const line = `printf 'x%.0s' {1..${SHOWN}}`
      const { out, err, truncated } = await runtime.bash({ command: `${line}; { ${line}; } >&2` })
      expect([out.length, err.length, truncated]).toEqual([SHOWN, SHOWN, undefined])
    })
  })

  it('is shown by its beginning and its end beyond that, and ends no command', async () => {
    await inWorkspace({ name: 'host-bash' }, async ({ runtime }) => {
      const command = 'for i in {1..50000}; do echo "line $i"; done; exit 4'
      const { code, out, truncated, error } = await runtime.bash({ command })
      expect([code, truncated, error]).toEqual([4, true, undefined])
      expect(out.startsWith('line 1\nline 2\n')).toBe(true)
      expect(out.endsWith('line 49999\nline 50000\n')).toBe(true)
      expect(out.split(MARK)).toHaveLength(2)
      const [head = '', tail = ''] = out.split(MARK)
      expect(tail.length).toBe((SHOWN * 3) / 4)
      expect(head.length).toBeLessThanOrEqual(SHOWN / 4 + 1)
      expect(head.length).toBeGreaterThan(SHOWN / 4 - 16)
    })
  })

  it('has no half characters, wherever it is cut', async () => {
    await inWorkspace({ name: 'host-bash' }, async ({ runtime }) => {
      for (const character of ['ä', '€', '😀']) {
        const bytes = Buffer.byteLength(character)
        // Three starts, so that a cut falls on every byte of one.
        for (const start of ['', 'a', 'ab', 'abc'].slice(0, bytes)) {
          const command = `printf '${start}'; printf '${character}%.0s' {1..40000}`
          const { out } = await runtime.bash({ command })
          const rest = out.replaceAll(character, '').replace(MARK, '').replace('\n', '')
          expect(rest).toBe(start)
          expect(Buffer.byteLength(out)).toBeLessThanOrEqual(SHOWN + MARK.length + 1)
          expect(Buffer.byteLength(out)).toBeGreaterThan(SHOWN - 16)
        }
      }
    })
  })

  it('has characters whole that were written byte by byte', async () => {
    await inWorkspace({ name: 'host-bash' }, async ({ runtime }) => {
      const command = `for byte in '\\xf0' '\\x9f' '\\x98' '\\x80'; do printf "$byte"; sleep 0.05; done`
      expect((await runtime.bash({ command })).out).toBe('😀')
      expect((await runtime.bash({ command: `printf '\\xff\\n'` })).out).toBe('\ufffd\n')
    })
  })

  it('is handed on while it runs, in whole lines', async () => {
    await inWorkspace({ name: 'host-bash' }, async ({ runtime }) => {
      const heard: string[] = []
      const { out } = await runtime.bash({
        command: 'echo one; sleep 0.2; echo two >&2; sleep 0.2; printf three',
        onOutput: ({ stream, text }) => heard.push(`${stream} ${text}`),
      })
      expect(heard).toEqual(['stdout one\n', 'stderr two\n', 'stdout three'])
      expect(out).toBe('one\nthree')
    })
  })

  it('obeys one limit with both streams together', async () => {
    await inWorkspace({ name: 'host-bash', onOutputLimit: 'kill' }, async ({ runtime }) => {
      const half = `head -c 140000 /dev/zero | tr '\\0' x`
      expect((await runtime.bash({ command: half })).code).toBe(0)
      expect((await runtime.bash({ command: `${half} >&2` })).code).toBe(0)
      expect((await runtime.bash({ command: `${half}; ${half} >&2; sleep 5` })).code).toBe(125)
    })
  })

  it('ends a command that never stops', async () => {
    await inWorkspace({ name: 'host-bash' }, async ({ runtime }) => {
      const { code, out, truncated } = await runtime.bash({ command: 'yes' })
      expect([code, truncated]).toEqual([125, true])
      expect(out.startsWith('y\ny\n')).toBe(true)
    })
  }, 20_000)
})

describe('the shell', () => {
  it('has a few variables and those it is given, and reads no files of the user', async () => {
    const hostEnv = { TOKEN: 'given', PATH: '/usr/bin:/bin' }
    await inWorkspace({ name: 'host-bash', hostEnv }, async ({ runtime, root }) => {
      const { out } = await runtime.bash({ command: 'env | sed "s/=.*//" | sort; echo "$TOKEN"' })
      const names = ['HOME', 'LANG', 'LC_ALL', 'PATH', 'PWD', 'SHLVL', 'TERM', 'TOKEN', '_']
      expect(out).toBe(`${names.join('\n')}\ngiven\n`)
      expect((await runtime.bash({ command: 'pwd -P; cat; echo $- $0' })).out).toBe(
        `${root}\nhBc bash\n`,
      )
    })
  })

  it('runs the text as it is, unless it is to be strict', async () => {
    const command = 'echo $NOPE; false; echo after $LINENO'
    await inWorkspace({ name: 'host-bash' }, async ({ runtime }) => {
      expect(await runtime.bash({ command })).toMatchObject({ code: 0, out: '\nafter 1\n' })
    })
    await inWorkspace({ name: 'host-bash', strictShell: true }, async ({ runtime }) => {
      expect((await runtime.bash({ command })).out).toBe('')
      expect((await runtime.bash({ command: 'false | true; echo after' })).code).toBe(1)
    })
  })
})

import { mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { HOST_RUNTIMES, inWorkspace } from './support'

/** What bash sets by itself. */
const OWN = ['OLDPWD', 'PWD', 'SHLVL', '_']

describe.each(HOST_RUNTIMES)('bash of %s', (name) => {
  it('has a few variables and none of the host', async () => {
    process.env.RUNLET_SECRET_OF_THE_HOST = 'secret'
    try {
      await inWorkspace({ name, hostEnv: { EXTRA: 'e' } }, async ({ runtime, root }) => {
        const { out } = await runtime.bash({ command: 'env -0' })
        const entries = out.split('\0').filter(Boolean)
        const env = Object.fromEntries(entries.map((entry) => entry.split(/=(.*)/s).slice(0, 2)))
        for (const key of OWN) delete env[key]
        expect(env).toEqual({
          PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
          HOME: name === 'host-bash' ? homedir() : root,
          LANG: 'C.UTF-8',
          LC_ALL: 'C.UTF-8',
          TERM: 'xterm-256color',
          EXTRA: 'e',
          ...(name === 'guarded-bash' && { TMPDIR: expect.stringContaining('runlet-tmp-') }),
        })
      })
    } finally {
      delete process.env.RUNLET_SECRET_OF_THE_HOST
    }
  })

  it('reads no files of its own accord, and has nothing on stdin', async () => {
    await inWorkspace({ name, hostEnv: { HOME: '/nowhere' } }, async ({ runtime, root }) => {
      mkdirSync(root, { recursive: true })
      for (const file of ['.bashrc', '.bash_profile', '.profile', '.bash_login', '.inputrc']) {
        writeFileSync(join(root, file), 'echo read; alias ls=false\n')
      }
      const command = `HOME=$PWD bash -c 'echo inner'; shopt -q login_shell || echo no login; cat; echo $-`
      const { out, err } = await runtime.bash({ command })
      expect([out, err]).toEqual(['inner\nno login\nhBc\n', ''])
    })
  })

  it('begins in the workspace, with no history and no memory of the one before', async () => {
    await inWorkspace({ name }, async ({ runtime, root }) => {
      await runtime.bash({ command: 'cd /; export A=1; f() { :; }; umask 0' })
      const { out } = await runtime.bash({
        command:
          'pwd; echo "<$A>"; type f 2>/dev/null || echo none; umask; history | wc -l; ulimit -c',
      })
      expect(out).toBe(`${root}\n<>\nnone\n${process.umask().toString(8).padStart(4, '0')}\n0\n0\n`)
    })
  })
})

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { until } from '../tool/support'
import { ENGINES, virtualGroundOn } from './virtual-ground'

const project = join(__dirname, '../..')
const dist = join(project, 'dist')
const native = ENGINES.includes('native')
const linux = process.platform === 'linux'

/** Processes of the program that a host has started. */
function programsOf(host: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const [, name, parent] =
          /\((.*)\) . (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? []
        return name === 'runlet-bash' && Number(parent) === host
      } catch {
        return false
      }
    })
}

describe('a process of the native shell', () => {
  it('ends with its host, whatever it does and however that ends', async () => {
    if (!native || !linux) {
      console.log('not checked: there is no native shell, or no /proc')
      return
    }
    const root = mkdtempSync(join(tmpdir(), 'runlet-host-'))
    const script = `
      const { openVirtualShell } = require(${JSON.stringify(join(dist, 'workspace/virtual.js'))})
      const options = { root: ${JSON.stringify(root)}, justBash: { engine: 'native' } }
      const sizes = { maxOutputBytes: 1e6, maxFileBytes: 1e6 }
      const shell = openVirtualShell({ ...options, ...sizes })
      shell.exec("awk 'BEGIN { while (1) i++ }'", { timeoutMs: 600000 })
      shell.exec('sleep 600', { timeoutMs: 600000 })
      setTimeout(() => console.log('ready'), 500)`
    const host = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      await once(host.stdout, 'data')
      const programs = programsOf(host.pid as number)
      expect(programs.length).toBe(2)
      host.kill('SIGKILL')
      await once(host, 'exit')
      await until('they are gone', () => programs.every((pid) => !existsSync(`/proc/${pid}`)))
    } finally {
      host.kill('SIGKILL')
      rmSync(root, { recursive: true, force: true })
    }
  }, 60_000)

  it('is held by the kernel to its workspace, and has nothing else of the host', async () => {
    if (!native || !linux) return
    process.env.PWNED_BY_TEST = 'of the host'
    await virtualGroundOn('native')(async ({ root, run }) => {
      // Looked at once a script runs: a program that is only just starting need not be held yet.
      const running = run('echo > begun; sleep 1; echo done')
      await until('the script runs', () => existsSync(join(root, 'begun')))
      const [pid] = programsOf(process.pid)
      const status = readFileSync(`/proc/${pid}/status`, 'utf8')
      const fact = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1]
      expect([fact('NoNewPrivs'), fact('Seccomp'), fact('CapInh')]).toEqual([
        '1',
        '2',
        '0'.repeat(16),
      ])
      const limits = readFileSync(`/proc/${pid}/limits`, 'utf8')
      expect(limits).toMatch(/Max address space +1073741824 +1073741824/)
      expect(limits).toMatch(/Max core file size +0 +0/)
      // Root alone may look, since nobody else can at one that is not dumpable.
      if (process.getuid?.() === 0)
        expect(readFileSync(`/proc/${pid}/environ`, 'latin1')).not.toContain('PWNED')
      expect((await running).out).toBe('done\n')
    })
    delete process.env.PWNED_BY_TEST
  })

  it('is told apart from one that never began, and the other engine takes its place', () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'runlet-broken-')))
    try {
      const filter = (path: string) => !/\.node$|runlet-(engine|bash)$/.test(path)
      cpSync(dist, join(folder, 'dist'), { recursive: true, filter })
      mkdirSync(join(folder, 'node_modules'))
      symlinkSync(
        join(project, 'node_modules', 'just-bash'),
        join(folder, 'node_modules', 'just-bash'),
      )
      writeFileSync(join(folder, 'dist', 'runlet-bash'), '#!/nowhere/at/all\n')
      chmodSync(join(folder, 'dist', 'runlet-bash'), 0o755)
      mkdirSync(join(folder, 'root'))
      const script = `
        const { openVirtualShell } = require('./dist/workspace/virtual.js')
        const warn = (event, fields) => console.log(event, JSON.stringify(fields))
        const given = { root: process.cwd() + '/root', logger: { warn } }
        const sizes = { maxOutputBytes: 1e6, maxFileBytes: 1e6 }
        ;(async () => {
          for (const engine of ['auto', 'native']) {
            const shell = openVirtualShell({ ...given, ...sizes, justBash: { engine } })
            for (let run = 0; run < 2; run++)
              await shell.exec('echo ran', { timeoutMs: 20000 }).then(
                ({ out }) => console.log(out.trim()),
                (error) => console.log(error.code, error.message),
              )
            await shell.close()
          }
        })()`
      const options = { cwd: folder, encoding: 'utf8' as const, timeout: 60_000 }
      const { stdout } = spawnSync(process.execPath, ['-e', script], options)
      const sentence = 'the program runlet-bash did not start: it could not be started (ENOENT)'
      const warning = { engine: 'just-bash', reason: sentence }
      const error = `RUNTIME_NOT_FOUND ${sentence}`
      expect(stdout.trim().split('\n')).toEqual([
        `security.engine_fallback ${JSON.stringify(warning)}`,
        'ran',
        'ran',
        error,
        error,
      ])
      expect(stdout).not.toContain(folder)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }, 60_000)
})

// The exit codes and streams that scripts rely on; docs/cli.md shows each flag, and its test runs it.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'

const cli = join(__dirname, '..', '..', 'dist', 'cli.js')

interface Ended {
  code: number | null
  out: string
  err: string
}

/** Runs the program; `onError` sees its standard error as it comes. */
function runlet(args: string[], onError?: (text: string, pid: number) => void): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString()
      if (child.pid !== undefined) onError?.(err, child.pid)
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, out, err }))
  })
}

const run = (code: string, ...flags: string[]) => runlet(['run', '-c', code, ...flags])

describe('runlet run', () => {
  it.each([
    ['a value', 'export default () => 1', [], 0],
    ['a throw', 'export default () => { throw 1 }', [], 1],
    ['an unknown flag', 'export default () => 1', ['--tiemout', '1s'], 2],
    ['a flag given twice', 'export default () => 1', ['--timeout', '1s', '--timeout', '2s'], 2],
    ['a deadline', 'export default () => { for (;;); }', ['--timeout', '100ms'], 124],
    ['a denial', 'export default () => require("fs")', [], 126],
    ['the memory limit', 'export default () => "x".repeat(5e7).length', ['--memory', '8MB'], 137],
  ])('exits after %s with its own code', async (_what, code, flags, expected) => {
    expect((await run(code, ...flags)).code).toBe(expected)
  })

  it('exits with 130 when it is interrupted', async () => {
    let sent = false
    const code = 'export default () => { console.log("begun"); for (;;); }'
    const ended = await runlet(['run', '-c', code, '--timeout', '60s'], (err, pid) => {
      if (sent || !err.includes('begun')) return
      sent = true
      process.kill(pid, 'SIGINT')
    })
    expect(ended.code).toBe(130)
  })

  it('writes the value to standard output and logs, as they come, to standard error', async () => {
    const { out, err } = await run(
      'export default () => { console.warn("careful"); return { a: 1 } }',
    )
    expect(JSON.parse(out)).toEqual({ a: 1 })
    expect(err).toContain('careful')
  })

  it('writes the whole result with --json', async () => {
    const { out, code } = await run('export default () => { throw new Error("no") }', '--json')
    expect(JSON.parse(out)).toMatchObject({ ok: false, error: { code: 'RUNTIME_ERROR' } })
    expect(code).toBe(1)
  })

  it('hints at the flag that was meant', async () => {
    expect((await run('export default () => 1', '--tiemout', '1s')).err).toContain('--timeout')
  })
})

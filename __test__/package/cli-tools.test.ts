// `runlet tool` and `runlet doctor` on real runtimes: streams, exit codes, and what they tell a user
// to pass. docs/cli.md shows each flag, and its test runs it.
import { spawn } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { root } from './repository'

interface Ended {
  code: number | null
  out: string
  err: string
}

const TOOLS = `
export async function greet({ name }, config) {
  console.log('greeting', name)
  process.stdout.write('written\\n')
  return { hello: name, config }
}
export const double = (n) => n * 2
export const fail = () => { throw new Error('no such order') }
export const leave = () => process.exit(3)
export const spin = () => { console.log('begun', process.pid); for (;;); }
export const variable = ({ name }) => process.env[name] ?? null
export const long = () => 'x'.repeat(5000)
export const paint = () => { console.log('\\u001b[31mred'); return '\\u001b[31m' }
export const hoard = () => { const all = []; for (;;) all.push(Buffer.alloc(1e6, 1)) }
`

const CONFIG = `
runtime:
  type: node
  entrypoint: ./tools.mjs
  permissions: [--allow-all]
tools:
  spin: { timeout: 60s }
  double: { config: { from: file } }
`

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'runlet-cli-tools-'))
  writeFileSync(join(folder, 'tools.mjs'), TOOLS)
  writeFileSync(join(folder, 'runlet.yaml'), CONFIG)
  writeFileSync(join(folder, 'input.json'), '{"name":"Grace"}')
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Terms {
  env?: Record<string, string>
  stdin?: string
  /** Sees standard error as it comes. */
  onError?: (text: string, pid: number) => void
  /** Another copy of the program. */
  cli?: string
}

function runlet(args: readonly string[], terms: Terms = {}): Promise<Ended> {
  const cli = terms.cli ?? join(root, 'dist', 'cli.js')
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args], {
      cwd: folder,
      env: { ...process.env, ...terms.env },
    })
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString()
      if (child.pid !== undefined) terms.onError?.(err, child.pid)
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(terms.stdin ?? '')
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, out, err }))
  })
}

const CLEAN = ['--allow-read', '--allow-write', '--allow-net', '--allow-run']

describe.each(['bun', 'node'])('runlet tool run on %s', (runtime) => {
  const run = (tool: string, flags: readonly string[] = [], terms: Terms = {}) =>
    runlet(['tool', 'run', 'tools.mjs', tool, '--runtime', runtime, ...CLEAN, ...flags], terms)

  it('writes the output to standard output and what the tool prints to standard error', async () => {
    const flags = ['--input', '{"name":"Ada"}', '--config', '{"polite":true}']
    const { code, out, err } = await run('greet', flags)
    expect(JSON.parse(out)).toEqual({ hello: 'Ada', config: { polite: true } })
    expect(err.split('\n').sort()).toEqual(['', '[LOG] greeting Ada', 'written'])
    expect(code).toBe(0)
  })

  it('reads input from a file and from standard input', async () => {
    const file = await run('greet', ['--input', '@input.json'])
    expect(JSON.parse(file.out)).toEqual({ hello: 'Grace' })
    const piped = await run('double', ['--input', '@-'], { stdin: '21' })
    expect(JSON.parse(piped.out)).toEqual({ value: 42 })
  })

  it('writes the whole result with --json, and the logs nowhere else', async () => {
    const { code, out, err } = await run('greet', ['--json', '--input', '{"name":"Ada"}'])
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      output: { hello: 'Ada' },
      logs: { stdout: 'written\n', stderr: '[LOG] greeting Ada\n' },
    })
    expect(err).toBe('')
    expect(code).toBe(0)
  })

  it.each([
    ['a throw', 'fail', [], 1, 'RUNTIME_ERROR tool execution failed: no such order'],
    ['the end of the process', 'leave', [], 1, `PROCESS_EXIT runtime process`],
    ['a deadline', 'spin', ['--timeout', '1500ms'], 124, 'TIMEOUT timeout: Tool execution timed'],
    ['too long an output', 'long', ['--max-output', '4KB'], 1, 'OUTPUT_LIMIT tool output exceeds'],
    ['a tool that is not there', 'grete', [], 2, 'INVALID_ARGUMENT Tool grete not found'],
    ['a variable that is not let in', 'double', ['--env', 'NODE_OPTIONS=x'], 2, 'INVALID_ARGUMENT'],
    ['a limit of no sense', 'double', ['--max-output', '0'], 2, 'INVALID_ARGUMENT maxOutputBytes'],
    ['no memory', 'hoard', ['--memory', '200MB', '--timeout', '30s'], 137, 'MEMORY_LIMIT'],
  ])(
    'exits after %s with its own code and one line',
    async (_what, tool, flags, expected, line) => {
      const { code, out, err } = await run(tool, flags)
      const own = err.split('\n').filter((text) => /^[A-Z]+_?[A-Z]* /.test(text))
      expect(own).toEqual([expect.stringContaining(line)])
      expect(out).toBe('')
      expect(code).toBe(expected)
    },
  )

  it('exits with 130 when it is interrupted, and leaves no process', async () => {
    let sent = false
    const { code, err } = await run('spin', ['--timeout', '60s'], {
      onError: (text, pid) => {
        if (sent || !text.includes('begun')) return
        sent = true
        process.kill(pid, 'SIGINT')
      },
    })
    expect(err).toContain('CANCELLED')
    expect(code).toBe(130)
    const pid = Number(/begun (\d+)/.exec(err)?.[1])
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })

  it("gives variables that are named, and none of runlet's own", async () => {
    const value = async (flags: readonly string[]) => {
      const input = ['--input', '{"name":"APP_KEY"}']
      const { out } = await run('variable', [...input, ...flags], { env: { APP_KEY: 'host' } })
      return JSON.parse(out) as unknown
    }
    expect(await value([])).toEqual({})
    expect(await value(['--allow-env=APP_*'])).toEqual({ value: 'host' })
    expect(await value(['--allow-env=APP_*', '--deny-env=APP_KEY'])).toEqual({})
    expect(await value(['--env', 'APP_KEY=a=b'])).toEqual({ value: 'a=b' })
  })

  it('shows control characters, and does not obey them', async () => {
    const { out, err } = await run('paint')
    expect(out).toBe('{"value":"\\u001b[31m"}\n')
    expect(err).toBe('[LOG] \\u001b[31mred\n')
  })

  it('lists the tools', async () => {
    const list = ['tool', 'list', 'tools.mjs', '--runtime', runtime, '-A']
    const ids = 'double fail greet hoard leave long paint spin variable'.split(' ')
    expect(await runlet(list)).toEqual({ code: 0, out: `${ids.join('\n')}\n`, err: '' })
    const { out } = await runlet([...list, '--json'])
    expect(JSON.parse(out)).toEqual(ids.map((id) => ({ id, source: 'entrypoint' })))
  })
})

describe('permissions', () => {
  const call = (...flags: string[]) =>
    runlet(['tool', 'run', 'tools.mjs', 'double', '--input', '1', ...flags])

  it('need no flags to be kept', async () => {
    expect(await call()).toEqual({ code: 0, out: '{"value":2}\n', err: '' })
  })

  it('refuse a folder to read that is not there, by the flag', async () => {
    const { code, out, err } = await call('--allow-read=./none')
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toBe('INVALID_ARGUMENT --allow-read=./none: there is no such file or folder\n')
  })
})

describe('permissions that cannot be enforced', () => {
  // Landlock grants folders; it cannot take a part out of one.
  const kept = ['--allow-read', '--allow-write=./out']
  const open = ['--deny-write=./out/keep', '--deny-write=./out/other']
  const call = (...flags: string[]) =>
    runlet(['tool', 'run', 'tools.mjs', 'double', '--input', '1', ...flags])

  it('are refused, with each flag that would have to go', async () => {
    const { code, out, err } = await call(...kept, ...open)
    expect({ code, out }).toEqual({ code: 126, out: '' })
    expect(err).toMatch(/^POLICY_UNENFORCEABLE [^\n]*lies inside [^\n]*--best-effort[^\n]*\n$/)
    const told = /Leave out ((?:--[^ ,]+ ?)+),/.exec(err)?.[1]?.split(' ') ?? []
    expect(told).toEqual(open)
    expect(err).not.toMatch(/pass --allow/)
    const rest = [...kept, ...open].filter((flag) => !told.includes(flag))
    expect(await call(...rest)).toEqual({ code: 0, out: '{"value":2}\n', err: '' })
  })

  it('are reported with --best-effort', async () => {
    const { code, out, err } = await call(...kept, ...open, '--best-effort')
    expect({ code, out }).toEqual({ code: 0, out: '{"value":2}\n' })
    expect(err).toBe(`not enforced: ${open.join(', ')}\n`)
  })

  it('on a machine that enforces none are refused with exactly what to pass', () => {
    const { whatToPass } = require(join(root, 'dist', 'cli', 'tool-runtime.js')) as {
      whatToPass(missing: object[], given: readonly string[], field?: string): string
    }
    const missing = (flag: string, permission: string) => ({ flag, permission, reason: 'none' })
    const all = [missing('--allow-read=./data', 'read'), missing('--deny-net=10.0.0.0/8', 'net')]
    const given = ['--allow-read=./data', '--deny-net=10.0.0.0/8', '--allow-run']
    const text = whatToPass([...all, missing('--allow-write', 'write')], given, 'permissions')
    expect(text).toContain(
      'pass --allow-run --allow-read --allow-net --allow-write ' +
        'in place of --allow-read=./data --deny-net=10.0.0.0/8, or --allow-all',
    )
    expect(text).toMatch(/or --best-effort/)
    expect(whatToPass(all, given, 'tools["x"].permissions')).toContain(
      '/8 (tools["x"].permissions), or',
    )
  })
})

describe('the configuration of runlet tool', () => {
  const file = ['--config-file', 'runlet.yaml']

  it('comes from a file, which may name the entrypoint', async () => {
    const { out } = await runlet(['tool', 'list', ...file])
    expect(out).toContain('greet\n')
    const called = await runlet(['tool', 'run', ...file, 'double', '--input', '4', '--json'])
    expect(JSON.parse(called.out)).toMatchObject({ ok: true, output: { value: 8 } })
  })

  it('comes from the environment, which wins over the file', async () => {
    const terms = { env: { RUNLET_OUTPUT_SIZE: '1KB' } }
    expect((await runlet(['tool', 'run', ...file, 'long'], terms)).err).toContain('OUTPUT_LIMIT')
    const wrong = await runlet(['tool', 'list', ...file], { env: { RUNLET_TOOL_TIMEOUT: 'soon' } })
    expect(wrong.err).toContain('RUNLET_TOOL_TIMEOUT')
    expect(wrong.code).toBe(2)
  })

  it('comes from flags, which win over all, also over those of one tool', async () => {
    const { code } = await runlet(['tool', 'run', ...file, 'spin', '--timeout', '1s'])
    expect(code).toBe(124)
  })
})

describe('a command line that cannot be understood', () => {
  it.each([
    ['no verb', ['tool'], 'runlet tool list'],
    ['an unknown verb', ['tool', 'lst'], "did you mean 'tool list'?"],
    ['an unknown command', ['docter'], 'did you mean doctor?'],
    ['no entrypoint', ['tool', 'run'], 'ENTRYPOINT'],
    ['no tool', ['tool', 'run', 'tools.mjs'], 'runlet tool list'],
    ['no such file', ['tool', 'list', 'tolls.mjs'], 'there is no file "tolls.mjs"'],
    ['a mistyped flag', ['tool', 'run', 'tools.mjs', 'x', '--alow-net'], '--allow-net?'],
    ['a flag of another command', ['tool', 'list', 'tools.mjs', '--input', '1'], '--input'],
    [
      'a value without =',
      ['tool', 'run', 'tools.mjs', 'x', '--allow-read', './d'],
      '--allow-read=',
    ],
    ['a permission of no form', ['tool', 'list', 'tools.mjs', '--allow-net=http://a'], 'http://a'],
    ['an unknown runtime', ['tool', 'list', 'tools.mjs', '-A', '--runtime', 'deno'], 'deno'],
    ['a variable without name', ['tool', 'list', 'tools.mjs', '-A', '--env', '=x'], 'NAME=VALUE'],
    ['no time', ['tool', 'run', 'tools.mjs', 'x', '--timeout', '0'], 'above 0'],
    ['one stream twice', ['tool', 'run', 'a', 'b', '--input', '@-', '--config', '@-'], 'once'],
    ['no file for doctor', ['doctor', 'me'], 'flags only'],
  ])('says so: %s', async (_what, args, hint) => {
    const { code, out, err } = await runlet(args)
    expect(err).toContain(hint)
    expect({ code, out }).toEqual({ code: 2, out: '' })
  })

  it.each([
    [['tool', '--help'], 'runlet tool list ENTRYPOINT'],
    [['help', 'tool', 'run'], '--max-output SIZE'],
    [['tool', 'run', '--help'], '(10MB)'],
    [['tool', 'list', '-h'], '--runtime bun|node'],
    [['doctor', '--help'], '--json'],
  ])('has help at hand: %j', async (args, line) => {
    const { code, out, err } = await runlet(args)
    expect(out).toContain(line)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out.split('\n').filter((text) => text.length > 100)).toEqual([])
  })
})

describe('runlet doctor', () => {
  it('names each runtime with its path and version, and what is not enforced', async () => {
    const { code, out, err } = await runlet(['doctor'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/^ {2}bun +\d+\.\d+\.\d+, \S*bun\S*$/m)
    expect(out).toMatch(/^ {2}node +\d+\.\d+\.\d+, \S*node\S*$/m)
    const { tools } = JSON.parse((await runlet(['doctor', '--json'])).out) as {
      tools: { reasons: string[]; fs: { read: unknown }; net: { hosts: unknown } }
    }
    for (const reason of tools.reasons) expect(out).toContain(reason)
    expect(/^ {2}read +not enforced$/m.test(out)).toBe(tools.fs.read === null)
    expect(/^ {2}net +not enforced$/m.test(out)).toBe(tools.net.hosts === null)
  })
})

describe('a machine without the runtime', () => {
  const host = process.versions.bun === undefined ? 'node' : 'bun'
  const other = host === 'node' ? 'bun' : 'node'
  let cli = ''

  // A copy away from node_modules, where the npm package `bun` would be found.
  beforeAll(() => {
    const away = join(folder, 'away')
    const dist = join(root, 'dist')
    mkdirSync(away)
    cpSync(dist, join(away, 'dist'), {
      recursive: true,
      filter: (path) => !path.endsWith('.node'),
    })
    for (const name of readdirSync(dist).filter((name) => name.endsWith('.node'))) {
      symlinkSync(join(dist, name), join(away, 'dist', name))
    }
    cpSync(join(root, 'package.json'), join(away, 'package.json'))
    cli = join(away, 'dist', 'cli.js')
  })

  it('is told apart by its exit code, with the runtime that is there', async () => {
    const args = ['tool', 'list', 'tools.mjs', '-A', '--runtime', other]
    const { code, out, err } = await runlet(args, { cli, env: { PATH: '' } })
    expect(err).toContain(`RUNTIME_NOT_FOUND`)
    expect(err).toContain(`--runtime ${host}`)
    expect({ code, out }).toEqual({ code: 127, out: '' })
  })

  it('is no failure of doctor, which says why', async () => {
    const { code, out } = await runlet(['doctor', '--json'], { cli, env: { PATH: '' } })
    const { runtimes } = JSON.parse(out) as { runtimes: { type: string; usable: boolean }[] }
    expect(runtimes.find(({ type }) => type === other)).toMatchObject({
      usable: false,
      path: null,
      why: expect.stringContaining('not found in PATH') as unknown,
    })
    expect(runtimes.find(({ type }) => type === host)?.usable).toBe(true)
    expect(code).toBe(0)
  })
})

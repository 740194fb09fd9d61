// `runlet bash` as a program: streams, exit codes, what flags come to, signals, and a terminal.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { root as repository } from '../package/repository'
import { allGone, processesOf } from '../tool/attack/arena'
import { freshFolder, HOST_RUNTIMES, PATIENCE_MS } from './support'

interface Ended {
  code: number | null
  out: string
  err: string
}

interface Terms {
  env?: Record<string, string>
  stdin?: string
  cwd?: string
  /** Sees standard output as it comes. */
  onOut?: (text: string, pid: number) => void
}

const CLI = join(repository, 'dist', 'cli.js')
let folder = ''
let inside = ''

beforeAll(() => {
  folder = freshFolder()
  inside = join(folder, 'inside')
  mkdirSync(join(inside, 'kept'), { recursive: true })
  mkdirSync(join(folder, 'beside'))
  writeFileSync(join(inside, 'list.txt'), 'pear\napple\n')
  writeFileSync(join(folder, 'beside/secret.txt'), 'secret')
  writeFileSync(join(folder, 'script.sh'), 'read line < list.txt\necho "first: $line"\nexit 4\n')
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function runlet(args: readonly string[], terms: Terms = {}): Promise<Ended> {
  const { cwd = inside, env, stdin, onOut } = terms
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, 'bash', ...args], {
      cwd,
      env: { ...process.env, ...env },
      timeout: 2 * PATIENCE_MS,
    })
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
      if (child.pid !== undefined) onOut?.(out, child.pid)
    })
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString()
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(stdin ?? '')
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, out, err }))
  })
}

const on = (name: string, command: string, flags: readonly string[] = [], terms: Terms = {}) =>
  runlet(['--runtime', name, '-c', command, ...flags], terms)

/** One line; a virtual shell may have a word on it, too. */
const saying = (line: string) => new RegExp(`^(?:bash: [^\n]*\n)?${line}\n$`)

describe.each(['just-bash', ...HOST_RUNTIMES])('runlet bash on %s', (name) => {
  it('prints what the command prints, stream by stream, and ends with its code', async () => {
    const ended = await on(name, 'cat list.txt; echo wrong >&2; printf "no end"; exit 3')
    expect(ended).toEqual({ code: 3, out: 'pear\napple\nno end', err: 'wrong\n' })
  })

  it('keeps a code of its own apart from one that the command chose', async () => {
    const chosen = await on(name, 'exit 124')
    expect(chosen).toEqual({ code: 124, out: '', err: '' })
    const ended = await on(name, 'sleep 60', ['--timeout', '300ms'])
    expect(ended).toMatchObject({ code: 124, out: '' })
    expect(ended.err).toMatch(saying('TIMEOUT Command timed out'))
  })

  it('reads a script from a file and from standard input', async () => {
    const expected = { code: 4, out: 'first: pear\n', err: '' }
    const file = join(folder, 'script.sh')
    expect(await runlet([file, '--runtime', name])).toEqual(expected)
    const stdin = readFileSync(file, 'utf8')
    expect(await runlet(['--runtime', name], { stdin })).toEqual(expected)
    expect(await runlet(['-', '--runtime', name], { stdin })).toEqual(expected)
  })

  it('works in another folder with --root, made by nobody but the user', async () => {
    const flags = ['--root', 'inside']
    expect((await on(name, 'ls', flags, { cwd: folder })).out).toBe('kept\nlist.txt\n')
    const none = await on(name, 'ls', ['--root', 'insde'], { cwd: folder })
    expect(none).toMatchObject({ code: 2, out: '' })
    expect(none.err).toContain('--root: there is no folder "insde"')
    expect(existsSync(join(folder, 'insde'))).toBe(false)
  })

  it('gives variables that are named, and none of its own besides', async () => {
    const env = { APP_KEY: 'host', APP_MODE: 'test' }
    const show = 'echo "$APP_KEY,$APP_MODE,$OWN"'
    expect((await on(name, show, [], { env })).out).toBe(',,\n')
    const flags = ['--allow-env=APP_*', '--deny-env=APP_KEY', '--env', 'OWN=a=b']
    expect((await on(name, show, flags, { env })).out).toBe(',test,a=b\n')
  })

  it('prints one object with --json, and nothing else', async () => {
    const { code, out, err } = await on(name, 'printf "\\033[1mout"; echo err >&2; exit 9', [
      '--json',
    ])
    expect({ code, err }).toEqual({ code: 9, err: '' })
    const ms = expect.any(Number)
    const { waitMs: _, ...told } = JSON.parse(out) as { waitMs?: number }
    expect(told).toEqual({ code: 9, out: '\u001b[1mout', err: 'err\n', ms })
    const late = await on(name, 'sleep 60', ['--json', '--timeout', '300ms'])
    expect(late).toMatchObject({ code: 124, err: '' })
    expect(JSON.parse(late.out)).toMatchObject({ code: 124, error: { code: 'TIMEOUT' } })
  })

  it('hands on bytes as they are where no terminal reads', async () => {
    expect((await on(name, 'printf "\\033[31mred\\r\\n"')).out).toBe('\u001b[31mred\r\n')
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('ends the command and all that it started on %s', async (signal, expected) => {
    const host = name !== 'just-bash'
    const command = host ? 'sleep 300 & echo begun; sleep 300' : 'sleep 300'
    const ended = new Promise<Ended>((resolve, reject) => {
      const given = ['--runtime', name, '-c', command]
      const terms: Terms = {
        onOut: (text, pid) => text.includes('begun') && process.kill(pid, signal),
      }
      const running = host ? runlet(given, terms) : interrupted(given, signal)
      running.then(resolve, reject)
    })
    const { code, err } = await ended
    expect(code).toBe(expected)
    expect(err).toMatch(saying('CANCELLED Command cancelled'))
    await allGone(() => processesOf(inside))
  })
})

/** A virtual shell prints nothing before its end, so it writes a file to say that it is at work. */
function interrupted(args: readonly string[], signal: NodeJS.Signals): Promise<Ended> {
  const mark = join(inside, 'kept/begun')
  rmSync(mark, { force: true })
  const [, , , command = '', ...rest] = args
  const told = ['--runtime', 'just-bash', '-c', `echo > kept/begun; ${command}`, ...rest]
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, 'bash', ...told], { cwd: inside })
    let [out, err] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString()
    })
    const look = setInterval(() => {
      if (!existsSync(mark)) return
      clearInterval(look)
      child.kill(signal)
    }, 20)
    child.on('error', reject)
    child.on('close', (code) => {
      clearInterval(look)
      rmSync(mark, { force: true })
      resolve({ code, out, err })
    })
  })
}

describe('what runlet bash lets commands do', () => {
  it('is nothing beyond the workspace for just-bash', async () => {
    const { out } = await on('just-bash', 'cat ../beside/secret.txt /etc/passwd; echo $?')
    expect(out).toBe('1\n')
  })

  it('is all that the user may do for host-bash, unless a flag asks for a sandbox', async () => {
    const read = 'cat ../beside/secret.txt'
    expect((await on('host-bash', read)).out).toBe('secret')
    for (const flags of [['--sandbox', 'required'], ['--allow-read=.'], ['--memory', '512MB']]) {
      const { code, out, err } = await on('host-bash', read, flags)
      expect([flags, code, out]).toEqual([flags, 1, ''])
      expect(err).toContain('Permission denied')
    }
    const flags = ['--allow-read=../beside']
    expect((await on('host-bash', read, flags)).out).toBe('secret')
  })

  it('names files from where the command line was typed, not from the workspace', async () => {
    const flags = ['--allow-read=beside', '--allow-write=beside', '--root', 'inside']
    const command = 'cat ../beside/secret.txt; echo more > ../beside/more && echo written'
    const { out } = await on('host-bash', command, flags, { cwd: folder })
    expect(out).toBe('secretwritten\n')
    const required = ['--root', 'inside', '--sandbox', 'required']
    const none = await on('host-bash', command, required, { cwd: folder })
    expect(none).toMatchObject({ code: 1, out: '' })
  })

  it('is limited in memory', async () => {
    const hoard = 'x=$(head -c 400000000 /dev/zero | tr "\\0" x); wc -c <<< $x'
    const { code, err } = await on('host-bash', hoard, ['--memory', '100MB'])
    expect({ code, err }).toEqual({
      code: 137,
      err: 'MEMORY_LIMIT Command exceeded its memory limit\n',
    })
  })

  it('refuses before the start what cannot be kept, naming what to leave out', async () => {
    const flags = ['--allow-write=.', '--deny-write=./kept']
    const { code, out, err } = await on('host-bash', 'echo ran', flags)
    expect({ code, out }).toEqual({ code: 126, out: '' })
    expect(err).toMatch(/^POLICY_UNENFORCEABLE .*Leave out --deny-write=\S*kept, or pass --sandbox/)
    expect(err).not.toContain('enforcement')
    const loose = await on('host-bash', 'echo ran', [...flags, '--sandbox', 'auto'])
    expect({ code: loose.code, out: loose.out }).toEqual({ code: 0, out: 'ran\n' })
    expect(loose.err).toMatch(/^not confined by the kernel: --deny-write=/)
  })
})

describe('the network of runlet bash', () => {
  let server: Server
  let host = ''

  beforeAll(async () => {
    server = createServer((_, response) => response.end('served'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  afterAll(() => {
    server.close()
  })

  // A tool that this system may not have is not needed to ask for a page.
  const ask = () => `exec 3<>/dev/tcp/${host.replace(':', '/')} && echo connected`

  it('is closed without a flag', async () => {
    const virtual = await on('just-bash', `curl -sS http://${host}/`)
    expect({ code: virtual.code, out: virtual.out }).toEqual({ code: 127, out: '' })
    const confined = await on('host-bash', ask(), ['--sandbox', 'required'])
    expect({ code: confined.code, out: confined.out }).toEqual({ code: 1, out: '' })
  })

  it('is open to the host that is named, and says which flag would open another', async () => {
    const flags = [`--allow-net=${host}`]
    expect((await on('host-bash', ask(), flags)).out).toBe('connected\n')
    const other = ['--allow-net=127.0.0.1:1']
    const { code, err } = await on('host-bash', ask(), other)
    expect(code).toBe(1)
    expect(err).toContain(`the sandbox refused ${host}; --allow-net=${host} allows it`)
  })

  it('of the virtual shell is open to the host that is named, private ones by name only', async () => {
    const command = `curl -sS http://${host}/page`
    const open = [`--allow-net=${host}`, `--allow-private=${host}`]
    expect(await on('just-bash', command, open)).toEqual({ code: 0, out: 'served', err: '' })
    const url = `http://${host}/other`
    const elsewhere = [`--allow-net=${url}`, `--allow-private=${url}`]
    expect((await on('just-bash', command, elsewhere)).out).toBe('')
    const isPrivate = await on('just-bash', command, [`--allow-net=${host}`])
    expect({ code: isPrivate.code === 0, out: isPrivate.out }).toEqual({ code: false, out: '' })
    expect(isPrivate.err).toMatch(/private|not a public address/)
  })
})

describe('the guard of runlet bash', () => {
  it('refuses what is blocked, whoever would approve it', async () => {
    const { code, err } = await on('guarded-bash', 'rm -rf /', ['--approve', 'always'])
    expect(code).toBe(126)
    expect(err).toMatch(/^POLICY_VIOLATION Command blocked: /)
  })

  it('asks nobody where there is no terminal, and says so', async () => {
    for (const flags of [[], ['--approve', 'ask']]) {
      const { code, err } = await on('guarded-bash', 'chmod -R 700 kept', flags)
      expect(code).toBe(126)
      expect(err).toMatch(/^POLICY_VIOLATION Command not approved: .*\nnobody could be asked: /)
    }
    const never = await on('guarded-bash', 'chmod -R 700 kept', ['--approve', 'never'])
    expect(never.code).toBe(126)
    expect(never.err).not.toContain('nobody')
  })

  it('lets run what is approved, and tells of it with --json', async () => {
    const { code, out } = await on('guarded-bash', 'chmod -R 700 kept', [
      '--approve',
      'always',
      '--json',
    ])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ guard: { risk: 'approval', approved: true } })
  })
})

describe('a pipe that nobody reads any more', () => {
  it('ends the command', () => {
    const line = `"${process.execPath}" "${CLI}" bash --runtime host-bash -c 'while echo y; do :; done'`
    const { stdout, stderr } = spawnSync(
      'bash',
      ['-c', `${line} | head -n 1; echo \${PIPESTATUS[0]}`],
      {
        cwd: inside,
        timeout: 2 * PATIENCE_MS,
        encoding: 'utf8',
      },
    )
    expect({ stdout, stderr }).toEqual({ stdout: 'y\n141\n', stderr: '' })
  })
})

describe('a command line of runlet bash that cannot be understood', () => {
  it.each([
    ['a command without -c', ['ls'], 'a command stands behind -c'],
    ['a command without quotes', ['-c', 'ls', 'kept'], 'put the whole command behind -c'],
    ['two files', ['a.sh', 'b.sh'], '"b.sh" is one too many'],
    ['no command', ['-c'], '--command CMD'],
    ['a mistyped flag', ['-c', 'ls', '--alow-net'], '--allow-net?'],
    [
      'an unknown runtime',
      ['-c', 'ls', '--runtime', 'zsh'],
      'just-bash, host-bash or guarded-bash',
    ],
    ['no time', ['-c', 'ls', '--timeout', '0'], 'above 0'],
    ['a size of no sense', ['-c', 'ls', '--runtime', 'host-bash', '--memory', 'much'], 'a size'],
    ['an unknown approver', ['-c', 'ls', '--approve', 'me'], 'ask, always or never'],
    ['a guard where there is none', ['-c', 'ls', '--approve', 'ask'], 'guarded-bash'],
    ['a sandbox of just-bash', ['-c', 'ls', '--sandbox', 'auto'], 'host-bash and guarded-bash'],
    ['memory of just-bash', ['-c', 'ls', '--memory', '1MB'], 'host-bash and guarded-bash'],
    ['files of just-bash', ['-c', 'ls', '--allow-read=/etc'], 'nothing else'],
    ['programs of just-bash', ['-c', 'ls', '--allow-run'], 'nothing else'],
    ['a denial of just-bash', ['-c', 'ls', '--deny-net=a.b'], 'nothing else'],
    ['all of it for just-bash', ['-c', 'ls', '--allow-all'], 'nothing else'],
    ['a range for just-bash', ['-c', 'ls', '--allow-net=10.0.0.0/8'], 'ranges of addresses'],
    ['other private hosts', ['-c', 'ls', '--allow-net=a', '--allow-private=b'], 'exactly'],
    [
      'a sandbox that is off',
      ['-c', 'ls', ...['--runtime', 'host-bash', '--sandbox', 'off', '--allow-net']],
      '--sandbox off',
    ],
    ['an empty item', ['-c', 'ls', '--runtime', 'host-bash', '--allow-read=a,,b'], 'empty'],
    ['a variable without name', ['-c', 'ls', '--env', '=x'], 'NAME=VALUE'],
    ['a variable that is obeyed', ['-c', 'ls', '--env', 'BASH_ENV=x'], 'decides which code runs'],
    [
      'a value without =',
      ['-c', 'ls', '--runtime', 'host-bash', '--allow-read', './d'],
      'one too many',
    ],
  ])('says so: %s', async (_what, args, hint) => {
    const { code, out, err } = await runlet(args)
    expect(err).toContain(hint)
    expect(err).toMatch(/Try 'runlet --help' or 'runlet bash --help'/)
    expect({ code, out }).toEqual({ code: 2, out: '' })
  })

  it('has help at hand', async () => {
    for (const args of [['--help'], ['-h', '-c', 'ls']]) {
      const { code, out, err } = await runlet(args)
      expect({ code, err }).toEqual({ code: 0, err: '' })
      expect(out).toContain('that remembers neither')
      expect(out).toMatch(/--timeout DURATION +wall time of one command \(2m\)/)
      expect(out.split('\n').filter((text) => text.length > 100)).toEqual([])
    }
  })
})

describe('runlet bash on a terminal', () => {
  const { stdout: about = '' } = spawnSync('script', ['--version'], { encoding: 'utf8' })
  const hasTerminal = about.includes('util-linux')
  if (!hasTerminal) console.warn('skipped: a terminal, since there is no script of util-linux')
  const test = hasTerminal ? it : it.skip

  /** Answers each text that is shown with one that is typed. */
  function typed(args: readonly string[], steps: readonly (readonly [string, string])[]) {
    const words = [process.execPath, CLI, 'bash', ...args].map((word) => `'${word}'`).join(' ')
    return new Promise<{ code: number | null; shown: string }>((resolve, reject) => {
      const child = spawn('script', ['-qec', words, '/dev/null'], {
        cwd: inside,
        timeout: 2 * PATIENCE_MS,
        env: { ...process.env, TERM: 'dumb' },
      })
      let shown = ''
      let at = 0
      const left = [...steps]
      child.stdout.on('data', (chunk: Buffer) => {
        shown += chunk.toString()
        const [wanted, answer] = left[0] ?? []
        if (wanted === undefined || answer === undefined) return
        const found = shown.indexOf(wanted, at)
        if (found < 0) return
        at = found + wanted.length
        left.shift()
        child.stdin.write(answer)
      })
      child.on('error', reject)
      child.on('close', (code) => resolve({ code, shown: shown.replaceAll('\r\n', '\n') }))
    })
  }

  test.each([
    ['remembers what the native engine knows', 'just-bash', [], '5'],
    ['forgets with the network of the other engine', 'just-bash', ['--allow-net=a.b'], ''],
    ['forgets on the host', 'host-bash', [], ''],
  ])('runs line by line, and %s', async (_what, name, flags, kept) => {
    const prompt = `${name}$ `
    const { code, shown } = await typed(
      ['--runtime', name, ...flags],
      [
        [prompt, 'x=5; echo "<$x>"\r'],
        [prompt, 'echo "[$x]"; false\r'],
        [prompt, 'exit\r'],
      ],
    )
    expect(shown).toContain('<5>\n')
    expect(shown).toContain(`[${kept}]\n`)
    expect(code).toBe(1)
  })

  test('ends what runs on Ctrl-C, and goes on', async () => {
    const prompt = 'host-bash$ '
    const { code, shown } = await typed(
      ['--runtime', 'host-bash'],
      [
        [prompt, 'sleep 300 & echo be""gun; sleep 300\r'],
        ['begun', '\u0003'],
        [prompt, 'echo still; exit\r'],
        [prompt, 'exit 7\r'],
      ],
    )
    expect(shown).toContain('CANCELLED Command cancelled')
    expect(shown).toContain('still\n')
    expect(code).toBe(7)
    await allGone(() => processesOf(inside))
  })

  test('asks with the exact text and the reason, and takes only a yes', async () => {
    const prompt = 'guarded-bash$ '
    const question = 'Run it? [y/N] '
    const { code, shown } = await typed(
      ['--runtime', 'guarded-bash'],
      [
        [prompt, 'chmod -R 711 kept; echo first\r'],
        [question, 'y\r'],
        [prompt, 'chmod -R 700 kept; echo second\r'],
        [question, '\r'],
        [prompt, 'chmod -R 700 kept; echo third\r'],
        [question, '\u0003'],
        [prompt, '\u0004'],
      ],
    )
    expect(shown).toMatch(/needs approval \(.*rights.*\):\n {2}chmod -R 711 kept; echo first\n/)
    expect(shown).toMatch(/^first$/m)
    expect(shown).not.toMatch(/^second$/m)
    expect(shown).not.toMatch(/^third$/m)
    expect(shown.match(/POLICY_VIOLATION Command not approved/g)).toHaveLength(1)
    expect(shown.match(/CANCELLED Command cancelled/g)).toHaveLength(1)
    expect(code).toBe(130)
  })

  test('takes no line that was typed ahead for an answer', async () => {
    const { shown } = await typed(
      ['--runtime', 'guarded-bash'],
      [
        ['guarded-bash$ ', 'chmod -R 711 kept; echo ra""n\ryes\r'],
        ['Run it? [y/N] ', 'n\r'],
        ['guarded-bash$ ', 'exit\r'],
      ],
    )
    expect(shown).not.toMatch(/^ran$/m)
  })

  test('shows control characters, and does not obey them', async () => {
    const { shown } = await typed(['-c', 'printf "\\033[31mred\\r\\n"'], [])
    expect(shown).toBe('\\u001b[31mred\n')
  })

  test('has no JSON there', async () => {
    const { code, shown } = await typed(['--json'], [])
    expect(shown).toContain('--json needs -c CMD')
    expect(code).toBe(2)
  })
})

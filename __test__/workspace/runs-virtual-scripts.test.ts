import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { ENGINES, onVirtualGround, virtualGroundOn } from './virtual-ground'

const dist = join(__dirname, '../../dist')

interface Files {
  stat(path: string): Promise<{ isFile: boolean; size: number; mtime: Date }>
}

describe.each(ENGINES)('on %s', (engine) => {
  const onVirtualGround = virtualGroundOn(engine)

  describe('a virtual script', () => {
    it('works on the files of the workspace', () =>
      onVirtualGround(async ({ root, run }) => {
        writeFileSync(join(root, 'in.txt'), 'b\na\n')
        expect(await run('sort in.txt > out.txt; pwd; ls')).toEqual({
          code: 0,
          out: '/\nin.txt\nout.txt\n',
          err: '',
        })
        expect(readFileSync(join(root, 'out.txt'), 'utf8')).toBe('a\nb\n')
      }))

    it('shares files with the next, and nothing else', () =>
      onVirtualGround(async ({ run }) => {
        await run('x=1; f() { :; }; cd /; mkdir d; cd d; echo kept > /tmp/t; alias a=b; exec 3> f')
        const { out } = await run('echo "[$x]"; type -t f; pwd; cat /tmp/t; ls')
        expect(out).toBe('[]\n/\nkept\nd\n')
      }))

    it('gets its environment, directory and input, and none of the host', () =>
      onVirtualGround(
        async ({ root, run }) => {
          mkdirSync(join(root, 'd'))
          const script = 'cat; echo "$A $B $HOME"; pwd; env | grep -v "^[ABHIMOPT_]"'
          const { out } = await run(script, { env: { A: 'a' }, cwd: '/d', stdin: 'ünput\n' })
          const [input, words, cwd, ...rest] = out.split('\n')
          expect([input, words, cwd]).toEqual(['ünput', 'a b /', '/d'])
          const own = ['?', 'SHELLOPTS', 'USER', '']
          expect(rest.filter((line) => !own.includes(line.split('=')[0] ?? ''))).toEqual([])
          process.env.PWNED_BY_TEST = 'of the host'
          const shown = await run('env; echo "[$PWNED_BY_TEST]"; cat /proc/self/environ')
          delete process.env.PWNED_BY_TEST
          expect(shown.out).toContain('[]')
          expect(shown.out).not.toContain('of the host')
        },
        { env: { B: 'b' } },
      ))

    it('keeps bytes and letters as they are', () =>
      onVirtualGround(async ({ root, run }) => {
        const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
        writeFileSync(join(root, 'bytes'), bytes)
        const { out } = await run('cp bytes copy; cat bytes > cat; echo "日本 🙂 é"; gzip -k bytes')
        expect(out).toBe('日本 🙂 é\n')
        expect(readFileSync(join(root, 'copy'))).toEqual(bytes)
        expect(readFileSync(join(root, 'cat'))).toEqual(bytes)
        expect(existsSync(join(root, 'bytes.gz'))).toBe(true)
      }))

    it('has /dev/null, /tmp and the paths of its commands, which no listing shows', () =>
      onVirtualGround(async ({ root, run }) => {
        const script = 'echo x > /dev/null; cat /dev/null; echo t > /tmp/t; which ls; /bin/echo hi'
        const { out } = await run(`${script}; ls -a /; echo /*; find /`)
        expect(out).toBe('/usr/bin/ls\nhi\n.\n..\n/*\n/\n')
        expect(readdirSync(root)).toEqual([])
      }))

    it('sees the workspace where that has a tmp or bin of its own', () =>
      onVirtualGround(async ({ root, run }) => {
        mkdirSync(join(root, 'tmp'))
        mkdirSync(join(root, 'bin'))
        const { out } = await run('echo a > /tmp/a; echo b > bin/b; ls bin tmp; echo ok | cat')
        expect(out).toBe('bin:\nb\n\ntmp:\na\nok\n')
        expect(readFileSync(join(root, 'tmp', 'a'), 'utf8')).toBe('a\n')
      }))

    it('tells its own exit code from ours', () =>
      onVirtualGround(async ({ run }) => {
        expect(await run('exit 124')).toEqual({ code: 124, out: '', err: '' })
        expect(await run('sleep 30', { timeoutMs: 100 })).toMatchObject({
          code: 124,
          ended: 'timeout',
        })
      }))

    it('ends when it is aborted, and never starts when it is aborted before', () =>
      onVirtualGround(async ({ root, run }) => {
        const controller = new AbortController()
        const busy = run('while :; do :; done', { signal: controller.signal })
        setTimeout(() => controller.abort(), 100)
        expect(await busy).toEqual({ code: 130, out: '', err: '', ended: 'cancelled' })
        const late = await run('echo x > file', { signal: controller.signal })
        expect(late).toEqual({ code: 130, out: '', err: '', ended: 'cancelled' })
        expect(readdirSync(root)).toEqual([])
        expect((await run('echo again')).out).toBe('again\n')
      }))

    it('is ended where it prints more than may be kept', () =>
      onVirtualGround(
        async ({ run }) => {
          const { code, ended, out } = await run('seq 1 30000')
          expect([code, ended, out.length]).toEqual([125, 'output', 100_000])
        },
        {},
        { maxOutputBytes: 100_000 },
      ))

    it('keeps some of both streams where it printed too much', () =>
      onVirtualGround(
        async ({ run }) => {
          // The native engine is ended as soon as it has printed too much, the other at the end.
          const errors = engine === 'native' ? 800 : 2000
          const script = `for i in {1..${errors}}; do echo "é problem"; done >&2; seq 1 30000`
          const { code, ended, out, err } = await run(script)
          expect([code, ended]).toEqual([125, 'output'])
          expect(Buffer.byteLength(out) + Buffer.byteLength(err)).toBeLessThanOrEqual(10_000)
          expect(out).toMatch(/^1\n2\n/)
          expect(err).toMatch(/^é problem\n/)
          expect(Buffer.from(err).toString()).not.toContain('\ufffd')
        },
        {},
        { maxOutputBytes: 10_000 },
      ))

    it('is handed over in pieces that are what it printed', () =>
      onVirtualGround(async ({ run }) => {
        const pieces: string[] = []
        const onOutput = (piece: { stream: string; text: string }) =>
          pieces.push(`${piece.stream}: ${piece.text}`)
        await run('echo a; echo b >&2', { onOutput })
        expect(pieces).toEqual(['stdout: a\n', 'stderr: b\n'])
      }))

    it('prints three megabytes whole, and loops twenty thousand times', () =>
      onVirtualGround(async ({ run }) => {
        const { code, out } = await run(
          'for ((i=0;i<20000;i++)); do :; done; echo $i; seq 1 450000',
        )
        expect(code).toBe(0)
        expect(out.length).toBe(6 + 3_038_895)
      }))

    it('says what met a bound of the engine', () =>
      onVirtualGround(async ({ run }) => {
        if (engine === 'native') {
          const loop = await run('echo aXb | sed ":a;s/X/XX/;ta" | wc -c')
          expect(loop.limited?.join()).toMatch(/sed: .*limit \(1000\) reached/)
          const deep = await run('f() { f; }; f; echo on')
          expect([deep.code, deep.limited]).toEqual([1, ['maximum function depth exceeded (16)']])
          const range = await run('echo {1..20000} | wc -w')
          expect(range.limited).toEqual(['brace range {1..20000}: not expanded, over 10000 words'])
          const whole = await run('seq 3000000 | tail -1; head -c 3000000 /dev/zero | wc -c')
          expect([whole.out, whole.limited]).toEqual(['3000000\n3000000\n', undefined])
          const doubling = await run('x=a; while :; do x=$x$x; done; echo $x')
          expect(doubling.limited?.join()).toMatch(/memory limit exceeded/)
          return
        }
        const cut = await run('seq 100000000 | tail -1')
        expect(cut.limited?.join()).toMatch(/seq: iteration limit exceeded/)
        const range = await run('echo {1..20000} | wc -w')
        expect(range.limited).toEqual(['brace range {1..20000}: cut to 10000 words'])
        expect((await run('echo {1..10000} | wc -w')).limited).toBeUndefined()
        const doubling = await run('x=a; while :; do x=$x$x; done')
        expect(doubling.limited?.join()).toMatch(/string length limit exceeded/)
      }))

    it('reaches no network', () =>
      onVirtualGround(async ({ run }) => {
        const { err, code } = await run('curl -s http://127.0.0.1:9/')
        expect(code).toBe(127)
        expect(err).toMatch(/^bash: (line 1: )?curl: command not found/)
        expect((await run('wget x')).code).toBe(127)
        expect((await run('echo > /dev/tcp/127.0.0.1/9')).code).not.toBe(0)
      }))

    it('runs while others of the same shell run', () =>
      onVirtualGround(async ({ run }) => {
        const all = await Promise.all([1, 2, 3].map((n) => run(`sleep 0.2; echo ${n}`)))
        expect(all.map(({ out }) => out)).toEqual(['1\n', '2\n', '3\n'])
      }))

    it('leaves the old contents of a file or the new when it is ended, never half', () =>
      onVirtualGround(async ({ root, run }) => {
        const whole = ['a', 'b'].map((letter) => letter.repeat(3_000_000))
        for (const [index, text] of whole.entries()) writeFileSync(join(root, `${index}`), text)
        const script = 'while :; do cp 1 f; cp 0 f; done'
        for (let round = 0; round < 8; round++) {
          const { ended } = await run(script, { timeoutMs: 60 + 13 * round })
          expect(ended).toBe('timeout')
          if (existsSync(join(root, 'f')))
            expect(whole.includes(readFileSync(join(root, 'f'), 'utf8'))).toBe(true)
        }
        // On a busy machine none of these rounds may have come to the end of a copy.
        for (let ms = 500; !existsSync(join(root, 'f')) && ms < 10_000; ms *= 2)
          await run(script, { timeoutMs: ms })
        expect(existsSync(join(root, 'f'))).toBe(true)
      }))

    it('is refused without a workspace, whose path is not named', () =>
      onVirtualGround(
        async ({ run }) => {
          const error = await run('echo').catch((error: Error) => error)
          expect(error).toMatchObject({ code: 'RUNTIME_ERROR', details: { systemCode: 'ENOENT' } })
          expect(JSON.stringify(error) + (error as Error).message).not.toContain('nowhere')
        },
        {},
        { root: '/nowhere/at/all' },
      ))

    it('ends when its shell is closed', () =>
      onVirtualGround(async ({ shell, run }) => {
        const running = run('while :; do :; done')
        await new Promise((resolve) => setTimeout(resolve, 300))
        await shell.close()
        expect(await running).toMatchObject({ code: 130, ended: 'cancelled' })
        await expect(run('echo')).rejects.toMatchObject({ code: 'DISPOSED' })
        await shell.close()
      }))
  })

  describe('what the host gives a virtual script', () => {
    const greet = {
      name: 'greet',
      async execute(args: string[], context: object) {
        const { stdin, cwd, env, fs, exec, runtime } = context as {
          stdin: string
          cwd: string
          env: Map<string, string>
          fs: { writeFile(path: string, text: string): Promise<void> }
          exec(script: string): Promise<{ stdout: string }>
          runtime: { name: string }
        }
        await fs.writeFile('/made', 'by the host')
        const inner = await exec('echo from $PWD; cat made')
        const words = [args.join('+'), stdin.trim(), cwd, env.get('A'), runtime.name, inner.stdout]
        return { stdout: `${words.join('|')}\n`, stderr: '', exitCode: 3 }
      },
    }

    it('is commands, which may use the file system and run scripts', () =>
      onVirtualGround(
        async ({ run }) => {
          const { out, code } = await run('export A=1; echo in | greet a "b c"; echo $?')
          expect(out).toBe('a+b c|in|/|1|outer|from /\nby the host\n3\n')
          expect(code).toBe(0)
        },
        { customCommands: [greet] },
        { runtime: { name: 'outer', root: '/' } },
      ))

    it('is commands, which see the facts of files', () =>
      onVirtualGround(
        async ({ root, run }) => {
          writeFileSync(join(root, 'a'), 'abc')
          utimesSync(join(root, 'a'), 1, 2)
          expect((await run('facts /a; facts / | head -c 4')).out).toBe('file 3 2000\nnone')
        },
        {
          customCommands: [
            {
              name: 'facts',
              execute: async ([path = '']: string[], { fs }: { fs: Files }) => {
                const { isFile, size, mtime } = await fs.stat(path)
                const stdout = isFile ? `file ${size} ${mtime.getTime()}\n` : 'none'
                return { stdout, stderr: '', exitCode: 0 }
              },
            },
          ],
        },
      ))

    it('is commands that a deadline does not wait for, and that hear of it', async () => {
      let signal: AbortSignal | undefined
      const slow = {
        name: 'slow',
        execute: (_: string[], context: { signal: AbortSignal }) => {
          signal = context.signal
          return new Promise(() => {})
        },
      }
      await onVirtualGround(
        async ({ run }) => {
          expect(await run('slow', { timeoutMs: 2_000 })).toMatchObject({ ended: 'timeout' })
          expect(signal?.aborted).toBe(true)
          expect((await run('echo on')).out).toBe('on\n')
        },
        { customCommands: [slow] },
      )
    })

    it('is commands whose failure is the failure of the command', () =>
      onVirtualGround(
        async ({ run }) => {
          const { out } = await run('broken 2> e; echo $?; echo on')
          expect(out).toBe('1\non\n')
        },
        {
          customCommands: [
            {
              name: 'broken',
              load: async () => ({ execute: async () => Promise.reject(new Error('no')) }),
            },
          ],
        },
      ))

    it('is a file system of its own', async () => {
      if (engine === 'native') {
        const refused = { code: 'INVALID_ARGUMENT', details: { field: 'justBash.filesystem' } }
        const justBash = { filesystem: { readFile: async () => '' } }
        await expect(onVirtualGround(async () => {}, justBash)).rejects.toMatchObject(refused)
        return
      }
      const files = new Map([['/hello', 'from the host\n']])
      const missing = (path: string) => Promise.reject(new Error(`ENOENT: no such file, '${path}'`))
      const stat = async (path: string) => {
        if (path !== '/' && !files.has(path)) return missing(path)
        const isFile = files.has(path)
        const facts = { isFile, isDirectory: !isFile, isSymbolicLink: false, mode: 0o644, size: 1 }
        return { ...facts, mtime: new Date(0) }
      }
      const filesystem = {
        readFile: async (path: string) => files.get(path) ?? missing(path),
        readFileBuffer: async (path: string) =>
          Buffer.from(files.get(path) ?? (await missing(path))),
        writeFile: async (path: string, text: string) => void files.set(path, String(text)),
        exists: async (path: string) => path === '/' || files.has(path),
        stat,
        lstat: stat,
        readdir: async () => [...files.keys()].map((path) => path.slice(1)),
        realpath: async (path: string) => path,
      }
      await onVirtualGround(
        async ({ root, run }) => {
          expect((await run('cat hello; echo new > made; ls')).out).toBe(
            'from the host\nhello\nmade\n',
          )
          expect(files.get('/made')).toBe('new\n')
          expect(readdirSync(root)).toEqual([])
        },
        { filesystem },
      )
    })

    it('is files, and memory instead of the workspace', () =>
      onVirtualGround(
        async ({ root, run }) => {
          expect((await run('cat d/a; echo b > d/b; ls d')).out).toBe('seeda\nb\n')
          expect((await run('ls d')).out).toBe('a\nb\n')
          expect(readdirSync(root)).toEqual([])
        },
        { filesystem: 'memory', files: { 'd/a': 'seed' } },
      ))

    it('is refused where it is wrong', async () => {
      const wrong: [object, string][] = [
        [{ nope: 1 }, 'justBash.nope'],
        [{ python: 'yes' }, 'justBash.python'],
        [{ env: { A: 1 } }, 'justBash.env'],
        [{ customCommands: [{ name: 'x' }] }, 'justBash.customCommands'],
        [{ network: { allowedUrlPrefixes: [() => 1] } }, 'justBash.network.allowedUrlPrefixes[0]'],
        [{ session: engine === 'native' ? 'yes' : true }, 'justBash.session'],
        [{ engine: 'other' }, 'justBash.engine'],
      ]
      for (const [justBash, field] of wrong) {
        await expect(onVirtualGround(async () => {}, justBash)).rejects.toMatchObject({
          code: 'INVALID_ARGUMENT',
          details: { field },
        })
      }
    })
  })
})

describe('the engine that is taken', () => {
  const signs = 'type -t mktemp; echo $BASH_VERSION'

  it('is the native one where it is there, unless what is asked for needs the other', async () => {
    const [first] = ENGINES
    const said = async (justBash: object) => {
      let out = ''
      await onVirtualGround(async ({ run }) => {
        out = (await run(signs)).out
      }, justBash)
      return out
    }
    const [native, other] = [await said({ engine: first }), await said({ engine: 'just-bash' })]
    expect(await said({})).toBe(native)
    expect(await said({ engine: 'auto' })).toBe(native)
    const beyond = [{ network: { allowedUrlPrefixes: [] } }, { python: true }]
    for (const justBash of beyond) expect(await said(justBash)).toBe(other)
  })

  it('refuses what only the other one has', async () => {
    if (!ENGINES.includes('native')) return
    for (const [name, value] of Object.entries({ python: true, network: {} })) {
      const refused = { code: 'INVALID_ARGUMENT', details: { field: `justBash.${name}` } }
      const justBash = { engine: 'native', [name]: value }
      await expect(onVirtualGround(async () => {}, justBash)).rejects.toMatchObject(refused)
    }
  })

  it('keeps the state of a shell where that is asked for', async () => {
    if (!ENGINES.includes('native')) return
    const justBash = { engine: 'native', session: true }
    await onVirtualGround(async ({ run }) => {
      await run('x=1; f() { echo "f $x"; }; mkdir d; cd d; false')
      expect((await run('f; pwd')).out).toBe('f 1\n/d\n')
      expect((await run('sleep 9', { timeoutMs: 50 })).ended).toBe('timeout')
      expect((await run('echo "[$x]"; pwd')).out).toBe('[]\n/\n')
    }, justBash)
  })
})

describe('the package without its peer', () => {
  it('says how to get it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'runlet-no-peer-'))
    try {
      // Without such a folder, Bun would look for the package in the registry.
      mkdirSync(join(folder, 'node_modules'))
      const filter = (path: string) => !/\.node$|runlet-(engine|bash)$/.test(path)
      cpSync(dist, join(folder, 'dist'), { recursive: true, filter })
      const script = `
        const { openVirtualShell } = require('./dist/workspace/virtual.js')
        try {
          openVirtualShell({ root: '/', justBash: {}, maxOutputBytes: 1, maxFileBytes: 1 })
        } catch (error) { console.log(error.code, error.message) }`
      const options = { cwd: folder, encoding: 'utf8' as const }
      const { stdout } = spawnSync(process.execPath, ['-e', script], options)
      expect(stdout).toBe(
        'RUNTIME_NOT_FOUND the virtual shell needs an engine: the program runlet-bash, which the ' +
          'package of this platform brings, or the package just-bash ("npm install just-bash", ' +
          'version 3.4.2 or later)\n',
      )
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe('a process with a virtual shell', () => {
  const options = JSON.stringify({ maxOutputBytes: 1e6, maxFileBytes: 1e6, justBash: {} })
  const body = `
    const shell = openVirtualShell({ ...${options}, root: process.cwd() })
    const { out } = await shell.exec('echo from the shell', { timeoutMs: 20000 })
    console.log(out.trim())`
  const file = JSON.stringify(join(dist, 'workspace', 'virtual.js'))

  it.each([
    ['CommonJS', 'cjs', `const { openVirtualShell } = require(${file}); (async () => {${body}})()`],
    ['a module', 'mjs', `import v from ${file}\nconst { openVirtualShell } = v\n${body}`],
  ])('may be %s, and ends though the shell is open', (_, extension, text) => {
    const folder = mkdtempSync(join(tmpdir(), 'runlet-caller-'))
    try {
      writeFileSync(join(folder, `caller.${extension}`), text)
      const started = { cwd: folder, encoding: 'utf8' as const, timeout: 20_000 }
      const { stdout, status } = spawnSync(process.execPath, [`caller.${extension}`], started)
      expect([status, stdout]).toEqual([0, 'from the shell\n'])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

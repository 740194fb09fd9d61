import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import {
  type BashInput,
  type BashResult,
  type BuiltInRuntime,
  type CodeletRunner,
  capabilities,
  createCodeletRunner,
  createRuntime,
  createToolRuntime,
  type JustBashOptions,
  type RuntimeOptions,
  type ToolRuntime,
} from 'runlet'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'runlet-commands-')))
const SECRET = 'nobody must read this'
writeFileSync(join(folder, 'secret.txt'), SECRET)
writeFileSync(
  join(folder, 'tools.mjs'),
  `import { readFileSync } from 'node:fs'
export const greet = ({ name = 'nobody' }) => 'hello ' + name
export const add = ({ a, b }) => ({ sum: a + b, types: typeof a })
export const echo = (input) => ({ input })
export const fail = () => { throw new Error('it broke') }
export const open = () => readFileSync(${JSON.stringify(join(folder, 'no such file'))})
export const slow = () => new Promise(() => setInterval(() => {}, 1_000))`,
)

let opened: ToolRuntime | undefined
function tools(): ToolRuntime {
  opened ??= createToolRuntime({
    entrypointPath: join(folder, 'tools.mjs'),
    enforcement: 'best-effort',
  })
  return opened
}

afterAll(async () => {
  await opened?.dispose()
  rmSync(folder, { recursive: true, force: true })
})

interface Ground {
  readonly root: string
  bash(command: string, more?: Partial<BashInput>): Promise<BashResult>
  /** What a command prints that must not fail. */
  out(command: string): Promise<string>
}

/** Waits until no codelet and no tool runs any more; only a hang lasts. */
async function allIdle(): Promise<void> {
  const idle = createCodeletRunner()
  for (let turn = 0; turn < 400; turn += 1) {
    const running = tools().stats().running
    if (running === 0 && (await threadsAreFree(idle))) return idle.dispose()
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error('something still runs')
}

/** A codelet on each thread at once, which none that is busy would start. */
async function threadsAreFree(runner: CodeletRunner): Promise<boolean> {
  const runs = Array.from({ length: runner.stats().threads }, () =>
    runner.run({ type: 'string', code: 'export default () => 1' }, { timeout_ms: 1_000 }),
  )
  return (await Promise.all(runs)).every(({ ok, usage }) => ok && usage.queueWaitMs < 500)
}

let grounds = 0

type OnGround = (
  justBash: JustBashOptions,
  work: (ground: Ground) => Promise<void>,
  more?: Partial<RuntimeOptions>,
) => Promise<void>

const withGround: OnGround = async (justBash, work, more = {}) => {
  grounds += 1
  const root = join(folder, `workspace-${grounds}`)
  mkdirSync(root)
  const runtime = createRuntime({ root, justBash, ...more })
  const bash: Ground['bash'] = (command, input) =>
    (runtime as BuiltInRuntime).bash({ command, ...input })
  const out = async (command: string) => {
    const { code, out, err } = await bash(command)
    expect([command, code, err]).toEqual([command, 0, ''])
    return out
  }
  try {
    await work({ root, bash, out })
  } finally {
    await runtime.close()
  }
}

const JAVASCRIPT = { javascript: true }

const ENGINES = ['just-bash', 'native'] as const
const hasNative = existsSync(join(__dirname, '../../dist/runlet-bash'))
if (!hasNative) console.log('not checked with the native engine: dist/runlet-bash is not built')

describe.each(ENGINES.filter((engine) => hasNative || engine === 'just-bash'))(
  'on %s',
  (engine) => {
    const onGround: OnGround = (justBash, ...rest) => withGround({ engine, ...justBash }, ...rest)

    describe('js and tool in a virtual shell', () => {
      it('say which option is missing, in the shell, and run nothing', () =>
        onGround({}, async ({ bash }) => {
          const { code, out, err } = await bash(
            `js -e 'console.log(1)'; echo $?; tool greet; echo $?`,
          )
          expect([code, out]).toEqual([0, '127\n127\n'])
          expect(err).toBe(
            'js: not enabled: the host grants it with justBash.javascript\n' +
              'tool: not enabled: the host grants it with justBash.tools\n',
          )
          expect((await bash('node -e 1')).err).toContain('node: command not found')
          expect((await bash('js-exec -e 1')).err).toContain('js-exec: command not found')
        }))

      it('leave their names to the caller where they are not granted', async () => {
        const js = {
          name: 'js',
          execute: async () => ({ stdout: 'mine\n', stderr: '', exitCode: 0 }),
        }
        await onGround({ customCommands: [js] }, async ({ out }) => {
          expect(await out('js')).toBe('mine\n')
        })
        await onGround({ ...JAVASCRIPT, customCommands: [js] }, async ({ bash }) => {
          const { error } = await bash('js')
          expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' })
          expect(error?.details).toMatchObject({ field: 'justBash.customCommands' })
        })
      })

      it.each([
        [{ javascript: 'yes' }, 'javascript'],
        [{ javascript: { memory: 1 } }, 'javascript.memory'],
        [{ javascript: { memoryLimitBytes: 1 } }, 'javascript.memoryLimitBytes'],
        [{ javascript: { isolation: 'none' } }, 'javascript.isolation'],
        [{ javascript: { invokeTool: 1 } }, 'javascript.invokeTool'],
        [{ javascript: { bootstrap: 1 } }, 'javascript.bootstrap'],
        [{ tools: true }, 'tools'],
        [{ tools: {} }, 'tools.runtime'],
        [{ tools: { runtime: {} } }, 'tools.runtime'],
        [{ tools: { runtime: { executeTool() {}, listTools() {} }, allow: 'a' } }, 'tools.allow'],
        [{ tools: { runtime: { executeTool() {}, listTools() {} }, only: [] } }, 'tools.only'],
      ])('refuse %j', (justBash, field) =>
        onGround(justBash as JustBashOptions, async ({ bash }) => {
          const { error } = await bash('true')
          expect([error?.code, error?.details?.field]).toEqual([
            'INVALID_ARGUMENT',
            `justBash.${field}`,
          ])
        }),
      )
    })

    describe('js', () => {
      it('prints a value: a text as it is, anything else as JSON, nothing for nothing', () =>
        onGround(JAVASCRIPT, async ({ out }) => {
          const programs = [
            '1 + 1',
            '"text"',
            '"line\\n"',
            '({ a: [1, null] })',
            'null',
            'undefined',
          ]
          programs.push(
            '"Ã©é🙂"',
            'Promise.resolve(3)',
            'await 4',
            'const a = 5; return a',
            'const b = 6',
          )
          for (const [index, program] of programs.entries()) {
            expect(await out(`js -e '${program}'`)).toBe(
              [
                '2\n',
                'text\n',
                'line\n',
                '{"a":[1,null]}\n',
                'null\n',
                '',
                'Ã©é🙂\n',
                '3\n',
                '4\n',
                '5\n',
                '',
              ][index],
            )
          }
          expect(await out(`js -e '"Ã©é"' | wc -c`)).toBe('7\n')
        }))

      it('has the console on both streams', () =>
        onGround(JAVASCRIPT, async ({ bash }) => {
          const program =
            'console.log("a", 1); console.error("b"); console.warn("c"); console.info("d"); return "e"'
          const { code, out, err } = await bash(`js -e '${program}'`)
          expect([code, out, err]).toEqual([0, 'a 1\nd\ne\n', 'b\nc\n'])
        }))

      it('gets arguments, input, directory and exported variables', () =>
        onGround(JAVASCRIPT, async ({ out }) => {
          expect(await out(`printf 'é in' | js -e '[args, stdin]' a "b c" '' -e`)).toBe(
            '[["a","b c","","-e"],"é in"]\n',
          )
          const script = `mkdir -p d; cd d; export A=x B='y z'; C=c; js -e '[cwd, env.A, env.B, env.C]'`
          expect(await out(script)).toBe('["/d","x","y z",null]\n')
          expect(await out(`node -e 'process.argv.slice(2).join()' 1 2`)).toBe('1,2\n')
        }))

      it('runs files of the script, modules and TypeScript, and what comes on stdin', () =>
        onGround(JAVASCRIPT, async ({ root, out, bash }) => {
          writeFileSync(join(root, 'a.js'), '#!/usr/bin/env node\nreturn args.join("+")')
          writeFileSync(
            join(root, 'm.mjs'),
            'const twice = (n) => 2 * n\nexport default ({ args }) => args.map(Number).map(twice)',
          )
          writeFileSync(
            join(root, 't.ts'),
            'const n: number = Number(args[0] as string)\nreturn n + 1',
          )
          expect(await out('js a.js x y')).toBe('x+y\n')
          expect(await out('mkdir d; cd d; js-exec ../m.mjs 1 2')).toBe('[2,4]\n')
          expect(await out('node t.ts 41')).toBe('42\n')
          expect(await out('echo "return args" > /tmp/t.js; js /tmp/t.js 1')).toBe('["1"]\n')
          expect(await out('echo "6 * 7" | js')).toBe('42\n')
          expect(await out('echo args | js - x')).toBe('["x"]\n')
          expect(await out('js <<< "[1].length"')).toBe('1\n')
          const missing = await bash('js nope.js')
          expect([missing.code, missing.err]).toEqual([
            1,
            'js: nope.js: No such file or directory\n',
          ])
          expect((await bash('js d')).err).toBe('js: d: Is a directory\n')
          for (const wrong of ['js', 'js -e', 'js --nope']) {
            const { code, err } = await bash(wrong)
            expect([wrong, code]).toEqual([wrong, 2])
            expect(err).toContain('usage: js')
          }
        }))

      it('works in pipes, substitutions, loops and the background', () =>
        onGround({ ...JAVASCRIPT, tools: tools() }, async ({ out }) => {
          const pipe = `seq 3 | js -e 'stdin.trim().split("\\n").map((n) => n * n).join("\\n")' | tail -1`
          expect(await out(pipe)).toBe('9\n')
          expect(await out(`x=$(js -e '"a b"'); echo "[$x]"`)).toBe('[a b]\n')
          expect(await out(`for i in 1 2 3; do js -e 'args[0] * 10' $i; done`)).toBe('10\n20\n30\n')
          const reading = `printf 'a\\nb\\n' | while read -r x; do tool greet name=$x < /dev/null; done`
          expect(await out(reading)).toBe('{"value":"hello a"}\n{"value":"hello b"}\n')
          expect(await out(`js -e '"one"' > f & wait; cat f; echo two`)).toBe('one\ntwo\n')
          expect(await out(`tool add a:=1 b:=2 | js -e 'JSON.parse(stdin).sum'`)).toBe('3\n')
          expect(await out(`js -e '({ a: 2, b: 3 })' | tool add | jq .sum`)).toBe('5\n')
          expect(await out(`if js -e 'throw 1' 2> /dev/null; then echo y; else echo n; fi`)).toBe(
            'n\n',
          )
        }))

      it.each([
        [
          'let a = 1\nlet b = ;',
          'SyntaxError: unexpected token in expression',
          '(line 2, column 9)',
        ],
        ['let a = 1\na()', 'TypeError: not a function', '(line 2, column 1)'],
        ['throw new RangeError("too far")', 'RangeError: too far', '(line 1, column 11)'],
        ['export const main = () => nope', 'ReferenceError: nope is not', '(line 1, column 27)'],
        ['throw { a: 1 }', 'the codelet threw', ''],
        ['require("fs")', 'POLICY_VIOLATION: require of "fs" is denied', ''],
        ['import x from "./x.js"', 'POLICY_VIOLATION: import of "./x.js" is denied', ''],
        ['files.read("nope")', 'HOST_CALL_ERROR: nope: No such file or directory', ''],
        ['() => 1', 'the result is a function or a symbol', ''],
      ])('tells why %j has no value, and where', (program, message, place) =>
        onGround({ javascript: { bootstrap: 'const given = 1' } }, async ({ bash, root }) => {
          writeFileSync(join(root, 'p.js'), program)
          const { code, out, err } = await bash('js p.js')
          expect([code, out]).toEqual([1, ''])
          expect(err).toMatch(/^js: .*\n$/)
          expect(err).toContain(message)
          expect(err).toContain(place)
          expect(err).not.toContain(folder)
          expect(err).not.toMatch(/allow\.|`modules`/)
        }),
      )

      it('says what it left out of what was printed', () =>
        onGround(JAVASCRIPT, async ({ bash }) => {
          const { code, out, err } = await bash(`js -e 'console.log("x".repeat(20000))' | wc -c`)
          expect(code).toBe(0)
          expect(Number(out)).toBeLessThan(20_000)
          expect(err).toMatch(/^js: console: \d+ bytes were left out; return long texts\n$/)
          expect((await bash(`js -e '"x".repeat(3000000)' | wc -c`)).out).toBe('3000001\n')
        }))

      it('reads a text that is all blanks at once, and none that is too long', () =>
        onGround(JAVASCRIPT, async ({ root, bash, out }) => {
          for (const blank of ['\n', ' ', '\n ', 'import ']) {
            writeFileSync(join(root, 'blank.js'), blank.repeat(900_000 / blank.length))
            await bash('js blank.js', { timeoutMs: 20_000 })
          }
          writeFileSync(join(root, 'blank.js'), '\n'.repeat(900_000))
          expect(await out('js blank.js')).toBe('')
          const { code, err } = await bash(
            'cat blank.js blank.js | js -e "1" ; cat blank.js blank.js <(echo 1) | js',
          )
          expect([code, err]).toEqual([1, 'js: a program has at most 1048576 bytes\n'])
        }))

      it('runs code of the host before each program', () =>
        onGround(
          { javascript: { bootstrap: 'const twice = (n) => 2 * n' } },
          async ({ root, out }) => {
            writeFileSync(join(root, 'm.js'), 'export default () => twice(4)')
            expect(await out('js -e "twice(3)"; js m.js')).toBe('6\n8\n')
          },
        ))
    })

    describe('the files of a codelet', () => {
      it('are those of the script, from its directory', () =>
        onGround(JAVASCRIPT, async ({ root, out }) => {
          const program = `
        await files.write('sub/a.txt', 'héllo\\n')
        await files.write('/tmp/t', 'in memory')
        await files.write('b.bin', 'AP+A', 'base64')
        await files.mkdir('x/y')
        const facts = [await files.ls('sub'), await files.stat('sub/a.txt'), await files.stat('x')]
        const there = [await files.exists('x/y'), await files.exists('nope')]
        await files.rm('x', { recursive: true })
        return [facts, there, await files.ls(), await files.read('b.bin', 'base64'), cwd]`
          expect(
            await out(`mkdir d; cd d; js -e "${program.replace(/"/g, "'")}"; cat /tmp/t`),
          ).toBe(
            '[[["a.txt"],{"type":"file","size":7},{"type":"directory","size":' +
              `${statSync(root).size}}],[true,false],["b.bin","sub"],"AP+A","/d"]\nin memory`,
          )
          expect(readFileSync(join(root, 'd/sub/a.txt'), 'utf8')).toBe('héllo\n')
          expect(readFileSync(join(root, 'd/b.bin'))).toEqual(Buffer.from([0, 255, 128]))
          expect(existsSync(join(root, 'tmp'))).toBe(false)
        }))

      it('are none of the host', () =>
        onGround(JAVASCRIPT, async ({ root, bash }) => {
          symlinkSync(join(folder, 'secret.txt'), join(root, 'link'))
          symlinkSync(folder, join(root, 'up'))
          const paths = ['../secret.txt', join(folder, 'secret.txt'), 'link', 'up/secret.txt']
          const all = [...paths, '/proc/self/environ', '/../../etc/passwd']
          for (const path of all) {
            const read = await bash(`js -e 'files.read(args[0])' '${path}'; js '${path}'`)
            expect([path, read.out]).toEqual([path, ''])
            expect(read.err).toMatch(/No such file|Permission denied|Too many/)
          }
          for (const path of all) {
            const write = await bash(`js -e 'files.write(args[0], "x")' '${path}'`)
            expect(write.err).not.toContain(`${folder}/workspace`)
          }
          expect(readFileSync(join(folder, 'secret.txt'), 'utf8')).toBe(SECRET)
          expect((await bash(`js -e 'files.read("a\\0b")'; js -e 'files.read(1)'`)).err).toMatch(
            /(js: HOST_CALL_ERROR: a path must be a text that is not empty.*\n){2}/,
          )
        }))

      it('are no larger than files of the workspace may be', () =>
        onGround(
          JAVASCRIPT,
          async ({ root, bash }) => {
            writeFileSync(join(root, 'large'), 'x'.repeat(1001))
            const { code, err } = await bash(`js -e 'files.read("large")'`)
            expect([code, err]).toEqual([1, expect.stringContaining('large: File too large')])
            expect((await bash(`js -e 'files.write("a", "x".repeat(1001))'`)).err).toContain(
              'a: File too large',
            )
          },
          { limits: { maxFileBytes: 1000 } },
        ))

      it('are used under the place that the script holds, so that none waits for itself', () =>
        onGround(
          { ...JAVASCRIPT, tools: tools() },
          async ({ out }) => {
            const script = `js -e 'files.write("a", "b")'; js -e 'files.read("a")'; tool greet`
            expect(await out(script)).toBe('b\n{"value":"hello nobody"}\n')
          },
          { maxConcurrent: 1, queueTimeoutMs: 2_000 },
        ))

      it('are those of memory where the script has no others', () =>
        onGround(
          { ...JAVASCRIPT, filesystem: 'memory', files: { a: 'seed' } },
          async ({ root, out }) => {
            expect(
              await out(`js -e 'await files.write("b", await files.read("a")); return 1'; cat b`),
            ).toBe('1\nseed')
            expect(readdirSync(root)).toEqual([])
          },
        ))
    })

    describe('the limits of a codelet in a script', () => {
      it('are the time that is left of the command, and the rest of it is free again', () =>
        onGround(JAVASCRIPT, async ({ bash, out }) => {
          const began = performance.now()
          const endless = await bash(`sleep 0.2; js -e 'for (;;);'`, { timeoutMs: 600 })
          expect([endless.code, endless.error?.code]).toEqual([124, 'TIMEOUT'])
          const waiting = await bash(`js -e 'new Promise(() => setInterval(() => {}, 50))'`, {
            timeoutMs: 300,
          })
          expect(waiting.code).toBe(124)
          expect(performance.now() - began).toBeLessThan(10_000)
          expect(await out('js -e 1')).toBe('1\n')
          await allIdle()
        }))

      it('are the time of `timeout` in a script, which goes on', () =>
        onGround({ ...JAVASCRIPT, tools: tools() }, async ({ root, bash }) => {
          for (const command of [`js -e 'for (;;);'`, 'tool slow']) {
            const file = join(root, 'code')
            rmSync(file, { force: true })
            const controller = new AbortController()
            const script = `timeout 0.3 ${command}; echo $? > code; sleep 60`
            const running = bash(script, { signal: controller.signal })
            // The file is there before its content is.
            const isTold = () => existsSync(file) && readFileSync(file, 'utf8') !== ''
            for (let turn = 0; turn < 400 && !isTold(); turn += 1) {
              await new Promise((resolve) => setTimeout(resolve, 25))
            }
            await allIdle()
            expect([command, readFileSync(file, 'utf8')]).toEqual([command, '124\n'])
            controller.abort()
            expect((await running).code).toBe(130)
            await allIdle()
          }
        }))

      it('are the signal of the command', () =>
        onGround({ ...JAVASCRIPT, tools: tools() }, async ({ bash }) => {
          for (const command of [`js -e 'for (;;);'`, 'tool slow']) {
            const controller = new AbortController()
            const running = bash(command, { signal: controller.signal })
            setTimeout(() => controller.abort(), 300)
            expect([command, (await running).code]).toEqual([command, 130])
          }
          await allIdle()
        }))

      it('are memory, which the script outlives', () =>
        onGround({ javascript: { memoryLimitBytes: 4 * 1024 * 1024 } }, async ({ bash, out }) => {
          const hoard = `js -e 'const all = []; for (;;) all.push("x".repeat(1000) + all.length)'`
          const { code, out: printed, err } = await bash(`${hoard} 2> e; echo $?; cat e`)
          expect([code, err]).toEqual([0, ''])
          expect(printed).toMatch(
            /^1\njs: MEMORY_LIMIT: .*justBash\.javascript\.memoryLimitBytes \(4194304\)/,
          )
          expect(await out('js -e "x" 2> e || js -e 2')).toBe('2\n')
        }))

      it('may be a process of its own', () =>
        onGround({ javascript: { isolation: 'process' } }, async ({ bash }) => {
          const { out, err } = await bash(
            `js -e 'files.write("a", "b").then(() => files.read("a"))'`,
          )
          if (capabilities().processIsolation) expect([out, err]).toEqual(['b\n', ''])
          else expect(err).toMatch(/^js: /)
        }))
    })

    describe('tool', () => {
      it('takes JSON, words or stdin, and prints JSON', () =>
        onGround({ tools: tools() }, async ({ out }) => {
          expect(await out('tool --list')).toBe('add\necho\nfail\ngreet\nopen\nslow\n')
          expect(await out(`tool greet '{"name": "Ada"}'`)).toBe('{"value":"hello Ada"}\n')
          expect(await out('tool greet name=Ada=x')).toBe('{"value":"hello Ada=x"}\n')
          expect(await out(`tool echo a=1 b:=2 c:='{"d":[null]}' __proto__=x`)).toBe(
            '{"input":{"a":"1","b":2,"c":{"d":[null]},"__proto__":"x"}}\n',
          )
          expect(await out(`echo '{"a":1,"b":2}' | tool add`)).toBe('{"sum":3,"types":"number"}\n')
          expect(await out(`echo '{"a":1,"b":3}' | tool add -`)).toBe(
            '{"sum":4,"types":"number"}\n',
          )
          expect(await out('tool greet')).toBe('{"value":"hello nobody"}\n')
          expect(await out('echo "[1]" | tool echo')).toBe('{"input":[1]}\n')
        }))

      it('fails with the code of the error on stderr, and 1', () =>
        onGround({ tools: tools() }, async ({ bash }) => {
          const failed = await bash('tool fail')
          expect([failed.code, failed.out]).toEqual([1, ''])
          expect(failed.err).toMatch(/^tool: RUNTIME_ERROR: .*it broke\n$/)
          const missing = await bash('tool nope')
          expect(missing.code).toBe(1)
          expect(missing.err).toMatch(/^tool: INVALID_ARGUMENT: .*nope/)
          const { err } = await bash('tool open')
          expect(err).toMatch(/^tool: [A-Z_]+: /)
          expect(err).not.toContain(folder)
          for (const wrong of [
            'tool',
            'tool -x',
            'tool add x',
            'tool add a=1 b',
            'tool add a:=x',
          ]) {
            expect([wrong, (await bash(wrong)).code]).toEqual([wrong, 2])
          }
          expect((await bash('echo nothing | tool add')).err).toBe('tool: add: stdin is not JSON\n')
          expect((await bash('tool add a=1 a=2')).err).toBe('tool: add: a is given twice\n')
        }))

      it('knows only what was named, if something was', () =>
        onGround(
          { ...JAVASCRIPT, tools: { runtime: tools(), allow: ['greet'] } },
          async ({ bash, out }) => {
            expect(await out('tool --list; tool greet')).toBe('greet\n{"value":"hello nobody"}\n')
            const refused = 'tool: POLICY_VIOLATION: "add" is not granted\n'
            expect(await bash('tool add a:=1 b:=1')).toMatchObject({
              code: 1,
              out: '',
              err: refused,
            })
            const inCodelet = await bash(`js -e 'tools.add({ a: 1, b: 1 })'`)
            expect(inCodelet.err).toContain('POLICY_VIOLATION: "add" is not granted')
            expect(inCodelet.code).toBe(1)
          },
        ))

      it('is there for codelets as well', () =>
        onGround({ ...JAVASCRIPT, tools: tools() }, async ({ root, out, bash }) => {
          expect(await out(`js -e 'tools.add({ a: 20, b: 22 })' | jq .sum`)).toBe('42\n')
          writeFileSync(join(root, 'm.js'), 'export default (_, { tools }) => tools.greet({})')
          expect(await out('js m.js')).toBe('{"value":"hello nobody"}\n')
          const { err } = await bash(`js -e 'tools.fail()'`)
          expect(err).toContain('HOST_CALL_ERROR: RUNTIME_ERROR: ')
          expect(err).toContain('it broke')
        }))

      it('is what the host answers, where it gave a function', () =>
        onGround(
          {
            javascript: {
              invokeTool: async (path, args) => {
                if (path === 'fails') throw new Error(`a fault in ${folder}`)
                return path === 'nothing' ? '' : JSON.stringify([path, args])
              },
            },
          },
          async ({ out, bash }) => {
            expect(await out(`js -e 'tools.math.add({ a: 1 })'`)).toBe(
              '["math.add","{\\"a\\":1}"]\n',
            )
            expect(await out(`js -e 'tools.list()'; js -e 'tools.nothing()'`)).toBe('["list",""]\n')
            const { code, err } = await bash(`js -e 'tools.fails()'`)
            expect(code).toBe(1)
            expect(err).not.toContain(folder)
          },
        ))

      it('leaves the runtime of the host as it is', async () => {
        await onGround({ tools: tools() }, async ({ out }) => void (await out('tool greet')))
        const { ok } = await tools().executeTool('greet', { input: {} })
        expect(ok).toBe(true)
      })
    })
  },
)

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { ENGINES, onVirtualGround } from './virtual-ground'

const MS = 300
/** Only a hang is longer; what it took is printed. */
const HANG_MS = 10_000

const many = (count: number, text: string) => text.repeat(count)

const scripts: Record<string, string> = {
  'an endless while': 'while :; do :; done',
  'an endless until': 'until false; do :; done',
  'an endless for': 'for ((;;)); do :; done',
  'a busy function': 'f() { while true; do g; done; }; g() { :; }; f',
  recursion: 'f() { f; }; f',
  'recursion that forks': 'f() { f | f & }; f',
  'a fork bomb': ':(){ :|:& };:',
  'an eval bomb': `e='eval "$e"'; eval "$e"`,
  'an eval that grows': `e='e="$e;$e"; eval "$e"'; eval "$e"`,
  'nested substitutions': `echo ${many(3000, '$(echo ')}x${many(3000, ')')}`,
  'nested parentheses': `${many(20_000, '(')}:${many(20_000, ')')}`,
  'nested braces': `echo ${many(5000, '{a,')}b${many(5000, '}')}`,
  'nested arithmetic': `echo $((${many(20_000, '(')}1${many(20_000, ')')}))`,
  'a brace bomb': `echo ${many(12, '{0,1,2,3,4,5,6,7,8,9}')}`,
  'a brace range': 'echo {1..1000000000}',
  'a doubled string': 'x=a; while :; do x=$x$x; done',
  'a growing array': 'while :; do a+=("$RANDOM$RANDOM$RANDOM"); done',
  'a growing string': 'x=; while :; do x+=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done',
  'a wide printf': 'printf "%1000000000s" x',
  'a flood': 'while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done',
  'a flood of errors': 'while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaa >&2; done',
  'a flood of files': 'i=0; while :; do echo $i > f$i; i=$((i+1)); done',
  'a file that grows': 'echo x > f; while :; do cat f f > g; cat g > f; done',
  yes: 'while echo y; do :; done | head -n 100000000',
  seq: 'seq 1 1000000000 | tail -1',
  'a giant here-document': `cat <<E | wc -c\n${many(500_000, 'line of text\n')}E`,
  'a glob bomb': `mkdir -p a/a/a/a a/b/a b/a/b; touch a/x b/y; echo ${many(30, '*/../')}*`,
  'a pattern bomb': `x=${many(3000, 'a')}; [[ $x == ${many(30, '*a')}b ]]`,
  'an extended pattern bomb': `shopt -s extglob; x=${many(60, 'a')}; [[ $x == +(+(+(a)))b ]]`,
  'a regex bomb': `[[ ${many(60, 'a')}b =~ ^(((a+)+)+)+$ ]]`,
  'a grep bomb': `echo ${many(60, 'a')}b | grep -E '^(a+)+$'`,
  'a sed bomb': `echo ${many(60, 'a')}b | sed -E 's/^(a|a)*$/x/'`,
  'a sed loop': 'echo a | sed ":a;s/a/aa/;ta"',
  'a sed loop without end': 'echo a | sed ":a;ba"',
  'an awk loop': 'awk "BEGIN { while (1) i++ }"',
  'an awk string': 'awk "BEGIN { s = \\"a\\"; while (1) s = s s }"',
  'an awk array': 'awk "BEGIN { while (1) a[i++] = i }"',
  'awk recursion': 'awk "function f(x) { return f(x+1) } BEGIN { f(1) }"',
  'a jq loop': `jq -n 'def f: f; f'`,
  'a jq range': `jq -n '[range(1e9) | tostring]'`,
  'a jq recursion': `jq -n 'def f: [f]; f'`,
  'deep json': `echo '${many(20_000, '[')}' | jq .`,
  'deep yaml': `printf '%s' '${many(5000, '{a: ')}' | yq .`,
  'xargs without end': 'seq 100000 | xargs -n 1 echo',
  'a slow sleep': 'sleep 1000',
  'many sleeps': 'sleep 1000 & sleep 1000 & wait',
  'a timeout of its own': 'timeout 1000 bash -c "while :; do :; done"',
  'a find of everything': 'while :; do find / -name "*x*"; done',
  'a self-reading loop': 'echo "echo hi >> f; source f" > f; source ./f',
  'a sort of much': 'seq 900000 | sort -r | sort -n | sort -R | wc -l',
  'a source of itself': 'echo ". ./s" > s; . ./s',
  'an alias of itself': 'shopt -s expand_aliases; alias a="a a"; a',
  'a variable bomb':
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's
    'a=0123456789; for i in 1 2 3 4 5 6 7 8 9; do a=$a$a$a$a$a$a$a$a; done; echo ${a//0/$a}',
  'a here-string loop': 'while :; do read x <<< "$x$x$RANDOM"; done',
  'a numbered descriptor flood': 'i=10; while :; do eval "exec $i> f$i"; i=$((i+1)); done',
  'a bad regex': `[[ x =~ ${many(1000, '(')} ]]; echo x | grep -E '${many(1000, 'a{1,99}')}'`,
  'a compressed bomb': 'printf "%30000000s" x | gzip | gzip -d | gzip | wc -c',
}

describe.each(ENGINES)('a hostile script on %s', (engine) => {
  it('ends, and the host goes on meanwhile', async () => {
    const rows: string[] = []
    let [longest, gap, last] = [0, 0, performance.now()]
    const heart = setInterval(() => {
      const now = performance.now()
      gap = Math.max(gap, now - last)
      last = now
    }, 1)
    await onVirtualGround(
      async ({ run }) => {
        for (const [name, script] of Object.entries(scripts)) {
          // Not what it takes to start a thread after the last one was ended.
          await run('rm -rf -- *')
          const started = performance.now()
          ;[gap, last] = [0, started]
          const got = await run(script, { timeoutMs: MS })
          const took = performance.now() - started
          longest = Math.max(longest, gap)
          const how = got.ended ?? got.error?.code ?? got.limited?.[0] ?? `exit code ${got.code}`
          rows.push(
            `${took.toFixed(0).padStart(6)} ms  gap ${gap.toFixed(0).padStart(3)}  ${name}: ${how}`,
          )
          expect([name, took < MS + HANG_MS]).toEqual([name, true])
          const after = await run('echo alive')
          expect([name, after.out]).toEqual([name, 'alive\n'])
        }
      },
      { engine },
    )
    clearInterval(heart)
    console.log(
      `${engine}\n${rows.join('\n')}\nlongest gap of the event loop: ${longest.toFixed(0)} ms`,
    )
    expect(longest).toBeLessThan(HANG_MS)
  }, 300_000)
})

describe('a script of plain just-bash', () => {
  it('blocks a host that runs the engine in its own thread', () => {
    const script = `
      import('just-bash').then(async ({ Bash }) => {
        let [gap, last] = [0, performance.now()]
        const beat = () => {
          gap = Math.max(gap, performance.now() - last)
          last = performance.now()
        }
        setInterval(beat, 1)
        await new Promise((resolve) => setTimeout(resolve, 50))
        const controller = new AbortController()
        setTimeout(() => controller.abort(), 300)
        await new Bash({ defenseInDepth: false }).exec('while true; do :; done', { signal: controller.signal })
        beat()
        console.log(gap.toFixed(0))
      })`
    const options = { cwd: join(__dirname, '../..'), encoding: 'utf8' as const, timeout: 60_000 }
    const { stdout } = spawnSync(
      process.execPath,
      ['-e', `${script};setTimeout(() => process.exit(), 9000)`],
      options,
    )
    console.log(`plain just-bash: the event loop stood still for ${stdout.trim()} ms`)
    expect(Number(stdout)).toBeGreaterThan(0)
  }, 90_000)
})

describe.each(ENGINES)('a script on %s that uses too much memory', (engine) => {
  it('ends its thread or process and not the host', async () => {
    if (engine === 'just-bash' && process.versions.bun !== undefined) {
      console.log('not checked: threads of Bun have no bound on their memory')
      return
    }
    await onVirtualGround(
      async ({ run }) => {
        const got = await run(greedy[engine], { timeoutMs: 60_000 })
        expect(got).toMatchObject({ code: 137, error: { code: 'MEMORY_LIMIT' } })
        expect((await run('echo alive')).out).toBe('alive\n')
      },
      { engine },
    )
  }, 90_000)
})

/** What each engine has no bound of its own for. */
const greedy = {
  'just-bash': 'for v in {a..z}; do mapfile -t $v < <(seq 100000000 100900000); done',
  native: `jq -n '[range(1e9) | tostring]'`,
}

describe('a script that overflows the stack of its process', () => {
  it('ends that and not the host, and the next one finds another', async () => {
    if (!ENGINES.includes('native')) return
    await onVirtualGround(
      async ({ run }) => {
        const got = await run(`e='eval "$e"'; eval "$e"`)
        const details = { reason: 'engine_crashed' }
        expect(got).toMatchObject({ code: 137, error: { code: 'RUNTIME_ERROR', details } })
        expect((await run('echo alive')).out).toBe('alive\n')
      },
      { engine: 'native' },
    )
  }, 30_000)
})

import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { classifyCommand } from 'runlet'
import { olderClassify } from '../fixtures/older/guard'
import { inWorkspace } from '../support'

interface Row {
  family: string
  command: string
  risk: 'allow' | 'approval' | 'block'
}

const { bypasses, harmless } = JSON.parse(
  readFileSync(join(__dirname, '../fixtures/guard.json'), 'utf8'),
) as { bypasses: Row[]; harmless: Row[] }

/** What may stand around a command without making it another one. */
const AROUND: ((command: string) => string)[] = [
  (command) => command,
  (command) => `true\n${command}\n`,
  (command) => `if true\nthen\n${command}\nfi`,
  (command) => `f() {\n${command}\n}\nf`,
  (command) => `(\n${command}\n)`,
  (command) => `for i in 1\ndo\n${command}\ndone`,
]

const families = [...new Set(bypasses.map(({ family }) => family))]

describe('a spelling of a dangerous command', () => {
  it.each(families)('is never allowed: %s', (family) => {
    const commands = bypasses.filter((row) => row.family === family)
    // A backslash at the end of the text would take the next line in.
    const spelled = commands.flatMap(({ command }) =>
      command.endsWith('\\') ? [command] : AROUND.map((around) => around(command)),
    )
    expect(spelled.length).toBeGreaterThanOrEqual(60)
    const allowed = spelled.filter((command) => classifyCommand(command).risk === 'allow')
    expect(allowed).toEqual([])
    for (const { command, risk } of commands) {
      expect([command, classifyCommand(command).risk]).toEqual([command, risk])
    }
    const passed = commands.filter(({ command }) => olderClassify(command) === 'allow')
    console.log(
      `${family}: ${passed.length} of ${commands.length} pass by expressions over the text`,
    )
  })

  it('has harmless twins, which are allowed', () => {
    const refused = harmless.filter(({ command }) => classifyCommand(command).risk !== 'allow')
    expect(refused.map(({ command }) => command)).toEqual([])
    expect(harmless.length).toBeGreaterThan(200)
  })

  it('passes by expressions over the text in many cases', () => {
    const passed = bypasses.filter(({ command }) => olderClassify(command) === 'allow')
    console.log(`${passed.length} of ${bypasses.length} pass by expressions over the text, 0 here`)
    expect(passed.length).toBeGreaterThan(bypasses.length / 4)
  })
})

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: the shell's own
/**
 * Spellings of a command that formats disks, were there such a program: there is none of this name, so
 * whatever gets through only makes the file `ran`.
 */
const SPELLED = [
  // The name, quoted and escaped.
  'mkfs.none x > ran',
  'mk""fs.none x > ran',
  "'mkfs'.none x > ran",
  '"mkfs.none" x > ran',
  'm\\kfs.none x > ran',
  "$'mkfs.none' x > ran",
  "$'\\x6dkfs.none' x > ran",
  "$'\\155kfs.none' x > ran",
  'mk\\\nfs.none x > ran',
  '/sbin/mkfs.none x > ran',
  '/sbin/../sbin/mkfs.none x > ran',
  './mkfs.none x > ran',
  '>ran mkfs.none x',
  '> ran 2>&1 mkfs.none x',
  'A=1 mkfs.none x > ran',
  'A=1 B=$((1+1)) mkfs.none > ran',
  '! mkfs.none x > ran',
  // Built up.
  'a=mkfs; $a.none x > ran',
  'a=mk; ${a}fs.none x > ran',
  '{mkfs.none,x} > ran',
  'mk{fs.none,fs.more} x > ran',
  '$(echo mkfs.none) x > ran',
  '`echo mkfs.none` x > ran',
  'a=(mkfs.none x); "${a[@]}" > ran',
  'set -- mkfs.none x; "$@" > ran',
  'a=enon.sfkm; $(rev <<< $a) x > ran',
  '${NOPE:-mkfs.none} x > ran',
  'a=Xmkfs.none; ${a#X} > ran',
  'a=MKFS.NONE; ${a,,} > ran',
  // Positions.
  'true; mkfs.none x > ran',
  'true && mkfs.none x > ran',
  'false || mkfs.none x > ran',
  'true | mkfs.none x > ran',
  'mkfs.none x > ran & wait',
  'if mkfs.none x > ran; then :; fi',
  'while mkfs.none x > ran; do break; done',
  'until mkfs.none x > ran || true; do :; done',
  'for i in $(mkfs.none x > ran); do :; done',
  'case $(mkfs.none x > ran) in *) ;; esac',
  'case a in a) mkfs.none x > ran;; esac',
  'f() { mkfs.none x > ran; }; f',
  'function f { mkfs.none x > ran; }; f',
  '{ mkfs.none x > ran; }',
  '( ( mkfs.none x > ran ) )',
  'select i in a; do mkfs.none x > ran; break; done <<< 1',
  'trap "mkfs.none x > ran" EXIT',
  // Within words.
  'echo $(mkfs.none x > ran)',
  'echo "a $(mkfs.none x > ran) b"',
  'echo `mkfs.none x > ran`',
  'echo ${NOPE:-$(mkfs.none x > ran)}',
  'echo "${NOPE:-"$(mkfs.none x > ran)"}"',
  'a=b; echo ${a/b/$(mkfs.none x > ran)}',
  'echo $(( $(mkfs.none x > ran; echo 1) + 1 ))',
  '(( $(mkfs.none x > ran; echo 1) ))',
  'a[$(mkfs.none x > ran; echo 0)]=1',
  'for ((i=$(mkfs.none x > ran; echo 0); i<1; i++)); do :; done',
  '[[ $(mkfs.none x > ran) ]]',
  'cat <(mkfs.none x > ran); sleep 0.1',
  'cat <<E\n$(mkfs.none x > ran)\nE',
  'cat <<< $(mkfs.none x > ran)',
  'a=$(mkfs.none x > ran)',
  'declare a=$(mkfs.none x > ran)',
  'echo a > $(mkfs.none x > ran; echo /dev/null)',
  // Other shells, and texts that are run.
  "sh -c 'mkfs.none x > ran'",
  'bash -c "mkfs.none x > ran"',
  "bash -xc 'mkfs.none x > ran'",
  "bash --norc -c -- 'mkfs.none x > ran'",
  "eval 'mkfs.none x > ran'",
  "eval mkfs.none 'x > ran'",
  'eval "$(echo bWtmcy5ub25lIHggPiByYW4K | base64 -d)"',
  "echo 'mkfs.none x > ran' | sh",
  "sh <<< 'mkfs.none x > ran'",
  'sh <<E\nmkfs.none x > ran\nE',
  "source <(echo 'mkfs.none x > ran')",
  'sh -c \'sh -c "mkfs.none x > ran"\'',
  'shopt -s expand_aliases\nalias m="mkfs.none x > ran"\nm',
  // Wrappers.
  'env mkfs.none x > ran',
  'env -i A=1 mkfs.none x > ran',
  "env -S 'mkfs.none x' > ran",
  'command mkfs.none x > ran',
  'exec mkfs.none x > ran',
  'time mkfs.none x > ran',
  'nohup mkfs.none x > ran',
  'nice -n 5 mkfs.none x > ran',
  'timeout -k 1 5 mkfs.none x > ran',
  'stdbuf -o0 mkfs.none x > ran',
  'echo x | xargs mkfs.none > ran',
  'echo x | xargs -I{} mkfs.none {} > ran',
  'find . -maxdepth 0 -exec mkfs.none x \\; > ran',
  'coproc mkfs.none x > ran; wait',
  'timeout 5 env nice sh -c "mkfs.none x > ran"',
  'python3 -c \'open("ran","w")\' ; mkfs.none',
]
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above

describe('a spelling that bash runs', () => {
  it('is run without a guard, so that it is known to be one', async () => {
    await inWorkspace({ name: 'host-bash' }, async ({ runtime, root, has }) => {
      const silent: string[] = []
      for (const command of SPELLED) {
        await runtime.bash({ command, timeoutMs: 5_000 })
        if (!has('ran')) silent.push(command)
        rmSync(join(root, 'ran'), { force: true })
      }
      expect(silent).toEqual([])
    })
  }, 30_000)

  it('is refused by the guard, and nothing of it runs', async () => {
    expect(SPELLED.length).toBeGreaterThanOrEqual(60)
    await inWorkspace({ name: 'guarded-bash' }, async ({ runtime, has }) => {
      for (const command of SPELLED) {
        const { code, error, out } = await runtime.bash({ command, timeoutMs: 5_000 })
        expect([command, code, error?.code, out]).toEqual([command, 126, 'POLICY_VIOLATION', ''])
        expect([command, has('ran')]).toEqual([command, false])
      }
      const passed = SPELLED.filter((command) => olderClassify(command) === 'allow')
      console.log(
        `${passed.length} of ${SPELLED.length} of these pass by expressions over the text`,
      )
      expect(passed.length).toBeGreaterThan(0)
    })
  })
})

describe('what a guard cannot be talked into', () => {
  const risky = 'chmod -R 700 .'

  it.each([
    ['a text too long to be read', `: ${'x'.repeat(70_000)}; ${risky}`],
    ['a text of a mebibyte', `#${'x'.repeat(1024 * 1024 - 100)}\n${risky}`],
    ['nesting beyond measure', `${'('.repeat(500)}${risky}${')'.repeat(500)}`],
    ['open brackets', '('.repeat(20_000)],
    ['substitutions beyond measure', `echo ${'$('.repeat(300)}${risky}${')'.repeat(300)}`],
    ['many commands', `${'true;'.repeat(5_000)}${risky}`],
    ['an error of syntax', `${risky}; if`],
    ['other line ends', `true\r\n${risky}\r\n`],
    ['a line that goes on', `chmod \\\n-R 700 .`],
    ['letters that look alike', `true;\u00a0${risky}`],
  ])('%s', async (_, command) => {
    await inWorkspace({ name: 'guarded-bash' }, async ({ runtime, root }) => {
      const began = performance.now()
      const { code } = await runtime.bash({ command })
      expect(code).toBe(126)
      expect(performance.now() - began).toBeLessThan(10_000)
      expect(existsSync(root)).toBe(false)
    })
  })
})

import { spawnSync } from 'node:child_process'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from '@jest/globals'
import { describeEngine, inContainer, PATIENCE_MS, type Place, runningIn } from './support'

/** Everything a command can read about the shell around it; among that, how that says its end. */
const MARK = "mark=$(tr '\\0' '\\n' < /proc/$PPID/cmdline | grep -xE '[0-9a-f]{32}')"
const FORGED = `${MARK}; printf '\\036%s end 0 1\\n' "$mark" >&2`
const BEAT = 'while :; do echo x >> beat; sleep 0.1; done'

/** A process that looks dead, as its first thread is, and goes on. */
const HEADLESS = `
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <stdio.h>
static void *beat(void *none) {
  for (;;) { FILE *f = fopen("beat", "a"); if (f) { fputs("x", f); fclose(f); } usleep(100000); }
  return none;
}
int main(void) {
  pthread_t thread;
  if (fork() != 0) return 0;
  setsid();
  pthread_create(&thread, 0, beat, 0);
  syscall(SYS_exit, 0);
}
`

/** Whether something still writes. */
async function beats({ root }: Place): Promise<boolean> {
  const size = () => statSync(join(root, 'beat'), { throwIfNoEntry: false })?.size ?? 0
  const before = size()
  await sleep(700)
  return size() !== before
}

describeEngine('a command that lies', () => {
  it(
    'about its end is ended when that is said, with all that it started',
    async () => {
      await inContainer({}, async (place) => {
        const script = `${FORGED}; echo x >> beat; ${BEAT}`
        const { code } = await place.bash(script, { timeoutMs: 20_000 })
        expect([code, await beats(place)]).toEqual([137, false])
        // Also by killing whoever would have said it.
        const killing = `setsid sh -c '${BEAT}' >/dev/null 2>&1 & sleep 0.5; ${FORGED}; kill -9 $PPID; exit 3`
        const told = await place.bash(killing)
        expect([told.code, await beats(place), await runningIn(place)]).toEqual([
          137,
          false,
          expect.not.arrayContaining([expect.stringContaining('beat')]),
        ])
        const odd = await place.bash(`${MARK}; printf '\\036%s end abc 1\\n' "$mark" >&2; exit 4`)
        expect(odd.code).toBe(4)
        expect((await place.bash('echo alive')).out).toBe('alive\n')
      })
    },
    PATIENCE_MS,
  )

  it(
    'about being dead is ended all the same',
    async () => {
      await inContainer({}, async (place) => {
        await place.bash('true')
        const source = join(place.folder, 'headless.c')
        writeFileSync(source, HEADLESS)
        const args = ['-static', '-pthread', '-o', join(place.root, 'headless'), source]
        const built = spawnSync('cc', args, { encoding: 'utf8' })
        expect([built.status, built.stderr]).toEqual([0, ''])
        const { code } = await place.bash(
          './headless; until [ -s beat ]; do sleep 0.1; done; cat beat >&2',
        )
        expect([code, await beats(place)]).toEqual([0, false])
        const late = await place.bash('./headless; sleep 100', { timeoutMs: 1_000 })
        expect([late.code, await beats(place)]).toEqual([124, false])
        // Found and ended, so that its container need not go.
        expect(place.events.filter(({ kind }) => kind === 'start')).toHaveLength(1)
        expect((await place.bash('echo alive')).out).toBe('alive\n')
      })
    },
    PATIENCE_MS,
  )

  it(
    'to whoever ends what is left costs its container',
    async () => {
      await inContainer({}, async (place) => {
        const before = await place.bash('true')
        expect(before.code).toBe(0)
        // Waits for the script that sweeps, stops it, says in its place that nothing is left, and ends it.
        const forger = [
          'for p in /proc/[0-9]*; do case $(cat $p/cmdline 2>/dev/null) in *keep=*round=*) n=$(basename $p);',
          '[ $n != $$ ] && kill -STOP $n && echo left=0 > $p/fd/1 && kill -KILL $n ;; esac; done',
        ].join(' ')
        const script = `for i in 1 2 3 4; do setsid sh -c 'while :; do ${forger}; done' >/dev/null 2>&1 & done; sleep 0.5`
        await place.bash(`${script}; setsid sh -c '${BEAT}' >/dev/null 2>&1 & sleep 0.3`)
        expect(await beats(place)).toBe(false)
        expect((await place.bash('echo alive')).out).toBe('alive\n')
      })
    },
    PATIENCE_MS,
  )
})

describeEngine('files of a workspace', () => {
  it('are not what a shell begins with', async () => {
    await inContainer({}, async ({ bash, runtime }) => {
      for (const path of ['.bash_profile', '.profile', '.bash_login', '.bashrc']) {
        await runtime.write?.({ path, content: 'touch began; ls() { echo ours; }\n' })
      }
      const { out } = await bash('ls -A; echo "$HOME"; echo ~')
      expect(out).toMatch(/^\.bash_login\n[\s\S]*\n\/workspace\n\/workspace\n$/)
      expect(out).not.toMatch(/began|ours/)
      const long = await bash(`: ${'x'.repeat(200_000)}\necho "$HOME $#"; ls`)
      expect(long.out).toBe('/workspace 0\n')
    })
  })
})

import { describe, expect, it } from '@jest/globals'
import { classifyCommand } from 'runlet'
import { olderClassify } from '../fixtures/older/guard'
import { olderGuardedBash } from '../fixtures/older/shell'
import { freshFolder, inWorkspace } from '../support'

describe('a guarded runtime', () => {
  it('D14: asks its guard, and runs the script that it was given', async () => {
    const cwd = freshFolder()
    const risky = 'mkdir -p d; touch d/ran; chmod -R 700 d'
    expect((await olderGuardedBash(risky, { cwd })).code).toBe(0)
    const harmless = 'echo "<$NOPE>"; false; echo after; echo $LINENO'
    expect((await olderGuardedBash(harmless, { cwd })).code).toBe(1)
    await inWorkspace({ name: 'guarded-bash' }, async ({ runtime, has }) => {
      const { code, error } = await runtime.bash({ command: risky })
      expect([code, error?.details?.reason, has('d')]).toEqual([126, 'approval_required', false])
      const { out } = await runtime.bash({ command: harmless })
      expect(out).toBe('<>\nafter\n1\n')
    })
    await inWorkspace({ name: 'guarded-bash', strictShell: true }, async ({ runtime }) => {
      expect((await runtime.bash({ command: 'false; echo after' })).code).toBe(1)
    })
  })

  it.each([
    ['grep shutdown log', 'block'],
    ['echo curl', 'approval'],
    ["git log --grep='rm -rf /'", 'approval'],
    ['cat notes/reboot.md', 'block'],
    ['# curl http://x', 'approval'],
    ["printf 'ssh host\\n' > todo.txt", 'approval'],
  ])('D28: has nothing against %s', (command, older) => {
    expect(olderClassify(command)).toBe(older)
    expect(classifyCommand(command)).toEqual({ risk: 'allow', reason: 'safe default' })
  })
})

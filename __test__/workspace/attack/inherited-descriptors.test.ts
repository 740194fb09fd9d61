import { openSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { HOST_RUNTIMES, inWorkspace } from '../support'

/** Names what is open, and what can be had from it. */
const LOOK = `for fd in {3..200}; do (true <&$fd) 2>/dev/null && echo "open $fd"; done; true`

describe.each(HOST_RUNTIMES)('descriptors of the host in %s', (name) => {
  it('are none that a command could use', async () => {
    // As a careless library has it: it stays open in what is started.
    openSync('/etc/hostname', 'r')
    await inWorkspace({ name }, async ({ runtime }) => {
      expect((await runtime.bash({ command: LOOK })).out).toBe('')
    })
  })

  it('hold nobody up who takes a number for one of his own', async () => {
    await inWorkspace({ name }, async ({ runtime }) => {
      const command = `(exec 3< none; cat <&3) 2>/dev/null; echo on; exec 3> made; echo x >&3; cat made`
      const { code, out } = await runtime.bash({ command, timeoutMs: 5_000 })
      expect([code, out]).toEqual([0, 'on\nx\n'])
    })
  })
})

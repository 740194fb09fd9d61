import { describe, expect, it } from '@jest/globals'
import { withPlain } from '../plain-peer'
import { sleep, until } from '../support'
import { codeOf, inArena, isAlive, RUNTIMES } from './arena'

describe.each(RUNTIMES)('on %s, a tool that ignores signals', (runtimeType) => {
  it.each(['goOn', 'childToo'])('ends with its time, and all of it: %s', async (tool) => {
    // That no process is left is checked by the arena.
    await inArena(runtimeType, 'ignored-signals.mjs', async ({ run }) => {
      expect(codeOf(await run(tool, { timeoutMs: 700 }))).toBe('TIMEOUT')
    })
  })
})

describe.each(RUNTIMES)('the plain way on %s', (runtimeType) => {
  it('does not end it, and not its child where it does', async () => {
    await inArena(runtimeType, 'ignored-signals.mjs', async ({ root }) => {
      await withPlain(runtimeType, root, 'goOn', {}, async (peer) => {
        await until('it runs', () => peer.printed === 'here')
        peer.kill()
        await sleep(700)
        expect(isAlive(peer.pid)).toBe(true)
      })
      await withPlain(runtimeType, root, 'childToo', {}, async (peer) => {
        await until('it runs', () => peer.printed.endsWith(';'))
        peer.kill('SIGKILL')
        await peer.outcome
        expect(isAlive(peer.pid)).toBe(false)
        expect(isAlive(Number(/child (\d+)/.exec(peer.printed)?.[1]))).toBe(true)
      })
    })
  })
})

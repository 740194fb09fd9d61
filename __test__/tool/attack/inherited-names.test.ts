import { describe, expect, it } from '@jest/globals'
import { runPlain } from '../plain-peer'
import { codeOf, inArena, RUNTIMES } from './arena'

const NAMES = [
  'constructor',
  '__proto__',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '__defineGetter__',
  'isPrototypeOf',
  'default',
  'notATool',
]

describe.each(RUNTIMES)('on %s, a name that every object has', (runtimeType) => {
  it('is called by a plain worker', async () => {
    await inArena(runtimeType, 'inherited-names.mjs', async ({ root }) => {
      const peer = await runPlain(runtimeType, root, 'toString')
      expect(peer.output).toEqual({ result: '[object Object]' })
    })
  })

  it.each(['inherited-names.mjs', 'named-exports.mjs'])('is no tool of %s', async (fixture) => {
    await inArena(runtimeType, fixture, async ({ run, runtime }) => {
      for (const name of NAMES) {
        const result = await run(name)
        expect([name, codeOf(result)]).toEqual([name, 'INVALID_ARGUMENT'])
        expect(result.error?.message).toContain(
          `Tool ${name} not found in entrypoint exports. Available tools: real`,
        )
        expect(result.attempts).toBe(1)
      }
      expect((await run('real', { input: 1 })).output).toEqual({ input: 1 })
      // The counters have names of their own, too.
      expect(runtime.stats().byCode).toEqual({ INVALID_ARGUMENT: NAMES.length })
    })
  })
})

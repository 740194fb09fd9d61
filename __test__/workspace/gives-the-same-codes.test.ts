import { describe, expect, it } from '@jest/globals'
import type { BashInput, BashResult, RuntimeOptions } from 'runlet'
import { inWorkspace, RUNTIMES } from './support'

type Case = [string, Partial<RuntimeOptions>, () => BashInput, number, string, string]

/** What a runtime ends itself: the code, what it is called, and the end of what stands in `err`. */
const CASES: Case[] = [
  [
    'its time is over',
    {},
    () => ({ command: 'sleep 60', timeoutMs: 100 }),
    124,
    'TIMEOUT',
    'Command timed out',
  ],
  [
    'it prints too much',
    { onOutputLimit: 'kill' },
    () => ({ command: "head -c 300000 /dev/zero | tr '\\0' x" }),
    125,
    'OUTPUT_LIMIT',
    'Command output exceeded 262144 characters',
  ],
  [
    'a guard blocks it',
    { guard: {} },
    () => ({ command: 'mkfs.none x' }),
    126,
    'POLICY_VIOLATION',
    'Command blocked: blocked by a command that formats a disk',
  ],
  [
    'nobody approves it',
    { guard: {} },
    () => ({ command: 'chmod -R 700 d' }),
    126,
    'POLICY_VIOLATION',
    'Command not approved: approval by a change of rights in whole folders',
  ],
  [
    'it was aborted before',
    {},
    () => ({ command: 'echo x', signal: AbortSignal.abort() }),
    130,
    'CANCELLED',
    'Command cancelled',
  ],
  [
    'it is aborted',
    {},
    () => ({ command: 'sleep 60', signal: AbortSignal.timeout(100) }),
    130,
    'CANCELLED',
    'Command cancelled',
  ],
]

describe('every runtime', () => {
  it.each(CASES)('has one code when %s', async (_, options, input, code, kind, text) => {
    for (const name of RUNTIMES) {
      await inWorkspace({ name, ...options }, async ({ runtime }) => {
        const result: BashResult = await runtime.bash(input())
        expect([name, result.code, result.error?.code]).toEqual([name, code, kind])
        expect([name, result.err.split('\n').at(-1)]).toEqual([name, text])
        expect(result.error?.message).toBe(text)
      })
    }
  })

  it.each([0, 1, 77, 124, 125, 126, 127, 130, 255])(
    'leaves %d to the script that says it',
    async (code) => {
      for (const name of RUNTIMES) {
        await inWorkspace({ name }, async ({ runtime }) => {
          const result = await runtime.bash({ command: `echo out; echo err >&2; exit ${code}` })
          expect(result).toEqual({ code, out: 'out\n', err: 'err\n', ms: expect.any(Number) })
        })
      }
    },
  )
})

import { describe, expect, it } from '@jest/globals'
import { runPlain } from '../plain-peer'
import { codeOf, HANG_MS, inArena, RUNTIMES } from './arena'

const LIMIT = 4_000_000

describe.each(RUNTIMES)('on %s, a tool that prints without end', (runtimeType) => {
  it.each(['stdout', 'stderr', 'console'])('is ended at its limit: %s', async (tool) => {
    await inArena(
      runtimeType,
      'output-flood.mjs',
      async ({ run }) => {
        const result = await run(tool)
        expect(codeOf(result)).toBe('OUTPUT_LIMIT')
        const stream = tool === 'stdout' ? 'stdout' : 'stderr'
        expect(result.logs[stream].length).toBeGreaterThan(50_000)
        expect(result.logs[stream].length).toBeLessThan(110_000)
        expect(result.logs[stream]).toMatch(/\.\.\.\[\d+ bytes dropped\]\.\.\./)
        expect(result.logs[`${stream}DroppedBytes`]).toBeGreaterThan(LIMIT / 2)
      },
      { maxLogBytes: LIMIT, maxStderrCaptureBytes: 100_000 },
    )
  })

  it('by others does not keep its answer back', async () => {
    await inArena(
      runtimeType,
      'output-flood.mjs',
      async ({ run }) => {
        const result = await run('childrenWhileAnswering')
        expect(result.output).toEqual({ value: 'answer' })
        expect(result.durationMs).toBeLessThan(HANG_MS / 2)
      },
      { maxLogBytes: Number.MAX_SAFE_INTEGER },
    )
  })

  it('gets an answer of the size that is allowed, and of no more', async () => {
    await inArena(
      runtimeType,
      'output-flood.mjs',
      async ({ run }) => {
        const fits = await run('result', { input: 100_000 })
        expect(fits.output).toEqual({ value: 'x'.repeat(99_998) })
        for (const input of [100_001, 3_000_000]) {
          const result = await run('result', { input })
          expect(codeOf(result)).toBe('OUTPUT_LIMIT')
          expect(result.error?.message).toContain('exceeds maximum size limit of 100000 bytes')
        }
      },
      { maxOutputBytes: 100_000 },
    )
  })
})

describe.each(RUNTIMES)('the plain way on %s', (runtimeType) => {
  it('keeps all of it in its own memory', async () => {
    await inArena(runtimeType, 'output-flood.mjs', async ({ root }) => {
      const peer = await runPlain(runtimeType, root, 'stdout', { input: { bytes: 5 * LIMIT } })
      expect(peer.stdout.length).toBeGreaterThanOrEqual(5 * LIMIT)
    })
  })
})

import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { runPlain } from '../plain-peer'
import { codeOf, everyPid, inArena, RUNTIMES } from './arena'

const MB = 1024 * 1024
const LIMIT = 256 * MB
/** What may be taken between two looks. */
const SLACK = 32 * MB

/** What the kernel says that a process holds by itself; nothing when it is gone. */
function heldBy(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    const held = [...status.matchAll(/^Rss(?:Anon|Shmem):\s+(\d+) kB/gm)]
    return held.reduce((sum, [, kib]) => sum + Number(kib) * 1024, 0)
  } catch {
    return 0
  }
}

/** A process and those of its group. */
function groupOf(leader: number): number[] {
  return everyPid().filter((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]) === leader
    } catch {
      return false
    }
  })
}

describe.each(RUNTIMES)('on %s, a tool that takes memory without end', (runtimeType) => {
  it.each(['buffers', 'shared', 'objects', 'workers', 'child'])(
    'is ended little beyond its limit: %s',
    async (tool) => {
      await inArena(
        runtimeType,
        'memory-bomb.mjs',
        async ({ run }) => {
          let leader: number | undefined
          let most = 0
          const onLog = ({ text }: { text: string }) => {
            const pid = /pid (\d+)/.exec(text)?.[1]
            if (pid !== undefined) leader = Number(pid)
          }
          const look = setInterval(() => {
            if (leader === undefined) return
            const held = groupOf(leader).reduce((sum, pid) => sum + heldBy(pid), 0)
            if (held > most) most = held
          }, 5)
          try {
            const result = await run(tool, { onLog })
            expect(codeOf(result)).toBe('MEMORY_LIMIT')
            expect(result.peakMemoryBytes).toBeGreaterThan(LIMIT)
            expect(result.peakMemoryBytes).toBeLessThan(LIMIT + SLACK)
            expect(result.error?.cause).toMatchObject({ details: { limitBytes: LIMIT } })
          } finally {
            clearInterval(look)
          }
          // The kernel's figures were really read, and never went further.
          expect(most).toBeGreaterThan(LIMIT / 8)
          expect(most).toBeLessThan(LIMIT + SLACK)
        },
        { memoryLimitBytes: LIMIT },
      )
    },
  )
})

describe.each(RUNTIMES)('the plain way on %s', (runtimeType) => {
  it('lets it live beyond the limit', async () => {
    await inArena(runtimeType, 'memory-bomb.mjs', async ({ root }) => {
      const input = { megabytes: LIMIT / MB + 200 }
      const peer = await runPlain(runtimeType, root, 'buffers', { input })
      expect(peer.output).toEqual({ result: 'held all of it' })
    })
  })
})

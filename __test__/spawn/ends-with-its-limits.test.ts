import { statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { type SandboxedSpawnOptions, sandboxedSpawn } from 'runlet'
import { allGone, processesOf } from '../tool/attack/arena'
import { programOf } from '../tool/plain-peer'
import { until } from '../tool/support'
import { onGround, plain } from './support'

const MIB = 1024 * 1024

function sh(cwd: string, script: string, options: SandboxedSpawnOptions = {}) {
  return sandboxedSpawn('sh', ['-c', script], { cwd, ...options })
}

describe('a command whose time is over', () => {
  const script = `trap '' TERM HUP; (trap '' TERM HUP; sleep 600 & sleep 600) & sleep 600`

  it('is ended with all that it started, whatever signals that ignores', async () => {
    await onGround(async ({ inside }) => {
      const run = sh(inside, script, {
        permissions: ['--allow-run=sleep'],
        limits: { timeoutMs: 5_000 },
      })
      await until('four processes', () => processesOf(inside).length >= 4)
      const { exitCode, signal, timedOut, cancelled, limit } = await run
      expect({ exitCode, signal, timedOut, cancelled, limit }).toEqual({
        exitCode: null,
        signal: 'SIGKILL',
        timedOut: true,
        cancelled: false,
        limit: null,
      })
      await allGone(() => processesOf(inside))
    })
  })

  it('leaves grandchildren behind the plain way', async () => {
    await onGround(async ({ inside }) => {
      let left = 0
      await plain('sh', ['-c', 'sleep 600 & sleep 600 & sleep 0.1'], inside, {
        atEnd: () => {
          left = processesOf(inside).length
        },
      })
      expect(left).toBeGreaterThanOrEqual(2)
      await allGone(() => processesOf(inside))
    })
  })
})

describe('a command that ends before what it started', () => {
  it('takes it along', async () => {
    await onGround(async ({ inside }) => {
      const permissions = ['--allow-run=sleep']
      const { exitCode } = await sh(inside, 'sleep 600 & sleep 600 & exit 7', { permissions })
      expect(exitCode).toBe(7)
      await allGone(() => processesOf(inside))
    })
  })
})

describe('a command that takes too much memory', () => {
  const args = [
    '-e',
    `const all = []; while (all.length < 40) all.push(Buffer.alloc(${10 * MIB}, 1)); console.log('all')`,
  ]

  it('has it the plain way', async () => {
    await onGround(async ({ inside }) => {
      expect((await plain(programOf('node'), args, inside)).stdout).toBe('all\n')
    })
  })

  it('is ended', async () => {
    await onGround(async ({ inside }) => {
      const memoryLimitBytes = 160 * MIB
      const result = await sandboxedSpawn(programOf('node'), args, {
        cwd: inside,
        limits: { memoryLimitBytes },
      })
      expect([result.limit, result.stdout, result.exitCode]).toEqual(['memory', '', null])
      expect(result.peakMemoryBytes).toBeGreaterThan(memoryLimitBytes)
      // What the last look before the end may have missed.
      expect(result.peakMemoryBytes).toBeLessThan(2 * memoryLimitBytes)
    })
  })
})

describe('a command that starts too many processes', () => {
  // Ends by itself, whatever becomes of the limit.
  const script = 'i=0; while [ $i -lt 60 ]; do sleep 30 & i=$((i+1)); done; echo all; sleep 0.2'

  it('has them the plain way', async () => {
    await onGround(async ({ inside }) => {
      let most = 0
      const { stdout } = await plain('sh', ['-c', script], inside, {
        atEnd: () => {
          most = processesOf(inside).length
        },
      })
      expect([stdout, most >= 60]).toEqual(['all\n', true])
    })
  })

  it('is ended with all of them', async () => {
    await onGround(async ({ inside }) => {
      const permissions = ['--allow-run=sleep']
      const limits = { maxProcesses: 10 }
      const result = await sh(inside, script, { permissions, limits })
      expect([result.limit, result.exitCode]).toEqual(['processes', null])
      await allGone(() => processesOf(inside))
      const few = await sh(inside, 'sleep 0 & sleep 0 & wait', { permissions, limits })
      expect([few.limit, few.exitCode]).toEqual([null, 0])
    })
  })

  it('is stopped when they start each other', async () => {
    await onGround(async ({ inside }) => {
      // Seven times twice as many, and no more: without an end, as fast as it can, it may leave a small
      // machine without a processor for anybody else, the test runner included.
      const start =
        'b() { if [ $1 -lt 7 ]; then b $(($1 + 1)) & b $(($1 + 1)) & fi; sleep 100; }; b 0'
      const result = await sh(inside, start, {
        permissions: ['--allow-run=sleep'],
        limits: { maxProcesses: 10, timeoutMs: 60_000 },
      })
      expect([result.limit, result.timedOut]).toEqual(['processes', false])
      await allGone(() => processesOf(inside))
    })
  }, 90_000)
})

describe('a command that prints without end', () => {
  const script = 'while :; do echo 0123456789abcdef; done'

  it('prints as much as anybody reads the plain way', async () => {
    await onGround(async ({ inside }) => {
      const enough = 300_000
      const { stdout } = await plain('sh', ['-c', script], inside, { enough })
      expect(stdout.length).toBeGreaterThanOrEqual(enough)
    })
  })

  it('is ended, and the result keeps no more than it should', async () => {
    await onGround(async ({ inside }) => {
      const limits = { maxOutputBytes: 200_000, captureBytes: 1_000 }
      const result = await sh(inside, script, { limits })
      expect([result.limit, result.signal]).toEqual(['output', 'SIGKILL'])
      expect(result.stdout.length).toBeLessThan(1_100)
      expect(result.stdout).toMatch(/^0123456789abcdef\n[\s\S]*\.\.\.\[\d+ bytes dropped\]\.\.\./)
      expect(result.stdoutDroppedBytes).toBeGreaterThan(199_000 - 1_000)
    })
  })

  it('is told even if it was done before it could be ended', async () => {
    await onGround(async ({ inside }) => {
      const limits = { maxOutputBytes: 4 }
      const over = await sh(inside, 'printf 12345', { limits })
      expect([over.limit, over.exitCode === 0 || over.signal === 'SIGKILL']).toEqual([
        'output',
        true,
      ])
      expect((await sh(inside, 'printf 1234', { limits })).limit).toBe(null)
    })
  })
})

describe('a command that writes a large file', () => {
  const args = ['if=/dev/zero', 'of=large', 'bs=65536', 'count=32']

  it('writes it the plain way', async () => {
    await onGround(async ({ inside }) => {
      await plain('dd', args, inside)
      expect(statSync(join(inside, 'large')).size).toBe(2 * MIB)
    })
  })

  it('gets no further than its limit', async () => {
    await onGround(async ({ inside }) => {
      const result = await sandboxedSpawn('dd', args, {
        cwd: inside,
        permissions: ['--allow-write=.'],
        limits: { maxFileBytes: MIB },
      })
      expect(result.exitCode).not.toBe(0)
      expect(statSync(join(inside, 'large')).size).toBe(MIB)
    })
  })
})

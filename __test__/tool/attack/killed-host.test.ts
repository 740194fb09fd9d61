import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { programOf } from '../plain-peer'
import { allGone, isAlive, makeProject, processesOf, RUNTIMES } from './arena'

const HOST = join(__dirname, 'fixtures', 'doomed-host.mjs')
const RUNLET = join(__dirname, '../../..')
/** Two calls with a worker, a child and a grandchild each, and an idle worker. */
const FAMILY = 7

async function familyOf(root: string, host: ChildProcess): Promise<number[]> {
  const file = join(root, 'pids')
  for (let tries = 0; tries < 2_000; tries++) {
    if (host.exitCode !== null) throw new Error(`the host ended with ${host.exitCode}`)
    const pids = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : []
    if (pids.length >= FAMILY) return pids
    await sleep(10)
  }
  throw new Error('the calls never ran')
}

describe.each(RUNTIMES)('on %s, a host that is killed', (runtimeType) => {
  it('leaves no process behind, grandchildren neither', async () => {
    const root = makeProject('killed-host.mjs')
    const host = spawn(programOf('node'), [HOST, RUNLET, root, runtimeType], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    try {
      const pids = await familyOf(root, host)
      expect(pids.filter(isAlive).length).toBeGreaterThanOrEqual(FAMILY)
      host.kill('SIGKILL')
      await allGone(() => [...new Set([...pids.filter(isAlive), ...processesOf(root)])])
    } finally {
      host.kill('SIGKILL')
      for (const pid of processesOf(root)) process.kill(pid, 'SIGKILL')
      rmSync(root, { recursive: true, force: true })
    }
  })
})

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { plainCommand, programOf } from '../plain-peer'
import { allGone, isAlive, makeProject, processesOf, RUNTIMES } from './arena'

const HOST = join(__dirname, 'fixtures', 'doomed-host.mjs')
const PLAIN_HOST = join(__dirname, 'fixtures', 'doomed-plain-host.mjs')
const RUNLET = join(__dirname, '../../..')
/** Two calls with a worker, a child and a grandchild each, and an idle worker. */
const FAMILY = 7
/** One call of them. */
const PLAIN_FAMILY = 3

async function familyOf(root: string, host: ChildProcess, size = FAMILY): Promise<number[]> {
  const file = join(root, 'pids')
  for (let tries = 0; tries < 2_000; tries++) {
    if (host.exitCode !== null) throw new Error(`the host ended with ${host.exitCode}`)
    const pids = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : []
    if (pids.length >= size) return pids
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

describe.each(RUNTIMES)('the plain way on %s', (runtimeType) => {
  it('leaves all of them to the machine', async () => {
    const root = makeProject('killed-host.mjs')
    const command = plainCommand(runtimeType, root)
    const host = spawn(programOf('node'), [PLAIN_HOST, root, ...command], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    try {
      const pids = await familyOf(root, host, PLAIN_FAMILY)
      const ended = new Promise((resolve) => host.on('exit', resolve))
      host.kill('SIGKILL')
      await ended
      await sleep(700)
      expect(pids.filter(isAlive)).toEqual(pids)
    } finally {
      host.kill('SIGKILL')
      for (const pid of processesOf(root)) process.kill(pid, 'SIGKILL')
      await allGone(() => processesOf(root))
      rmSync(root, { recursive: true, force: true })
    }
  })
})

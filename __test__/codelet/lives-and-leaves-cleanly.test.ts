import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'

const root = join(__dirname, '..', '..')
const DEADLINE_MS = 90_000

interface Ended {
  code: number | null
  signal: string | null
  out: string
  err: string
}

function perform(file: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const script = join(__dirname, 'life', file)
    // Threads made from text resolve packages from the working directory.
    const child = spawn(process.execPath, [script, ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const deadline = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS)
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString()
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(deadline)
      resolve({ code, signal, out, err })
    })
  })
}

const passed: Ended = { code: 0, signal: null, out: 'pass\n', err: '' }

describe('the process lives on and leaves cleanly', () => {
  it.each([
    ['100 runaway codelets at once do not stop the beat of the host', 'hundred-runaways.mjs'],
    ['20,000 runs of every kind end as they must and leave nothing behind', 'soak.mjs'],
    ['the process exits by itself after the last result', 'exits-by-itself.mjs'],
    ['worker threads load, run and leave, also in mid-run', 'worker-threads.mjs'],
    ['stops raced against natural ends hit no neighbour', 'kills-beside-ends.mjs'],
  ])(
    '%s',
    async (_promise, file) => {
      expect(await perform(file)).toEqual(passed)
    },
    DEADLINE_MS + 10_000,
  )

  it.each([0, 5, 20, 21, 25, 60])(
    'process.exit after %d ms of running codelets ends with its code',
    async (ms) => {
      const started = Date.now()
      expect(await perform('exit-while-running.mjs', String(ms))).toEqual({ ...passed, code: 7 })
      expect(Date.now() - started).toBeLessThan(ms + 20_000)
    },
  )
})

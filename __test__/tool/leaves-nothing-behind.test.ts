import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { freshFolder, isAlive, RUNTIMES, until } from './support'

const root = dirname(dirname(__dirname))
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
    // One that is killed cannot remove its own folders.
    const folder = freshFolder()
    // Threads made from text resolve packages from the working directory.
    const child = spawn(process.execPath, [script, ...args], {
      cwd: root,
      env: { ...process.env, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const deadline = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS)
    const ended = { out: '', err: '' }
    child.stdout.on('data', (chunk: Buffer) => {
      ended.out += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      ended.err += chunk.toString()
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(deadline)
      rmSync(folder, { recursive: true, force: true })
      resolve({ code, signal, ...ended })
    })
  })
}

const passed: Ended = { code: 0, signal: null, out: 'pass\n', err: '' }

describe.each(RUNTIMES)('a program that uses tools on %s', (type) => {
  it.each([
    ['ends by itself when no call is under way, idle workers or not', 'exits-by-itself.mjs', []],
    ['stays while a call is under way', 'stays-while-calling.mjs', []],
    [
      'uses them in threads too, and one that is terminated leaves nothing',
      'worker-threads.mjs',
      [],
    ],
    ['holds nothing of 100 warm and 60 cold calls', 'soak.mjs', ['100', '60']],
  ] as const)(
    '%s',
    async (_promise, file, args) => {
      expect(await perform(file, type, ...args)).toEqual(passed)
    },
    DEADLINE_MS + 10_000,
  )

  it.each([
    ['exit', { code: 7, signal: null }],
    ['kill', { code: null, signal: 'SIGKILL' }],
  ] as const)('that ends in mid-call by %s leaves no process', async (how, expected) => {
    const { code, signal, out, err } = await perform('leaves-by-exit.mjs', type, how)
    expect({ code, signal, err }).toEqual({ ...expected, err: '' })
    const pids = out.trim().split(' ').map(Number)
    expect(pids).toHaveLength(3)
    await until('its tools are gone', () => !pids.some(isAlive))
  })
})

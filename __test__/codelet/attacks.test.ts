import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'

const folder = join(__dirname, 'attack')
const attacks = readdirSync(folder).filter((name) => name.endsWith('.mjs'))
/** Far above what any of them takes: only one that hangs is killed. */
const DEADLINE_MS = 180_000

interface Ended {
  code: number | null
  signal: string | null
  out: string
  err: string
}

/** Runs one attack in a process of its own; one that hangs is killed and reported by its signal. */
function perform(file: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(folder, file)], {
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

describe('attacks fail, each in its own process, and leave a pristine realm', () => {
  it.each(attacks)(
    '%s',
    async (file) => {
      expect(await perform(file)).toEqual({ code: 0, signal: null, out: 'pass\n', err: '' })
    },
    DEADLINE_MS + 10_000,
  )
})

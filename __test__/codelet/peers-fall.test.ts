import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'

const script = join(__dirname, 'attack', 'support', 'in-node-vm.mjs')
/** How long one that hangs is watched, and how long one that ends may take. */
const HANG_MS = 2500
const END_MS = 25_000

/** How node:vm ends: by its own word, hung (and killed by us), or dead. */
function perform(name: string, ms: number): Promise<'fell' | 'kept' | 'hung' | 'crashed'> {
  return new Promise((resolve, reject) => {
    const args = ['--max-old-space-size=48', script, name]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    let hung = false
    const deadline = setTimeout(() => {
      hung = true
      child.kill('SIGKILL')
    }, ms)
    let out = ''
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
    })
    child.on('error', reject)
    child.on('close', () => {
      clearTimeout(deadline)
      if (hung) resolve('hung')
      else resolve(out === 'fell\n' ? 'fell' : out === 'kept\n' ? 'kept' : 'crashed')
    })
  })
}

// What node:vm is differs between runtimes; the claim is about Node's.
const onNode = process.versions.bun === undefined ? describe : describe.skip

onNode('the attacks can tell: node:vm falls to the same guests', () => {
  it.each([
    ['constructor chain', 'fell'],
    ['prototype pollution', 'fell'],
    ['loop after await', 'hung'],
    ['loop in a thenable result', 'hung'],
    ['loop in toJSON of the result', 'hung'],
    ['unpolled built-in', 'hung'],
    ['memory bomb', 'crashed'],
    ['microtask storm', 'hung'],
  ])('%s: %s', async (name, how) => {
    expect(await perform(name, how === 'hung' ? HANG_MS : END_MS)).toBe(how)
  })
})

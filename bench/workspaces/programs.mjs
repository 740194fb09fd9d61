/**
 * Programs of the system that are measured beside runlet's own operations.
 * @module
 */
import { spawn, spawnSync } from 'node:child_process'

const HOW = 'install it (`apt-get install ripgrep`, `cargo install ripgrep`) or name one in RIPGREP'

/** @returns {{path: string, version: string}|{problem: string}} ripgrep, the program itself */
export function findRipgrep() {
  const path = process.env.RIPGREP ?? 'rg'
  const { stdout, status } = spawnSync(path, ['--version'], { encoding: 'utf8' })
  const version = /^ripgrep (\S+)/.exec(stdout ?? '')?.[1]
  if (status !== 0 || version === undefined) return { problem: `not there: ${HOW}` }
  return { path, version }
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {string} cwd
 * @returns {Promise<number>} lines it printed
 */
export function linesOf(program, args, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'ignore'] })
    const pieces = []
    child.on('error', reject)
    child.stdout.on('data', (piece) => pieces.push(piece))
    child.on('close', (code) => {
      // grep and ripgrep give 1 where nothing matched.
      if (code !== 0 && code !== 1) return reject(new Error(`${program} gave exit code ${code}`))
      resolve(Buffer.concat(pieces).toString().split('\n').length - 1)
    })
  })
}

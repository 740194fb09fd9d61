// Starts the programs the other scripts need, and finds the ones npm installed.
// Node's core modules only: scripts/setup.mjs uses this before anything is installed.

import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const windows = process.platform === 'win32'

/**
 * Runs a program to its end, passing its output through as it comes.
 *
 * Resolves to the exit code (1 when it was ended by a signal), the start error if the program could
 * not be started at all, and both streams together as text.
 */
export function run(program, args, { cwd = root, env = {}, quiet = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      shell: windows && program === 'npm',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    const take = (chunk, stream) => {
      output += chunk
      if (!quiet) stream.write(chunk)
    }
    child.stdout.setEncoding('utf8').on('data', (chunk) => take(chunk, process.stdout))
    child.stderr.setEncoding('utf8').on('data', (chunk) => take(chunk, process.stderr))
    child.on('error', (error) => resolve({ code: 127, startError: error, output }))
    child.on('close', (code, signal) => {
      if (signal) output += `\nended by ${signal}\n`
      resolve({ code: code ?? 1, output })
    })
  })
}

/** Runs a short program silently. `code` is 127 when it could not be started. */
export function capture(program, args, { cwd = root, env = {}, timeoutMs = 120_000 } = {}) {
  const done = spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 64 * 1024 * 1024,
    shell: windows && (program === 'npm' || program === 'npx'),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
  })
  if (done.error && done.status === null) {
    return {
      code: 127,
      stdout: done.stdout ?? '',
      stderr: `${done.error.message}\n${done.stderr ?? ''}`,
    }
  }
  return { code: done.status ?? 1, stdout: done.stdout, stderr: done.stderr }
}

/** The script that an installed package gives as its command `name`, to be run by Node. */
export function packageScript(packageName, name) {
  const folder = join(root, 'node_modules', ...packageName.split('/'))
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return join(folder, typeof bin === 'string' ? bin : bin[name])
}

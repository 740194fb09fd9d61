/**
 * Runs a measurement in a process of its own and reads what it printed.
 * @module
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/**
 * @param {string} script a file of this folder
 * @param {(string|number)[]} args
 * @param {{timeoutMs?: number, flags?: string[]}} [how]
 * @returns {object} what it measured, or `{problem}`
 */
export function inChild(script, args, { timeoutMs = 60_000, flags = [] } = {}) {
  const file = fileURLToPath(new URL(script, import.meta.url))
  const { stdout, stderr, error, signal } = spawnSync(
    process.execPath,
    [...flags, file, ...args.map(String)],
    { encoding: 'utf8', timeout: timeoutMs, killSignal: 'SIGKILL' },
  )
  if (error?.code === 'ETIMEDOUT')
    return { problem: `did not end within ${timeoutMs} ms`, hung: true }
  try {
    return JSON.parse(stdout)
  } catch {
    return { problem: stderr.trim().split('\n').at(-1) || `ended by ${signal}` }
  }
}

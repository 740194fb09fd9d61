/**
 * Starts a cell in a fresh process and gets its answer, or what became of it. Nothing inside a
 * cell is trusted to end: the time limit is kept here and the whole process group is killed.
 * @module
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const cellPath = fileURLToPath(new URL('./cell.mjs', import.meta.url))
const root = fileURLToPath(new URL('../../', import.meta.url))
const open = new Set()

function killGroup(child) {
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    child.kill('SIGKILL') // the group is gone already, or never came to be
  }
}

/** A cell that has answered may take this long to end; some engines hang in their own teardown. */
const ENDING_MS = 5000

/** Kills every cell that still runs; for when the benchmark itself is interrupted. */
export function killOpenCells() {
  for (const child of open) killGroup(child)
}

function lastLine(text) {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return lines.find((line) => /error|fatal/i.test(line))?.trim() ?? lines.at(-1)?.trim()
}

/** A cell that is killed while it writes leaves half a line. */
function parsed(line) {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** A report is published, so where this copy of the repository lies is taken out of messages. */
const withoutRoot = (text) =>
  text?.replaceAll(root, '').replace(/[^\s'"]*[\\/](?=bench[\\/]peers[\\/])/g, '')

/**
 * @param {string} node path of the Node binary
 * @param {string[]} flags Node flags of this peer
 * @param {object} orders what the cell shall do: `task`, `peer`, `workload`, `effort`
 * @param {number} limitMs after which the cell is killed and reported as HANG
 * @returns {Promise<object>} the cell's answer with `status`: `ok`, `error`, `skipped`, `crash`
 *   or `hang`
 */
export function spawnCell(node, flags, orders, limitMs) {
  return new Promise((resolve) => {
    const env = { ...process.env }
    delete env.NODE_OPTIONS // a debugger or loader of the caller would be measured too
    const child = spawn(node, [...flags, cellPath, JSON.stringify(orders)], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      detached: true,
      env,
    })
    open.add(child)
    let answer
    let stage = 'loading'
    let complaints = ''
    let hung = false
    let timer = setTimeout(() => {
      hung = true
      killGroup(child)
    }, limitMs)
    createInterface({ input: child.stdio[3] }).on('line', (line) => {
      const message = parsed(line)
      if (message === undefined) return
      if (message.stage) stage = message.stage
      else {
        answer = message
        clearTimeout(timer)
        timer = setTimeout(() => killGroup(child), ENDING_MS)
      }
    })
    child.stderr.setEncoding('utf8').on('data', (text) => {
      complaints = (complaints + text).slice(-8000)
    })
    const end = (result) => {
      clearTimeout(timer)
      open.delete(child)
      resolve('error' in result ? { ...result, error: withoutRoot(result.error) } : result)
    }
    child.on('error', (error) => end({ status: 'error', error: error.message }))
    child.on('close', (code, signal) => {
      killGroup(child) // whatever a peer may have left behind in its group
      if (answer) return end({ status: answer.ok ? 'ok' : 'error', ...answer })
      if (hung) return end({ status: 'hang', error: `killed after ${limitMs / 1000} s, ${stage}` })
      const how = signal ?? `exit code ${code}`
      end({ status: 'crash', error: [how, lastLine(complaints)].filter(Boolean).join(': ') })
    })
  })
}

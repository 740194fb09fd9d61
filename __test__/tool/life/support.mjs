// What the scripts of this folder share.

import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const PATIENCE_MS = 20_000

/** Options of a runtime over the fixtures, in a folder that is removed when the process ends. */
export function options(runtimeType, more = {}) {
  const projectRoot = realpathSync(mkdtempSync(join(tmpdir(), 'runlet-life-')))
  process.on('exit', () => rmSync(projectRoot, { recursive: true, force: true }))
  return {
    projectRoot,
    runtimeType,
    entrypointPath: join(here, '..', 'fixtures', 'tools.mjs'),
    permissions: ['--allow-read', '--allow-write', '--allow-net', '--allow-run'],
    ...more,
  }
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits until something is so; only a hang takes longer. */
export async function until(what, holds) {
  const end = Date.now() + PATIENCE_MS
  while (!holds()) {
    if (Date.now() > end) throw new Error(`never: ${what}`)
    await sleep(10)
  }
}

/** Numbers that processes wrote into a file, one a line. */
export function marked(file) {
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : []
}

/** State and parent of each process; nothing where the system does not tell. */
function processes() {
  if (!existsSync('/proc/self/stat')) return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        return [{ pid: Number(name), state, parent: Number(parent) }]
      } catch {
        return []
      }
    })
}

/** Children of this process, and those of them that wait to be reaped. */
export function children() {
  const own = processes().filter(({ parent }) => parent === process.pid)
  const zombies = own.filter(({ state }) => state === 'Z')
  return {
    alive: own.filter(({ state }) => state !== 'Z').map(({ pid }) => pid),
    zombies: zombies.map(({ pid }) => pid),
  }
}

/** Whether a process is there and not only waits to be reaped. */
export function isAlive(pid) {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  const known = processes().find((each) => each.pid === pid)
  return known !== undefined && known.state !== 'Z'
}

/** Threads and open files of this process; undefined where the system does not tell. */
export function holdings() {
  const count = (folder) => (existsSync(folder) ? readdirSync(folder).length : undefined)
  return { threads: count('/proc/self/task'), files: count('/proc/self/fd') }
}

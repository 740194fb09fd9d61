// What this process holds: memory, threads, open files. Node and Bun; counts where there is /proc.

import { readdirSync, readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const { Bun } = globalThis
if (!Bun) setFlagsFromString('--expose-gc')
const collect = Bun ? () => Bun.gc(true) : runInNewContext('gc')

function entriesOf(folder) {
  try {
    return readdirSync(folder).length
  } catch {
    return undefined
  }
}

/** MiB resident after a collection, so that what the host's own garbage holds does not count. */
export function residentMiB() {
  collect()
  return process.memoryUsage.rss() / 2 ** 20
}

/** What the host holds of an engine process: its channel, and a handle of it. */
const FILES_OF_ENGINE = 2

/** Engine processes of this one: those that have nothing to do come and go with time. */
function engines() {
  try {
    return readdirSync('/proc').filter((name) => {
      try {
        const [, comm, parent] =
          /^\d+ \((.*)\) \S (\d+) /s.exec(readFileSync(`/proc/${name}/stat`, 'latin1')) ?? []
        return comm === 'runlet-engine' && Number(parent) === process.pid
      } catch {
        return false
      }
    }).length
  } catch {
    return 0
  }
}

/** Threads and open files, but for those of engine processes; undefined where the system does not tell. */
export function counts() {
  const files = entriesOf('/proc/self/fd')
  return {
    threads: entriesOf('/proc/self/task'),
    files: files === undefined ? undefined : files - engines() * FILES_OF_ENGINE,
  }
}

/** Names of what keeps the event loop alive, or undefined on a runtime that does not tell. */
export function activeResources() {
  return process.getActiveResourcesInfo?.().filter((name) => !/TTY|Pipe|FS/i.test(name))
}

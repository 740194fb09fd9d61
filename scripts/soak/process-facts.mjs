// What this process holds: memory, threads, open files. Node and Bun; counts where there is /proc.

import { readdirSync } from 'node:fs'
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

/** Threads and open files; undefined where the system does not tell. */
export function counts() {
  return { threads: entriesOf('/proc/self/task'), files: entriesOf('/proc/self/fd') }
}

/** Names of what keeps the event loop alive, or undefined on a runtime that does not tell. */
export function activeResources() {
  return process.getActiveResourcesInfo?.().filter((name) => !/TTY|Pipe|FS/i.test(name))
}

// What shells hold while they do nothing, children included, in a process of its own.
//
//   node --expose-gc idle.mjs SHELL FOLDER MADE USED

import { readFileSync } from 'node:fs'
import { memoryNow } from '../lib/process-memory.mjs'
import { descendantsOf } from '../lib/process-tree.mjs'
import { shells } from './shells.mjs'

const [id, folder] = process.argv.slice(2)
const [made, used] = process.argv.slice(4).map(Number)
const SETTLE_MS = 600

/** Bytes by share, of this process and those below it. */
async function held() {
  const { pss, rss } = await memoryNow(SETTLE_MS)
  let bytes = pss ?? rss
  for (const { pid } of descendantsOf(process.pid)) {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')
    bytes += Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024
  }
  return bytes
}

try {
  const way = shells[id]
  const before = await held()
  const library = await way.load()
  const kept = []
  const open = async (count, text) => {
    for (let at = 0; at < count; at++) {
      const shell = await way.open(library, folder)
      kept.push(shell)
      if (text !== undefined) await shell.run(text)
    }
    return held()
  }
  const first = await open(1, 'echo hi')
  const second = await open(made)
  const third = await open(used, 'echo hi')
  process.stdout.write(
    JSON.stringify({
      firstBytes: first - before,
      madeBytes: (second - first) / made,
      usedBytes: (third - second) / used,
    }),
  )
} catch (error) {
  process.stdout.write(JSON.stringify({ problem: error.message }))
}
process.exit()

// A loop without an end and a deadline, in a process of its own: when it ended, and for how long
// nothing else of the host could run.
//
//   node deadline.mjs SHELL FOLDER MS

import { startHeartbeat } from '../lib/heartbeat.mjs'
import { shells } from './shells.mjs'

const [id, folder, ms] = [process.argv[2], process.argv[3], Number(process.argv[4])]
const PERIOD_MS = 2

try {
  const way = shells[id]
  const shell = await way.open(await way.load(), folder)
  for (let warmUp = 0; warmUp < 3; warmUp++) await shell.run('echo hi')
  const heartbeat = startHeartbeat(PERIOD_MS)
  const start = performance.now()
  // A peer may tell of its deadline by a throw.
  await shell.run('while true; do :; done', ms).catch(() => {})
  const endedMs = performance.now() - start
  const { longestGapMs } = heartbeat.stop()
  process.stdout.write(JSON.stringify({ endedMs, longestGapMs }))
} catch (error) {
  process.stdout.write(JSON.stringify({ problem: error.message }))
}
process.exit()

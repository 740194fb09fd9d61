// A call from a host of a given size: what a launch costs must not grow with the host's memory.
//
//   node big-host.mjs BUN MIB ROUNDS

import { median } from '../lib/statistics.mjs'
import { ways } from './ways.mjs'

const [bun, mib, rounds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
const ballast = []
for (let at = 0; at < mib; at += 16) ballast.push(Buffer.alloc(16 << 20, 1))
const all = ways({ bun, node: process.execPath })
const input = { payload: 'x'.repeat(1024) }
const result = {}
const open = {}
for (const id of ['runlet-bun', 'bun-run']) open[id] = await all[id].open()
const samples = { 'runlet-bun': [], 'bun-run': [] }
for (let round = -2; round < rounds; round++) {
  for (const id of Object.keys(open)) {
    const start = performance.now()
    await open[id].call('echo', input)
    if (round >= 0) samples[id].push(performance.now() - start)
  }
}
for (const id of Object.keys(open)) {
  result[id] = { median: median(samples[id]), min: Math.min(...samples[id]) }
  await open[id].close()
}
process.stdout.write(JSON.stringify({ ...result, ballastMiB: ballast.length * 16 }))

// The same code, input and seed give the same bytes: value, logs and their timestamps.
//
//   node examples/deterministic.mjs

import { runCodelet } from 'runlet'

const source = {
  type: 'string',
  code: `
    const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
    export async function main(players, { logger }) {
      const order = players
        .map((name) => ({ name, draw: Math.random() }))
        .sort((a, b) => a.draw - b.draw)
        .map(({ name }) => name)
      await wait(60 * 60 * 1000)
      logger.info('drawn at', new Date().toISOString())
      return order
    }
  `,
}

async function draw(seed) {
  const { value, logs, duration_ms } = await runCodelet(source, {
    input: ['Ada', 'Brian', 'Grace', 'Ken', 'Margaret'],
    deterministic: { seed, now: Date.UTC(2026, 0, 31) },
    allow: { timers: true },
  })
  return { bytes: JSON.stringify({ value, logs }), value, logs, duration_ms }
}

const first = await draw('spring draw')
const again = await draw('spring draw')
const other = await draw('autumn draw')

console.log(`seed "spring draw"  ${first.value.join(', ')}`)
console.log(`once more           ${again.value.join(', ')}`)
console.log(`seed "autumn draw"  ${other.value.join(', ')}`)
console.log(`same bytes          ${first.bytes === again.bytes}`)
console.log(`log                 ${first.logs[0].message}`)
console.log(`an hour's wait took ${first.duration_ms.toFixed(1)} ms`)

// Start of a shell in a process of its own: load and first call, then first calls of further shells.
//
//   node start.mjs SHELL FOLDER COUNT

import { shells } from './shells.mjs'

const [id, folder, count] = [process.argv[2], process.argv[3], Number(process.argv[4])]
const way = shells[id]

async function firstCall(library) {
  const shell = await way.open(library, folder)
  const { out } = await shell.run('echo hi')
  if (out !== 'hi\n') throw new Error(`printed ${JSON.stringify(out)}`)
  return shell
}

try {
  const start = performance.now()
  const library = await way.load()
  const loaded = performance.now()
  const first = await firstCall(library)
  const firstMs = performance.now() - loaded
  const anotherMs = []
  for (let at = 0; at < count; at++) {
    const begun = performance.now()
    const another = await firstCall(library)
    anotherMs.push(performance.now() - begun)
    await another.close()
  }
  await first.close()
  process.stdout.write(JSON.stringify({ loadMs: loaded - start, firstMs, anotherMs }))
} catch (error) {
  process.stdout.write(JSON.stringify({ problem: error.message }))
}
process.exit()

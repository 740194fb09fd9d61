// Finds a Bun that runs. `node scripts/bun.mjs` prints its path.
//
// The npm package `bun` moves its executable into place in an install script. Where install scripts
// are off (ours are: see setup.mjs) the file in node_modules/bun/bin is a text that explains this, and
// the executable stays in a package of its own, so each candidate is asked for its version.

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { capture, root } from './command.mjs'

function candidates() {
  // Named by hand: that one or none.
  if (process.env.RUNLET_BUN) return [process.env.RUNLET_BUN]
  const modules = join(root, 'node_modules')
  const scope = join(modules, '@oven')
  const file = process.platform === 'win32' ? 'bun.exe' : 'bun'
  return [
    join(modules, 'bun', 'bin', 'bun.exe'),
    ...(existsSync(scope) ? readdirSync(scope).map((name) => join(scope, name, 'bin', file)) : []),
    'bun',
  ].filter((path) => path === 'bun' || existsSync(path))
}

/** `{ path, version }` of the first Bun that answers, or undefined. */
export function findBun() {
  for (const path of candidates()) {
    const answer = capture(path, ['--version'], { timeoutMs: 30_000 })
    const version = answer.stdout.trim()
    if (answer.code === 0 && /^\d+\.\d+\.\d+/.test(version)) return { path, version }
  }
  return undefined
}

/** Says what to do where there is no Bun. */
export function noBun() {
  const named = process.env.RUNLET_BUN
  return named
    ? `RUNLET_BUN names ${named}, which does not answer as Bun`
    : 'no Bun found: run `npm ci`, or name one in RUNLET_BUN'
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const bun = findBun()
  if (bun) console.log(bun.path)
  else {
    console.error(noBun())
    process.exitCode = 1
  }
}

// The shells that are compared with the recorded bash: ours on both engines, and plain ones beside them.
// Each gives a function that runs one program in a folder of its own, and ends what it started.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../command.mjs'

const require = createRequire(import.meta.url)
const TIMEOUT_MS = 20_000

const versionIn = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version
const crateVersion = () =>
  /name = "bashkit"\nversion = "([^"]+)"/.exec(readFileSync(join(root, 'Cargo.lock'), 'utf8'))[1]
const justBashFolder = join(root, 'node_modules', 'just-bash')

const envOf = (index) => ({ HOME: `/${index}`, LC_ALL: 'C.UTF-8', TZ: 'UTC' })

/** One of ours. */
function ours(engine, library) {
  return {
    key: engine,
    title: `runlet, engine \`${engine}\` (${library})`,
    async open() {
      const { openVirtualShell } = require('../../dist/workspace/virtual.js')
      const folder = mkdtempSync(join(tmpdir(), 'runlet-conformance-'))
      const sizes = { maxOutputBytes: 1_000_000, maxFileBytes: 1_000_000 }
      const shell = openVirtualShell({ root: folder, ...sizes, justBash: { engine } })
      return {
        async run({ script }, index) {
          const cwd = `/${index}/work`
          mkdirSync(join(folder, cwd), { recursive: true })
          return shell.exec(script, { cwd, env: envOf(index), timeoutMs: TIMEOUT_MS })
        },
        async close() {
          await shell.close()
          rmSync(folder, { recursive: true, force: true })
        },
      }
    },
  }
}

/** just-bash as it is published, with its defaults. */
function plainJustBash(kind) {
  return {
    key: `just-bash ${kind}`,
    title: `just-bash ${versionIn(justBashFolder)}, its ${kind}`,
    async open() {
      const { Bash, InMemoryFs, ReadWriteFs } = await import('just-bash')
      const folder = mkdtempSync(join(tmpdir(), 'runlet-conformance-'))
      return {
        async run({ script }, index) {
          const real = kind === 'ReadWriteFs'
          const fs = real ? new ReadWriteFs({ root: folder }) : new InMemoryFs()
          const cwd = `/${index}/work`
          await fs.mkdir(cwd, { recursive: true })
          const bash = new Bash({ fs, cwd, env: envOf(index) })
          const signal = AbortSignal.timeout(TIMEOUT_MS)
          const { stdout, stderr, exitCode } = await bash.exec(script, { rawScript: true, signal })
          return { out: stdout, err: stderr, code: exitCode }
        },
        close: async () => rmSync(folder, { recursive: true, force: true }),
      }
    },
  }
}

/** The package that its makers build of the crate that the native engine is made with. */
function plainBashkit(folder) {
  const name = '@everruns/bashkit'
  const place = join(folder, 'node_modules', ...name.split('/'))
  if (!existsSync(place)) throw new Error(`${name} is not installed in the folder of --peers`)
  return {
    key: name,
    title: `${name} ${versionIn(place)}, with its defaults`,
    async open() {
      const entry = join(place, 'wrapper.js')
      let child = await peerProcess(entry)
      let crashes = 0
      return {
        async run({ script }, index) {
          const cwd = `/${index}/work`
          child.send({ script, cwd, env: envOf(index), timeoutMs: TIMEOUT_MS })
          const [answer] = await Promise.race([once(child, 'message'), once(child, 'exit')])
          if (typeof answer === 'object' && answer !== null) return answer
          crashes += 1
          child = await peerProcess(entry)
          throw new Error('it ended its process')
        },
        crashes: () => crashes,
        async close() {
          child.kill('SIGKILL')
        },
      }
    },
  }
}

async function peerProcess(entry) {
  const child = fork(join(root, 'scripts', 'conformance', 'peer-process.mjs'), [entry])
  await once(child, 'message')
  return child
}

/** Ours, as far as they are built. */
export function ownEngines() {
  const { nativeProgram } = require('../../dist/workspace/native/program.js')
  const native = nativeProgram() === undefined ? [] : [ours('native', `bashkit ${crateVersion()}`)]
  return [...native, ours('just-bash', `just-bash ${versionIn(justBashFolder)}`)]
}

/** The others. `folder` is where their packages are installed. */
export function peers(folder) {
  return [plainJustBash('InMemoryFs'), plainJustBash('ReadWriteFs'), plainBashkit(folder)]
}

/**
 * The shells that are measured beside each other. `load` brings the library, which counts only for a
 * start; `open` gives a shell in a folder; `run` gives what a script has printed.
 * @module
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { importPeer, peerVersion } from '../lib/peers.mjs'

const own = createRequire(import.meta.url)
const silent = () => {}
const logger = { debug: silent, info: silent, warn: silent, error: silent }

/** No bound of a peer may end a script before its deadline does. */
const MANY = 1_000_000_000

function runlet(name, options = {}) {
  return {
    load: async () => own('../..'),
    open: async ({ createRuntime }, folder) => {
      const runtime = createRuntime({ root: folder, name, logger, ...options })
      return {
        run: async (command, timeoutMs) => {
          const { code, out, err, error } = await runtime.bash({ command, timeoutMs })
          if (error?.code === 'RUNTIME_NOT_FOUND') throw new Error(`not built: ${error.message}`)
          if (error !== undefined && timeoutMs === undefined) throw new Error(error.message)
          return { code, out, err }
        },
        close: () => runtime.close(),
      }
    },
  }
}

const plainJustBash = {
  load: () => import('just-bash'),
  open: async ({ Bash, InMemoryFs, MountableFs, ReadWriteFs }, folder) => {
    const fs = new MountableFs({ base: new InMemoryFs() })
    fs.mount('/workspace', new ReadWriteFs({ root: folder }))
    const executionLimits = { maxLoopIterations: MANY, maxCommandCount: MANY }
    const bash = new Bash({ fs, cwd: '/workspace', executionLimits })
    return {
      run: async (text, timeoutMs) => {
        const bounds = timeoutMs === undefined ? {} : { signal: AbortSignal.timeout(timeoutMs) }
        const { exitCode, stdout, stderr } = await bash.exec(text, bounds)
        return { code: exitCode, out: stdout, err: stderr }
      },
      close: silent,
    }
  },
}

const bashkit = {
  load: () => importPeer('@everruns/bashkit'),
  open: async ({ Bash }, folder) => {
    const bash = new Bash({
      cwd: '/workspace',
      mounts: [{ path: '/workspace', root: folder, writable: true }],
      allowedMountPaths: [folder],
      // The other profiles end a shell after 100,000 commands in all.
      profile: 'Interactive',
      maxCommands: MANY,
      maxLoopIterations: MANY,
      maxTotalLoopIterations: MANY,
    })
    return {
      run: async (text, timeoutMs) => {
        const bounds = timeoutMs === undefined ? {} : { signal: AbortSignal.timeout(timeoutMs) }
        const { exitCode, stdout, stderr } = await bash.execute(text, bounds)
        return { code: exitCode, out: stdout, err: stderr }
      },
      close: silent,
    }
  },
}

const plainSpawn = {
  load: async () => ({}),
  open: async (_, folder) => ({
    run: (text, timeoutMs) =>
      new Promise((resolve, reject) => {
        const child = spawn('bash', ['--noprofile', '--norc', '-c', text], {
          cwd: folder,
          stdio: ['ignore', 'pipe', 'pipe'],
          ...(timeoutMs !== undefined && { timeout: timeoutMs }),
        })
        const [out, err] = [[], []]
        child.on('error', reject)
        child.stdout.on('data', (piece) => out.push(piece))
        child.stderr.on('data', (piece) => err.push(piece))
        child.on('close', (code) =>
          resolve({
            code,
            out: Buffer.concat(out).toString(),
            err: Buffer.concat(err).toString(),
          }),
        )
      }),
    close: silent,
  }),
}

/** The one that runlet's own engine runs on too. */
function justBashVersion() {
  const path = new URL('../../node_modules/just-bash/package.json', import.meta.url)
  return JSON.parse(readFileSync(path, 'utf8')).version
}

function version(name) {
  try {
    return peerVersion(name)
  } catch {
    return 'not installed'
  }
}

/** @type {Record<string, {title: string, kind: 'virtual'|'host', ours: boolean, load: Function, open: Function}>} */
export const shells = {
  native: {
    title: 'runlet, native engine',
    kind: 'virtual',
    ours: true,
    ...runlet('just-bash', { justBash: { engine: 'native' } }),
  },
  worker: {
    title: 'runlet, just-bash in a thread',
    kind: 'virtual',
    ours: true,
    ...runlet('just-bash', { justBash: { engine: 'just-bash' } }),
  },
  'just-bash': {
    title: `just-bash ${justBashVersion()}, in process`,
    kind: 'virtual',
    ours: false,
    ...plainJustBash,
  },
  bashkit: {
    title: `@everruns/bashkit ${version('@everruns/bashkit')}, in process`,
    kind: 'virtual',
    ours: false,
    ...bashkit,
  },
  host: { title: 'runlet, host-bash', kind: 'host', ours: true, ...runlet('host-bash') },
  guarded: {
    title: 'runlet, guarded-bash',
    kind: 'host',
    ours: true,
    // Some paths of the scripts are known only when they run, which somebody has to approve.
    ...runlet('guarded-bash', { guard: { onApproval: async () => true } }),
  },
  spawn: { title: '`spawn`, bash', kind: 'host', ours: false, ...plainSpawn },
}

/**
 * The ways to run a tool that are measured beside each other. Each makes one call and gives its
 * value; `close` ends what it has kept.
 * @module
 */
import { fork, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { BURST } from './measure.mjs'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
const require = createRequire(new URL('../peers/', import.meta.url))
const own = createRequire(import.meta.url)

/** One process, the request on stdin, the answer on stdout, as the plain runners do. */
function throughStdin(program, args) {
  return (tool, input) =>
    new Promise((resolve, reject) => {
      const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] })
      const pieces = []
      child.on('error', reject)
      child.stdin.on('error', () => {})
      child.stdout.on('data', (piece) => pieces.push(piece))
      child.on('close', (code) => {
        if (code === 0) resolve(JSON.parse(Buffer.concat(pieces).toString()))
        else reject(new Error(`exit code ${code}`))
      })
      child.stdin.end(JSON.stringify({ tool, input }))
    })
}

function runlet(runtimeType, options, programs) {
  const { createToolRuntime } = own('../..')
  const runtime = createToolRuntime({
    projectRoot: here('.'),
    entrypointPath: here('tool.mjs'),
    runtimeType,
    bunPath: programs.bun,
    nodePath: programs.node,
    permissions: ['--allow-all'],
    maxInputBytes: 64 << 20,
    maxOutputBytes: 64 << 20,
    storeDir: here('.runlet'),
    ...options,
  })
  return {
    call: (tool, input) => runtime.executeToolOrThrow(tool, { input }),
    close: () => runtime.dispose(),
    stats: () => runtime.stats(),
  }
}

/**
 * @param {{bun: string, node: string}} programs the runtimes to measure on
 * @returns {Promise<Record<string, {title: string, kind: 'cold'|'warm', runtime: string, open: () => object}>>}
 */
export function ways({ bun, node }) {
  const programs = { bun, node }
  const plain = (call) => ({ call, close: () => {} })
  const all = {
    'runlet-bun': {
      title: 'runlet, Bun',
      open: () => runlet('bun', {}, programs),
    },
    'runlet-bun-warm': {
      title: 'runlet, Bun, warm single-use',
      paced: true,
      open: () => runlet('bun', { warm: { size: BURST } }, programs),
    },
    'runlet-node': {
      title: 'runlet, Node',
      open: () => runlet('node', {}, programs),
    },
    'runlet-node-warm': {
      title: 'runlet, Node, warm single-use',
      paced: true,
      open: () => runlet('node', { warm: { size: BURST } }, programs),
    },
    'bun-run': {
      title: 'spawn `bun run`, stdin and stdout',
      open: () => plain(throughStdin(bun, ['run', here('stdin-worker.mjs')])),
    },
    'node-stdin': {
      title: 'spawn `node`, stdin and stdout',
      open: () => plain(throughStdin(node, [here('stdin-worker.mjs')])),
    },
    execa: {
      title: 'execa, Bun, stdin and stdout',
      open: async () => {
        const { execa } = await import(require.resolve('execa'))
        return plain(async (tool, input) => {
          const { stdout } = await execa(bun, ['run', here('stdin-worker.mjs')], {
            input: JSON.stringify({ tool, input }),
            maxBuffer: 64 << 20,
          })
          return JSON.parse(stdout)
        })
      },
    },
    fork: {
      title: 'child_process.fork',
      open: () =>
        plain(
          (tool, input) =>
            new Promise((resolve, reject) => {
              const child = fork(here('fork-worker.mjs'), { execPath: node })
              child.on('error', reject)
              child.on('message', resolve)
              child.send({ tool, input })
            }),
        ),
    },
    'worker-threads': {
      title: 'new worker_thread*',
      open: () =>
        plain(
          (tool, input) =>
            new Promise((resolve, reject) => {
              const worker = new Worker(here('thread-worker.mjs'))
              worker.on('error', reject)
              worker.on('message', (value) => {
                worker.terminate()
                resolve(value)
              })
              worker.postMessage({ tool, input })
            }),
        ),
    },
    tinypool: {
      title: 'tinypool, kept threads*',
      open: async () => {
        const { default: Tinypool } = await import(require.resolve('tinypool'))
        const pool = new Tinypool({ filename: here('pool-worker.mjs'), minThreads: 1 })
        return {
          call: (tool, input) => pool.run({ tool, input }),
          close: () => pool.destroy(),
        }
      },
    },
    piscina: {
      title: 'piscina, kept threads*',
      open: async () => {
        const { Piscina } = require('piscina')
        const pool = new Piscina({ filename: here('pool-worker.mjs'), minThreads: 1 })
        return {
          call: (tool, input) => pool.run({ tool, input }),
          close: () => pool.destroy(),
        }
      },
    },
  }
  return all
}

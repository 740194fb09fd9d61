/**
 * The peers by id, and how their packages are found: never among runlet's own dependencies, only
 * in bench/peers/node_modules.
 * @module
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** Ids in the order in which their cells take turns. Each is a file in bench/adapters. */
export const peerIds = [
  'runlet',
  'run',
  'isolated-vm',
  'quickjs-emscripten',
  'quickjs-emscripten-instance',
  'quickjs-wasi',
  'quickjs-ng-native',
  'quickjs-native',
  'vm2',
  'node-vm',
  'worker-threads',
]

/** The adapter's function for each mode of a workload. */
export const runFunctions = {
  once: 'runOnce',
  warm: 'runWarm',
  fresh: 'runOnce',
  native: 'runNative',
  ping: 'runPing',
}

const peersFolder = new URL('../peers/', import.meta.url)
const requireFromPeers = createRequire(new URL('package.json', peersFolder))

/**
 * @param {string} id one of `peerIds`
 * @returns {Promise<object>} the adapter, nothing loaded yet
 */
export async function loadAdapter(id) {
  return (await import(`../adapters/${id}.mjs`)).default
}

/**
 * @param {string} specifier a file of a package of bench/peers
 * @returns {string} its path
 */
export const resolvePeer = (specifier) => requireFromPeers.resolve(specifier)

/**
 * @param {string} specifier a package of bench/peers
 * @returns {Promise<object>} its exports
 */
export const importPeer = (specifier) => import(pathToFileURL(resolvePeer(specifier)).href)

/**
 * @param {string} name a package of bench/peers
 * @returns {string} its installed version
 */
export function peerVersion(name) {
  const path = fileURLToPath(new URL(`node_modules/${name}/package.json`, peersFolder))
  return JSON.parse(readFileSync(path, 'utf8')).version
}

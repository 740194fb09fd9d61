/**
 * Puts the peers into bench/peers/node_modules when they are missing or of another version, and
 * finds the Node that everybody, runlet included, is measured on.
 * @module
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { findBun, noBun } from '../../scripts/bun.mjs'
import { installPythonPeers, pythonPeers } from './install-python.mjs'
import { peerVersion } from './peers.mjs'

const folder = fileURLToPath(new URL('../peers/', import.meta.url))

/**
 * The peers are optional dependencies, so that one that cannot be fetched does not keep the others
 * away. isolated-vm is not: npm would leave it out silently when its own Node is older than 24.
 */
function wantedPackages() {
  const manifest = JSON.parse(readFileSync(`${folder}package.json`, 'utf8'))
  const all = Object.entries({ ...manifest.dependencies, ...manifest.optionalDependencies })
  return all.filter(([name]) => !name.startsWith('node-'))
}

function isInstalled([name, version]) {
  try {
    return peerVersion(name) === version
  } catch {
    return false
  }
}

/** The Node binary that npm delivers for this platform, if there is one. */
function nodeFromNpm() {
  const path = `${folder}node_modules/node-${process.platform}-${process.arch}/bin/node`
  return existsSync(path) ? path : undefined
}

const isComplete = () => wantedPackages().every(isInstalled)

/**
 * @param {object[]} workloads those to measure
 * @returns {{path: string, version: string}|{problem: string}|undefined} the Bun to measure on;
 *   `undefined` when no workload asks for it
 */
export function bunFor(workloads) {
  if (!workloads.some(({ runtime }) => runtime === 'bun')) return undefined
  return findBun() ?? { problem: noBun() }
}

/**
 * @param {(line: string) => void} say progress, one line at a time
 * @param {object[]} workloads those to measure: the Python peers take part in the kernels only
 * @returns {{node: string, note?: string, problems: Record<string, string>}} the Node to measure
 *   on; `note` when it is not the one from npm; `problems` says what could not be installed: `npm`,
 *   or a Python package by name
 */
export function installPeers(say, workloads) {
  const wantsPython = workloads.some(({ group }) => group === 'cpu')
  const problems = wantsPython ? installPythonPeers(pythonPeers, say) : {}
  const problem = installFromNpm(say)
  if (problem) problems.npm = problem
  const node = nodeFromNpm()
  if (node) return { node, problems }
  const note = `no Node for ${process.platform}-${process.arch} among the peers: measured on the Node that runs the benchmark`
  return { node: process.execPath, note, problems }
}

/** Gives what went wrong, if something did. */
function installFromNpm(say) {
  let problem
  if (!isComplete()) {
    say('installing the peers into bench/peers/node_modules (npm ci) ...')
    // No scripts: every peer ships what it needs, and none is trusted with this machine.
    const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: folder,
      encoding: 'utf8',
      shell: process.platform === 'win32',
    })
    if (npm.status !== 0) {
      const reasons = (npm.stderr ?? '').split('\n').filter((line) => line.includes('npm error'))
      problem = `npm ci failed: ${npm.error?.message ?? reasons[0] ?? `exit code ${npm.status}`}`
    } else if (!isComplete()) {
      problem = 'npm ci could not fetch it'
    }
  }
  return problem
}

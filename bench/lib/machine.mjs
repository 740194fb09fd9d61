/**
 * What the figures were taken on. Names no host and no path.
 * @module
 */
import { spawnSync } from 'node:child_process'
import { cpus, loadavg, release, totalmem, type } from 'node:os'

/**
 * @param {string} node the Node binary the cells run on
 * @param {{version?: string}|undefined} bun the Bun that some of them run on
 * @returns {object} processor, cores, memory, system, load and versions of Node and Bun
 */
export function describeMachine(node, bun) {
  const processors = cpus()
  return {
    processor: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    architecture: process.arch,
    loadBefore: loadavg().map((load) => Math.round(load * 100) / 100),
    node: spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim(),
    bun: bun?.version,
  }
}

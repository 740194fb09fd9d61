/**
 * The ways to work on files that are measured beside each other. Each gives, for a folder, the same
 * operations; `grep` gives how many lines it has found, `find` how many paths.
 * @module
 */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { olderWays } from './older-ways.mjs'
import { linesOf } from './programs.mjs'

const { createRuntime } = createRequire(import.meta.url)('../..')
const silent = () => {}
const logger = { debug: silent, info: silent, warn: silent, error: silent }

/** More than any row of the benchmark has. */
const MOST = 10_000

function openRunlet(folder) {
  const runtime = createRuntime({ root: folder, logger, limits: { maxResults: MOST } })
  return {
    read: (path, chat) => runtime.read({ path, chat }),
    write: (path, content, chat) => runtime.write({ path, content, chat }),
    edit: (path, oldText, newText, chat) => runtime.edit({ path, oldText, newText, chat }),
    ls: (path, chat) => runtime.ls({ path, chat }),
    grep: async (query, regex) =>
      (await runtime.grep({ query, regex, maxResults: MOST })).hits.length,
    find: async (pattern) => (await runtime.find({ pattern, maxResults: MOST })).paths.length,
    close: () => runtime.close(),
  }
}

function openPlain(folder) {
  const at = (path) => join(folder, path)
  return {
    read: (path) => readFile(at(path), 'utf8'),
    write: (path, content) => writeFile(at(path), content),
    edit: async (path, oldText, newText) => {
      const text = await readFile(at(path), 'utf8')
      await writeFile(
        at(path),
        text.replace(oldText, () => newText),
      )
    },
    ls: (path) => readdir(at(path), { withFileTypes: true }),
  }
}

function openOlder(folder) {
  const older = olderWays(folder)
  return {
    ...older,
    grep: async (query, regex) => (await older.grep(query, regex)).length,
    find: async (pattern) => (await older.find(pattern)).length,
  }
}

/** Operations on single files. */
export const fileWays = {
  runlet: { title: 'runlet', open: openRunlet },
  plain: { title: '`node:fs/promises`, unconfined', open: openPlain },
  older: { title: 'canonicalize, then open', open: openOlder },
}

/**
 * Searches of a tree.
 * @param {{path?: string, problem?: string}} ripgrep
 */
export function searchWays(ripgrep) {
  const rg = (args) => async (folder) => {
    if (ripgrep.problem !== undefined) throw new Error(ripgrep.problem)
    const all = ['--no-config', '--no-ignore', '--hidden', '--no-messages', ...args]
    return {
      grep: (query, regex) => {
        const how = regex ? ['-e'] : ['-F', '-e']
        return linesOf(ripgrep.path, [...all, '-n', '--no-heading', ...how, query, '.'], folder)
      },
      find: (pattern) => linesOf(ripgrep.path, [...all, '--files', '-g', pattern, '.'], folder),
      start: () => linesOf(ripgrep.path, ['--version'], folder),
    }
  }
  return {
    runlet: { title: 'runlet', open: openRunlet },
    rg: { title: `ripgrep ${ripgrep.version ?? ''}`.trim(), open: rg([]) },
    sorted: { title: 'ripgrep, `--sort path`, as runlet gives them', open: rg(['--sort', 'path']) },
    gnu: {
      title: 'GNU grep and find',
      open: async (folder) => ({
        grep: (query, regex) => linesOf('grep', ['-rn', regex ? '-E' : '-F', query, '.'], folder),
        find: (pattern) => linesOf('find', ['.', '-name', pattern], folder),
      }),
    },
    older: { title: 'walk in JavaScript, each path canonicalized', open: openOlder },
  }
}

/**
 * Puts the peers that come as Python wheels into bench/peers/python_modules, each in a folder of
 * its own because both are imported as `quickjs`. They are the only native builds of QuickJS that a
 * registry delivers ready to run: npm has none.
 * @module
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../peers/', import.meta.url))
const pythons = process.platform === 'win32' ? ['python', 'py'] : ['python3', 'python']

/** Packages of bench/peers/python, one requirements file each. */
export const pythonPeers = ['quickjs-ng', 'quickjs']

/** @returns {string|undefined} the command of a Python 3 */
export function findPython() {
  return pythons.find((python) => {
    const answer = spawnSync(python, ['--version'], { encoding: 'utf8' })
    return answer.status === 0 && /^Python 3\./.test(answer.stdout)
  })
}

/**
 * @param {string} name one of `pythonPeers`
 * @returns {string} the folder its modules are in
 */
export const pythonFolder = (name) => `${folder}python_modules/${name}`

/**
 * @param {string} name one of `pythonPeers`
 * @returns {string} the version its requirements file pins
 */
export function pythonPeerVersion(name) {
  const text = readFileSync(`${folder}python/${name}.txt`, 'utf8')
  return text.split('==')[1].split(/\s/)[0]
}

/** pip leaves the version in the name of a folder. */
function isInstalled(name) {
  if (!existsSync(pythonFolder(name))) return false
  const info = `${name.replace('-', '_')}-${pythonPeerVersion(name)}.dist-info`
  return readdirSync(pythonFolder(name)).includes(info)
}

function install(python, name) {
  const args = ['-m', 'pip', 'install', '--quiet', '--upgrade', '--disable-pip-version-check']
  // Nothing is built and nothing but these very wheels is taken.
  args.push('--no-deps', '--only-binary', ':all:', '--require-hashes')
  args.push('--target', pythonFolder(name), '--requirement', `${folder}python/${name}.txt`)
  const pip = spawnSync(python, args, { encoding: 'utf8' })
  if (pip.status === 0) return undefined
  const complaint = (pip.stderr ?? '').split('\n').findLast((line) => /^ERROR/.test(line))
  return `pip: ${pip.error?.message ?? complaint ?? `exit code ${pip.status}`}`
}

/**
 * @param {string[]} names the packages to install when they are missing
 * @param {(line: string) => void} say progress, one line at a time
 * @returns {Record<string, string>} by package, why it could not be installed
 */
export function installPythonPeers(names, say) {
  const missing = names.filter((name) => !isInstalled(name))
  if (missing.length === 0) return {}
  const python = findPython()
  const problems = {}
  for (const name of missing) {
    say(`installing ${name} into bench/peers/python_modules (pip) ...`)
    const problem = python ? install(python, name) : 'there is no Python 3 here'
    if (problem) problems[name] = problem
  }
  return problems
}

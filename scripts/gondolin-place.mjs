// A project with the package @earendil-works/gondolin, a Node that is new enough, a guest and runlet: what
// the tests and the conformance kit of `runlet/gondolin` run in, on real machines.

import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { capture, root, run } from './command.mjs'
import { buildGuest, installProject, noGuest, PACKAGES, usualFolder } from './gondolin-guest.mjs'

/** What machines run on, and what Debian has it in. */
const EMULATOR = ['qemu-system-x86_64', 'qemu-img']
const EMULATOR_PACKAGES = ['qemu-system-x86', 'qemu-utils']

/** What is missing here, or undefined. */
function obstacle() {
  const named = process.env.GONDOLIN_GUEST_DIR
  const reason = named === undefined ? noGuest() : undefined
  if (reason !== undefined) return reason
  const missing = EMULATOR.filter((program) => capture(program, ['--version']).code !== 0)
  if (missing.length === 0) return undefined
  return `there is no ${missing.join(', ')}: apt-get install ${EMULATOR_PACKAGES.join(' ')}`
}

/** Why this can be no place for machines, whatever is installed. */
function never() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `the guest is built for Linux on x86-64, this is ${process.platform} on ${process.arch}`
  }
  return undefined
}

/** Has apt-get fetch what is missing. @returns why it did not, or undefined */
function fetchMissing() {
  if (process.getuid() !== 0) return 'only root can have apt-get install it'
  if (capture('apt-get', ['--version']).code !== 0) return 'there is no apt-get to install it with'
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...args) => capture('apt-get', args, { env, timeoutMs: 900_000 })
  const install = ['install', '-y', '--no-install-recommends']
  const why = ({ stderr }) => `apt-get failed: ${stderr.trim().split('\n').pop()}`
  apt('update')
  const small = apt(...install, ...PACKAGES)
  if (small.code !== 0) return why(small)
  const emulator = apt(...install, ...EMULATOR_PACKAGES)
  if (emulator.code === 0) return undefined
  // Parts of it may be here in a newer version, from where the newer ones are: beside this system's own.
  const [, name] = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8')) ?? []
  const format = '$(REPO_URI) $(RELEASE)'
  const sources = capture('apt-get', ['indextargets', '--format', format, 'Created-By: Packages'])
  const [place] = sources.stdout.split('\n').flatMap((line) => {
    const [uri, release] = line.split(' ')
    return release === name ? [uri] : []
  })
  if (name === undefined || place === undefined) return why(emulator)
  const folder = mkdtempSync(join(tmpdir(), 'runlet-sources-'))
  try {
    const list = join(folder, 'list')
    writeFileSync(list, `deb ${place} ${name}-backports main\n`)
    const also = ['-o', `Dir::Etc::SourceList=${list}`]
    apt(...also, 'update')
    const newer = apt(...also, ...install, '-t', `${name}-backports`, ...EMULATOR_PACKAGES)
    return newer.code === 0 ? undefined : `${why(emulator)}; ${why(newer)}`
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Makes the place.
 *
 * @param install whether what is missing is fetched from Debian
 * @returns `{ project, node, guest }`, or `{ why }`
 */
export async function gondolinPlace({ install = false } = {}) {
  const hopeless = never()
  if (hopeless !== undefined) return { why: hopeless }
  let why = obstacle()
  if (why !== undefined && install) {
    const failed = fetchMissing()
    why = failed === undefined ? obstacle() : `${why}; ${failed}`
  }
  if (why !== undefined) return { why }
  if (!existsSync(join(root, 'dist', 'gondolin.js'))) {
    return { why: 'runlet is not built: npm run setup' }
  }
  const folder = resolve(process.env.RUNLET_GONDOLIN_FOLDER ?? usualFolder)
  let [project, node, guest] = []
  try {
    ;({ project, node } = await installProject(folder))
    guest = process.env.GONDOLIN_GUEST_DIR ?? (await buildGuest(folder))
  } catch (error) {
    return { why: error.message }
  }
  // The package is found from where runlet is, so runlet is put beside it.
  const installed = join(project, 'node_modules', 'runlet')
  rmSync(installed, { recursive: true, force: true })
  mkdirSync(installed, { recursive: true })
  for (const name of ['package.json', 'dist']) {
    cpSync(join(root, name), join(installed, name), { recursive: true })
  }
  return { project, node, guest }
}

/** Runs a script of this folder there, as `run` of command.mjs does. */
export function runThere({ project, node, guest }, script, { flags = [], env = {} } = {}) {
  const copy = join(project, basename(script))
  cpSync(script, copy)
  const variables = { GONDOLIN_GUEST_DIR: guest, ...env }
  return run(node, [...flags, copy], { cwd: project, env: variables })
}

/** Tries the conformance kit there. @returns the exit code, and the result if it came to one */
export async function tryKit(place, folder) {
  const report = join(folder, 'kit.json')
  const skips = join(root, '__test__', 'workspace', 'kit', 'skips.json')
  const env = { RUNLET_KIT_REPORT: report, RUNLET_KIT_SKIPS: skips }
  const { code } = await runThere(place, join(root, 'scripts', 'gondolin-kit.mjs'), { env })
  return { code, result: existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined }
}

// Makes a clone ready to run: installs the development packages, builds the addon and the TypeScript
// face. Does only what is out of date, so that a second call is free. Core modules only.
//
//   node scripts/setup.mjs [--bash] [--force]
//
//   --bash    builds the virtual bash too, which takes minutes; without it, workspaces use just-bash
//   --force   builds again though nothing changed

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join, relative, sep } from 'node:path'
import { capture, packageScript, root, run } from './command.mjs'
import { addonSources, bashSources, faceSources, filesBelow, hashOf } from './sources.mjs'
import { missingTools, nodeProblem } from './toolchain.mjs'

const stampFile = join(root, 'dist', '.built.json')

const addonArgs = ['build', '--platform', '--release', '--no-const-enum', '--no-dts-header']
addonArgs.push('--output-dir', 'dist', '--js', 'native.cjs', '--dts', 'native.d.cts')

/** The program of engine processes: the core without napi. Only Linux has it. */
const engineName = 'runlet-engine'
const engineArgs = ['build', '--release', '--locked', '--no-default-features']
engineArgs.push('--features', 'engine-process', '--bin', engineName)
const hasEngine = process.platform === 'linux'

/** The virtual bash. A release builds it with `--profile release`: smaller, and a third slower to build. */
const bashName = 'runlet-bash'
const bashProfile = 'bash'
const bashArgs = ['build', '--locked', '--profile', bashProfile, '--package', bashName]
const hasBash = process.platform !== 'win32'

const say = (text) => console.log(`setup: ${text}`)

/** A reason to stop that the reader can act on; printed without a stack. */
class SetupError extends Error {}

async function step(title, program, args) {
  const started = Date.now()
  say(title)
  const { code, startError } = await run(program, args)
  if (startError) throw new SetupError(`${program} could not be started: ${startError.message}`)
  if (code !== 0)
    throw new SetupError(`"${title}" failed with exit code ${code}; see the output above`)
  say(`done in ${Math.round((Date.now() - started) / 1000)} s`)
}

function installIsCurrent() {
  // npm writes this file last, so an install that was broken off does not count.
  const installed = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(installed)) return false
  return statSync(installed).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs
}

async function install() {
  if (installIsCurrent()) return
  // No package we use needs its install script; a fresh clone should run as little as possible.
  // --include=dev: NODE_ENV=production would leave the compilers out.
  const args = ['ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund']
  args.push('--loglevel=error')
  await step('installing development packages (npm ci)', 'npm', args)
}

function readStamp() {
  try {
    return JSON.parse(readFileSync(stampFile, 'utf8'))
  } catch {
    return {}
  }
}

function writeStamp(stamp) {
  mkdirSync(join(root, 'dist'), { recursive: true })
  writeFileSync(stampFile, `${JSON.stringify(stamp, null, 2)}\n`)
}

function addonIsThere() {
  const dist = join(root, 'dist')
  if (!existsSync(join(dist, 'native.cjs')) || !existsSync(join(dist, 'native.d.cts'))) return false
  if (hasEngine && !existsSync(join(dist, engineName))) return false
  return readdirSync(dist).some((name) => name.endsWith('.node'))
}

/** What decides how the addon is built besides its sources. */
function addonSalt() {
  const rustc = capture('rustc', ['--version']).stdout.trim()
  const flags = process.env.RUSTFLAGS ?? ''
  return [process.platform, process.arch, rustc, flags, ...addonArgs, ...engineArgs].join(' ')
}

async function buildAddon(stamp, force) {
  const before = hashOf(addonSources, addonSalt())
  if (!force && stamp.addon === before && addonIsThere()) return
  const missing = missingTools()
  if (missing.length > 0) throw new SetupError(missing.join('\nsetup: '))
  const target = cargoTarget()
  const first = !existsSync(join(target, 'release'))
  const title = `building the Rust addon${first ? ' (the first build takes some minutes)' : ''}`
  // A new file, not new contents: a process that has the old one loaded keeps it.
  for (const name of existsSync(join(root, 'dist')) ? readdirSync(join(root, 'dist')) : []) {
    if (name.endsWith('.node') || name === engineName) rmSync(join(root, 'dist', name))
  }
  await step(title, process.execPath, [packageScript('@napi-rs/cli', 'napi'), ...addonArgs])
  if (hasEngine) {
    await step('building the program of engine processes', 'cargo', engineArgs)
    copyFileSync(join(target, 'release', engineName), join(root, 'dist', engineName))
  }
  // Taken before the build: a file saved while cargo ran makes the next setup build again.
  stamp.addon = before
  writeStamp(stamp)
}

function cargoTarget() {
  return process.env.CARGO_TARGET_DIR ?? join(root, 'target')
}

async function buildBash(stamp, force) {
  if (!hasBash) {
    say('there is no virtual bash of its own on Windows; workspaces use just-bash')
    return
  }
  const rustc = capture('rustc', ['--version']).stdout.trim()
  const flags = process.env.RUSTFLAGS ?? ''
  const salt = [process.platform, process.arch, rustc, flags, ...bashArgs].join(' ')
  const before = hashOf(bashSources, salt)
  const made = join(root, 'dist', bashName)
  if (!force && stamp.bash === before && existsSync(made)) return
  // A new file, not new contents: a process that runs the old one keeps it.
  rmSync(made, { force: true })
  const first = !existsSync(join(cargoTarget(), bashProfile))
  const title = `building the virtual bash${first ? ' (the first build takes some minutes)' : ''}`
  await step(title, 'cargo', bashArgs)
  mkdirSync(join(root, 'dist'), { recursive: true })
  copyFileSync(join(cargoTarget(), bashProfile, bashName), made)
  stamp.bash = before
  writeStamp(stamp)
}

/** Scripts of modules that were renamed or deleted would otherwise be packed. */
function dropStaleScripts() {
  const dist = join(root, 'dist')
  const made = new Set(
    filesBelow(join(root, 'ts'))
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
      .map((file) => relative(join(root, 'ts'), file).replace(/\.ts$/, '.js')),
  )
  for (const file of filesBelow(dist)) {
    const name = relative(dist, file)
    if (name.endsWith('.js') && !made.has(name)) {
      rmSync(file)
      say(`removed dist/${name.split(sep).join('/')}, which no source makes`)
    }
  }
}

async function buildFace(stamp, force) {
  const { version } = JSON.parse(
    readFileSync(join(root, 'node_modules/typescript/package.json'), 'utf8'),
  )
  const before = hashOf(faceSources, version)
  if (!force && stamp.face === before && existsSync(join(root, 'dist', 'index.js'))) return
  const tsc = [packageScript('typescript', 'tsc'), '-p', 'tsconfig.json']
  await step('compiling the TypeScript face', process.execPath, tsc)
  dropStaleScripts()
  stamp.face = before
  writeStamp(stamp)
}

async function main() {
  const known = ['--bash', '--force']
  const unknown = process.argv.slice(2).filter((arg) => !known.includes(arg))
  if (unknown.length > 0)
    throw new SetupError(`unknown argument ${unknown[0]}; there are ${known.join(' and ')}`)
  const force = process.argv.includes('--force')
  const problem = nodeProblem()
  if (problem) throw new SetupError(problem)
  await install()
  const stamp = readStamp()
  await buildAddon(stamp, force)
  await buildFace(stamp, force)
  if (process.argv.includes('--bash')) await buildBash(stamp, force)
}

main().catch((error) => {
  console.error(`setup: ${error instanceof SetupError ? error.message : error.stack}`)
  process.exitCode = 1
})

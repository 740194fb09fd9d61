// What a machine must have before runlet can be built, and how to get what is missing.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { capture, root } from './command.mjs'

const oldestNode = 20

const getCompiler = {
  linux:
    'install one with `apt-get install build-essential`, `dnf install gcc` or `apk add build-base`',
  darwin: 'install one with `xcode-select --install`',
}

/** A sentence if this Node is too old to develop with, else undefined. */
export function nodeProblem(version = process.versions.node) {
  if (Number.parseInt(version, 10) >= oldestNode) return undefined
  return `building runlet needs Node ${oldestNode} or newer, this is ${version}`
}

/** True if version `have` is at least `want`, compared number by number. */
function reaches(have, want) {
  const left = have.split('.').map(Number)
  const right = want.split('.').map(Number)
  for (const [index, wanted] of right.entries()) {
    const difference = (left[index] ?? 0) - wanted
    if (difference !== 0) return difference > 0
  }
  return true
}

function rustProblem() {
  const manifest = readFileSync(join(root, 'Cargo.toml'), 'utf8')
  const wanted = /^rust-version\s*=\s*"([\d.]+)"/m.exec(manifest)?.[1] ?? '1.88'
  const install = `get Rust ${wanted} or newer with rustup (https://rustup.rs) or your system's packages`
  if (capture('cargo', ['--version']).code !== 0) return `cargo was not found: ${install}`
  const have = /^rustc (\d+\.\d+\.\d+)/.exec(capture('rustc', ['--version']).stdout)?.[1]
  if (!have) return `cargo is there but rustc does not answer: ${install}`
  if (!reaches(have, wanted))
    return `rustc ${have} is too old: ${install} (\`rustup update stable\`)`
  return undefined
}

function compilerProblem() {
  // Rust's MSVC target brings its own search for Visual Studio, and its own message.
  if (process.platform === 'win32') return undefined
  const names = process.env.CC ? [process.env.CC.split(' ')[0]] : ['cc', 'gcc', 'clang']
  if (names.some((name) => capture(name, ['--version']).code === 0)) return undefined
  const how = getCompiler[process.platform] ?? 'install gcc or clang'
  return `no C compiler was found (tried ${names.join(', ')}): ${how}`
}

/** One sentence for each tool that is missing or too old; empty when the machine can build. */
export function missingTools() {
  return [rustProblem(), compilerProblem()].filter((problem) => problem !== undefined)
}

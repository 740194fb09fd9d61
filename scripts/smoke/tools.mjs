// Fetches tools that only the package test needs, each into a folder of its own below
// node_modules/.cache, so that a second run finds them there. Install scripts stay off.

import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { capture, root } from '../command.mjs'

const cache = join(root, 'node_modules', '.cache', 'runlet')
const windows = process.platform === 'win32'

/** Exact versions: what a test says today it must be able to say again. */
const versions = {
  node: { 18: '18.20.8', 20: '20.20.2', 22: '22.23.3', 24: '24.21.0' },
  deno: '2.9.6',
  typescript: '4.5.5',
  publint: '0.3.25',
  attw: '0.18.5',
}

/** Installs `name@version` and returns its folder; throws with npm's complaint. */
function fetchPackage(name, version) {
  const folder = join(cache, `${name.replace(/[@/]/g, '_')}-${version}`)
  const home = join(folder, 'node_modules', ...name.split('/'))
  const done = join(folder, 'complete')
  if (existsSync(done)) return home
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock']
  const ended = capture('npm', [...args, `${name}@${version}`], { cwd: folder, timeoutMs: 600_000 })
  if (ended.code !== 0) {
    const line =
      ended.stderr.split('\n').find((text) => /npm (error|ERR)/.test(text)) ?? 'npm failed'
    throw new Error(`${name}@${version} could not be fetched: ${line.trim()}`)
  }
  writeFileSync(done, '')
  return home
}

/** `{ path }` of a program that answers to `--version`, or `{ skip }` with the reason why not. */
function program(find) {
  try {
    const path = find()
    const answer = capture(path, ['--version'], { timeoutMs: 60_000 })
    if (answer.code === 0) return { path }
    return { skip: `does not start here: ${answer.stderr.trim().split('\n')[0]}` }
  } catch (error) {
    return { skip: error.message }
  }
}

/** A Node of another major version. */
export function nodeOf(major) {
  if (process.versions.node.startsWith(`${major}.`)) return { path: process.execPath }
  const system = windows ? 'win' : process.platform
  return program(() => {
    const home = fetchPackage(`node-${system}-${process.arch}`, versions.node[major])
    return join(home, 'bin', windows ? 'node.exe' : 'node')
  })
}

/** Deno, from the package that holds only its executable. */
export function deno() {
  return program(() => {
    const scope = join(fetchPackage('deno', versions.deno), '..', '@deno')
    const file = windows ? 'deno.exe' : 'deno'
    const [platform] = readdirSync(scope).filter((name) => existsSync(join(scope, name, file)))
    if (!platform) throw new Error(`the package deno has no executable for ${process.platform}`)
    return join(scope, platform, file)
  })
}

/** `{ script }` of a command that Node runs, or `{ skip }`. */
function script(name, version, file) {
  try {
    return { script: join(fetchPackage(name, version), file) }
  } catch (error) {
    return { skip: error.message }
  }
}

/** The oldest TypeScript that the contract supports. */
export const oldTypescript = () => script('typescript', versions.typescript, 'bin/tsc')

/** The two judges of package form. */
export const publint = () => script('publint', versions.publint, 'src/cli.js')
export const attw = () => script('@arethetypeswrong/cli', versions.attw, 'dist/index.js')

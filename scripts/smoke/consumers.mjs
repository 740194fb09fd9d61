// The uses of an installed package: one check per runtime, module form and tool.

import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findBun, noBun } from '../bun.mjs'
import { capture, packageScript, root } from '../command.mjs'
import { installInto } from './pack.mjs'
import { attw, deno, nodeOf, oldTypescript, publint } from './tools.mjs'

const fixtures = join(root, '__test__', 'package', 'consumers')

/** Runs a program in the project; throws with its output unless it ends as expected. */
function expectRun(program, args, { cwd, env, code = 0, prints } = {}) {
  const done = capture(program, args, { cwd, env })
  const output = `${done.stdout}${done.stderr}`
  if (done.code !== code) throw new Error(`exit code ${done.code}, not ${code}\n${output}`)
  if (prints !== undefined && !prints.test(done.stdout))
    throw new Error(`did not print ${prints}\n${output}`)
  return done
}

/** Copies a fixture into the project under another name. */
function place(project, from, to = from) {
  mkdirSync(join(project.folder, to, '..'), { recursive: true })
  copyFileSync(join(fixtures, from), join(project.folder, to))
  return to
}

/** Runs both plain consumers with one runtime, or hands its reason for not being there on. */
function plainConsumers(project, runtime, args = [], env = {}) {
  if (runtime.skip) return runtime
  for (const fixture of ['import.mjs', 'require.cjs']) {
    const file = place(project, fixture)
    expectRun(runtime.path, [...args, file], { cwd: project.folder, env, prints: /^pass$/m })
  }
  return 'import and require'
}

function bun() {
  return findBun() ?? { skip: noBun() }
}

/** Deno keeps what it caches beside the project, and takes packages from node_modules only. */
function onDeno(project) {
  const args = ['run', '--allow-all', '--no-lock', '--node-modules-dir=manual']
  const env = { DENO_DIR: join(project.folder, '.deno'), DENO_NO_UPDATE_CHECK: '1' }
  return plainConsumers(project, deno(), args, env)
}

/** Compiles the typed consumer with one compiler in one module form; runs it too if `start` is set. */
function typed(project, compiler, name, options, start = false) {
  if (compiler.skip) return compiler
  const folder = `typed-${name}`
  place(project, 'typed.ts', `${folder}/typed.ts`)
  const config = {
    compilerOptions: { strict: true, outDir: 'out', ...options },
    files: ['typed.ts'],
  }
  writeFileSync(join(project.folder, folder, 'tsconfig.json'), JSON.stringify(config))
  expectRun(process.execPath, [compiler.script, '-p', '.'], { cwd: join(project.folder, folder) })
  if (!start) return undefined
  const args = [join('out', 'typed.js')]
  expectRun(process.execPath, args, { cwd: join(project.folder, folder), prints: /^pass$/m })
  return 'compiled and run'
}

function typescript(project) {
  const types = { typeRoots: [join(root, 'node_modules', '@types')], types: ['node'] }
  const now = { script: packageScript('typescript', 'tsc') }
  const bare = { types: [], lib: ['es2020', 'dom'], target: 'es2020' }
  const old = { ...bare, module: 'commonjs', moduleResolution: 'node' }
  return [
    ['TypeScript 7', () => typed(project, now, 'now', { module: 'nodenext', ...types }, true)],
    [
      'TypeScript 7, no Node types',
      () => typed(project, now, 'bare', { module: 'nodenext', ...bare, lib: ['es2020', 'dom'] }),
    ],
    [
      'TypeScript 7 for a bundler',
      () =>
        typed(project, now, 'bundler', { module: 'esnext', moduleResolution: 'bundler', ...types }),
    ],
    ['TypeScript 4.5', () => typed(project, oldTypescript(), 'old', old, true)],
  ]
}

function jest(project, fixture, test, nodeArgs = []) {
  place(project, fixture, test)
  const args = [
    packageScript('jest', 'jest'),
    '--rootDir',
    project.folder,
    '--ci',
    '--testMatch',
    `**/${test}`,
  ]
  const config = ['--transform', '{}', '--injectGlobals', '--no-cache']
  if (nodeArgs.length > 0) config.push('--runInBand')
  expectRun(process.execPath, [...nodeArgs, ...args, ...config], { cwd: project.folder })
}

function command(project) {
  const npx = (args, expected) =>
    expectRun('npx', ['--no-install', 'runlet', ...args], { cwd: project.folder, ...expected })
  const sum = 'export function main(input) { return input.a + 1 }'
  npx(['run', '-c', sum, '--input', '{"a":41}'], { prints: /^42$/m })
  npx(['run', '-c', 'export function main() { while (true) {} }', '--timeout', '100ms'], {
    code: 124,
  })
  npx(['run', '-c', "export const main = () => require('fs')"], { code: 126 })
  npx(['run', '--no-such-flag'], { code: 2 })
  npx(['--help'], { prints: /runlet run/ })
  return 'value, timeout, denial, usage and help'
}

/** A project that has the main package only. */
function withoutPlatform({ folder, packed }) {
  const project = installInto(join(folder, 'no-platform'), [packed.main])
  const file = place(project, 'no-platform.cjs')
  const done = expectRun(process.execPath, [file], { cwd: project.folder, prints: /^pass: / })
  return done.stdout.trim().slice('pass: '.length)
}

function judge(tool, args, cwd) {
  if (tool.skip) return tool
  expectRun(process.execPath, [tool.script, ...args], { cwd, env: { NO_COLOR: '1' } })
  return undefined
}

/** Named checks over an installed project. */
export function consumers({ folder, packed, project }) {
  const installed = join(project.folder, 'node_modules', 'runlet')
  const nodes = [18, 20, 22, 24].map((major) => [
    `Node ${major}`,
    () => plainConsumers(project, nodeOf(major)),
  ])
  return [
    ...nodes,
    ['Bun', () => plainConsumers(project, bun())],
    ['Deno', () => onDeno(project)],
    ...typescript(project),
    ['Jest', () => jest(project, 'jest-commonjs.cjs', 'commonjs.test.cjs')],
    [
      'Jest with ES modules',
      () => jest(project, 'jest-module.mjs', 'module.test.mjs', ['--experimental-vm-modules']),
    ],
    ['npx runlet', () => command(project)],
    ['no platform package', () => withoutPlatform({ folder, packed })],
    ['publint', () => judge(publint(), ['--strict', installed], project.folder)],
    ['attw', () => judge(attw(), [packed.main.file], project.folder)],
  ]
}

// Packs the main package and the package of this machine's platform, and installs such packs.

import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { capture, root } from '../command.mjs'

const ENGINE = 'runlet-engine'
const BASH = 'runlet-bash'

/** Runs npm and returns what it printed; throws with its complaint if it failed. */
function npm(args, cwd) {
  const done = capture('npm', args, { cwd, timeoutMs: 600_000 })
  if (done.code !== 0)
    throw new Error(`npm ${args.join(' ')} failed:\n${done.stderr || done.stdout}`)
  return done.stdout
}

/** Packs the package in `from` into `to`. */
function pack(from, to) {
  const answer = JSON.parse(
    npm(['pack', '--json', '--ignore-scripts', '--pack-destination', to], from),
  )
  const [made] = Array.isArray(answer) ? answer : Object.values(answer)
  const file = join(to, made.filename)
  return {
    name: made.name,
    file,
    packedBytes: statSync(file).size,
    unpackedBytes: made.unpackedSize,
  }
}

/** Packs both packages into `folder`, as a release would, from what is built now. */
export function packAll(folder) {
  const addon = readdirSync(join(root, 'dist')).find((name) => name.endsWith('.node'))
  if (!addon) throw new Error('dist/ holds no addon; run `npm run build`')
  // runlet.linux-x64-gnu.node → linux-x64-gnu
  const platform = addon.split('.').slice(1, -1).join('.')
  const stage = join(folder, 'platform')
  cpSync(join(root, 'npm', platform), stage, { recursive: true })
  // The program of engine processes, which only Linux has.
  const engine = existsSync(join(root, 'dist', ENGINE)) ? [join('dist', ENGINE)] : []
  // The virtual bash, which only `npm run build:bash` makes, and Windows has not.
  const bash = existsSync(join(root, 'dist', BASH)) ? [join('dist', BASH)] : []
  const programs = [...engine, ...bash]
  for (const file of [join('dist', addon), ...programs, 'LICENSE', 'THIRD_PARTY_NOTICES']) {
    copyFileSync(join(root, file), join(stage, file.split(/[\\/]/).pop()))
  }
  const addonBytes = statSync(join(stage, addon)).size
  const engineBytes = engine.length > 0 ? statSync(join(stage, ENGINE)).size : undefined
  const bashBytes = bash.length > 0 ? statSync(join(stage, BASH)).size : undefined
  return {
    main: pack(root, folder),
    platform: { ...pack(stage, folder), addonBytes, engineBytes, bashBytes },
  }
}

/** Makes a project in `folder` and installs packs into it, with install scripts off. */
export function installInto(folder, packs) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "name": "consumer", "private": true }\n')
  const files = packs.map((one) => one.file)
  // Offline: runlet asks for nothing beyond the two packs.
  npm(['install', '--ignore-scripts', '--no-audit', '--no-fund', '--offline', ...files], folder)
  const lock = JSON.parse(readFileSync(join(folder, 'node_modules', '.package-lock.json'), 'utf8'))
  const installed = Object.keys(lock.packages)
  if (installed.length !== packs.length) throw new Error(`installed ${installed.join(', ')}`)
  return { folder, summary: installed.map((path) => path.replace('node_modules/', '')).join(', ') }
}

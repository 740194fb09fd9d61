/** Finds the program that runs tools. */

import { accessSync, constants, readdirSync, realpathSync, statSync } from 'node:fs'
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path'
import { RunletError } from '../errors'
import { describeProgram } from './binary-format'
import { readVersion, type Version } from './binary-version'
import { configurationMessages } from './configuration-messages'
import { ProcessError } from './errors'
import type { RuntimeType } from './runtime-types'

/** A program that was found and asked for its version. */
export interface RuntimeBinary {
  readonly type: RuntimeType
  /** Absolute, with links followed. */
  readonly path: string
  readonly version: Version
}

/** Where to look. */
export interface RuntimeSearch {
  /** The option, if it was given; then nothing else is tried. */
  readonly bunPath?: string | undefined
  readonly nodePath?: string | undefined
  /** Where the search for the npm package `bun` starts. */
  readonly projectRoot: string
}

const OLDEST: Readonly<Record<RuntimeType, { major: number; minor: number; text: string }>> = {
  bun: { major: 1, minor: 4, text: 'Bun 1.4' },
  node: { major: 20, minor: 0, text: 'Node 20' },
}

/** The error of every failed search. */
function notFound(
  type: RuntimeType,
  reason: string,
  facts: Record<string, unknown> = {},
): ProcessError {
  return new ProcessError({
    code: 'RUNTIME_NOT_FOUND',
    operation: 'check availability',
    reason,
    details: { runtimeType: type, ...facts },
  })
}

/**
 * Finds the program.
 *
 * @throws ProcessError `RUNTIME_NOT_FOUND` saying what was found instead, or that nothing was
 */
export function findRuntime(type: RuntimeType, search: RuntimeSearch): RuntimeBinary {
  const option = type === 'bun' ? 'bunPath' : 'nodePath'
  const given = search[option]
  if (given !== undefined) return judge(type, resolve(search.projectRoot, given), option)
  let fault: unknown
  for (const candidate of candidates(type, search.projectRoot)) {
    try {
      return judge(type, candidate, option)
    } catch (error) {
      // A shim or an old version must not hide a good one further on; the first is reported.
      fault ??= error
    }
  }
  throw fault ?? notFound(type, configurationMessages.notInPath(type))
}

/** Programs that may be the one, the likeliest first. Each exists. */
function* candidates(type: RuntimeType, projectRoot: string): Generator<string> {
  if (hostType() === type) yield process.execPath
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    // A relative folder would mean another program in every working directory.
    if (!isAbsolute(folder)) continue
    for (const name of process.platform === 'win32' ? [`${type}.exe`] : [type]) {
      const path = join(folder, name)
      if (isExecutable(path)) yield path
    }
  }
  if (type !== 'bun') return
  for (const start of [projectRoot, __dirname]) {
    for (const folder of upwards(resolve(start))) {
      for (const path of packagedBun(join(folder, 'node_modules'))) {
        if (statSync(path, { throwIfNoEntry: false })?.isFile()) yield path
      }
    }
  }
}

/** Where npm puts Bun below a folder `node_modules`. */
function packagedBun(modules: string): string[] {
  // Its install script moves the binary of the platform's package here, under this name everywhere.
  const moved = join(modules, 'bun', 'bin', 'bun.exe')
  const scope = join(modules, '@oven')
  const file = process.platform === 'win32' ? 'bun.exe' : 'bun'
  return [moved, ...namesIn(scope).map((name) => join(scope, name, 'bin', file))]
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** The runtime that this very process is. */
export function hostType(): RuntimeType | undefined {
  if (process.versions.bun !== undefined) return 'bun'
  const embedded = process.versions.electron ?? process.versions.deno
  return process.release?.name === 'node' && embedded === undefined ? 'node' : undefined
}

function* upwards(start: string): Generator<string> {
  for (let folder = start; ; folder = dirname(folder)) {
    yield folder
    if (dirname(folder) === folder) return
  }
}

/** Whether a file may be run. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** Whether a version is one that tools can run on. */
export function isRecent(type: RuntimeType, version: Pick<Version, 'major' | 'minor'>): boolean {
  const { major, minor } = OLDEST[type]
  return version.major > major || (version.major === major && version.minor >= minor)
}

/** Makes sure that a file is the program, of a version that will do. */
function judge(type: RuntimeType, path: string, option: string): RuntimeBinary {
  const refuse = (why: string, facts: Record<string, unknown> = {}) =>
    notFound(type, configurationMessages.unusable(path, why), { path, option, ...facts })
  let real: string
  try {
    real = realpathSync(path)
  } catch {
    throw refuse('does not exist')
  }
  const instead = describeProgram(real)
  if (instead !== undefined) {
    throw refuse(
      `is ${instead}, not ${OLDEST[type].text.split(' ')[0]} itself: set ${option} to the program's own file`,
    )
  }
  if (!isExecutable(real)) throw refuse('may not be executed')
  const { version, printed } = readVersion(type, real)
  if (version === undefined)
    throw refuse(`does not say that it is ${type}: asked for its version, it ${printed}`)
  const { text: required } = OLDEST[type]
  if (!isRecent(type, version)) {
    const facts = { version: version.text, required }
    throw refuse(`is version ${version.text}: tools need ${required} or later`, facts)
  }
  return Object.freeze({ type, path: real, version })
}

function isAvailable(type: RuntimeType): boolean {
  try {
    findRuntime(type, { projectRoot: process.cwd() })
    return true
  } catch (error) {
    if (error instanceof RunletError) return false
    throw error
  }
}

/** Whether Bun is there; see `index.d.ts`. */
export function isBunAvailable(): boolean {
  return isAvailable('bun')
}

/** Whether Node is there; see `index.d.ts`. */
export function isNodeAvailable(): boolean {
  return isAvailable('node')
}

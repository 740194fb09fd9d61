/**
 * Where attacks on the sandbox happen: a project with files that are granted, files beside it that are
 * not, and the same attack from inside runlet and from a plain run.
 */

import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createToolRuntime, type ToolRuntimeOptions } from 'runlet'
import { type PeerOutcome, programOf, runPlain } from '../../tool/plain-peer'

/** Every attack is made on both. */
export const RUNTIMES = ['bun', 'node'] as const
export type RuntimeType = (typeof RUNTIMES)[number]

/** Only a hang takes that long. */
export const HANG_MS = 120_000

const FIXTURES = join(__dirname, 'fixtures')
const RUNLET = join(__dirname, '../../..')
const { RUNLET_TEST_NODE } = process.env
/** The user and group that own nothing. */
const NOBODY = 65534

const NOBODYS_POWERS = '0000000000000000'

/** Whether this process is root, who is refused nothing but by a sandbox, and by what took its powers. */
export const IS_ROOT = process.getuid?.() === 0 && powers() !== NOBODYS_POWERS

/** Whether all of this runs in a container, or in what is like one: see `container/enter.c`. */
export const IS_CONTAINED = process.env.RUNLET_TEST_CONTAINER !== undefined

function powers(): string | undefined {
  if (process.platform !== 'linux') return undefined
  return /^CapEff:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
}

/** What attacks may do unless a test says otherwise: read `data`, read and write `inside`. */
export const GRANTED = ['--allow-read=./data,./inside', '--allow-write=./inside']
/** The sandbox switched off: what a test must be seen to fail with. */
const OFF = ['--allow-read', '--allow-write', '--allow-net', '--allow-run']
const { RUNLET_TEST_NO_SANDBOX } = process.env

/** Whose process the host of an attack is. */
export interface Identity {
  readonly name: string
  readonly uid?: number
}

/** A project, and what lies around it. */
export interface Ground {
  readonly root: string
  /** May be read. */
  readonly data: string
  /** May be read and written. */
  readonly inside: string
  /** Is not granted. */
  readonly outside: string
}

/** What came of each attack, by its name. */
export type Outcomes = Record<string, string>

/**
 * This user, and nobody if this user is root: root has capabilities, which open more ways, and nobody
 * has none, which closes ways that a sandbox may lean on.
 */
export function identities(): Identity[] {
  const here = {
    name: IS_ROOT ? 'root' : process.getuid?.() === 0 ? 'root without powers' : 'a user',
  }
  if (!IS_ROOT) return [here]
  const looks = spawnSync(programOf('node'), ['-e', `require(${JSON.stringify(RUNLET)})`], {
    uid: NOBODY,
    gid: NOBODY,
    cwd: '/',
    encoding: 'utf8',
  })
  if (looks.status === 0) return [here, { name: 'nobody', uid: NOBODY }]
  console.warn(`not run as nobody, who cannot load the package: ${looks.stderr}`)
  return [here]
}

/** A fresh project with a fixture as its tools, and the native attacks among its data. */
export async function onGround<T>(
  fixture: string,
  work: (ground: Ground) => Promise<T>,
  { uid }: { uid?: number | undefined } = {},
): Promise<T> {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'runlet-sandbox-')))
  try {
    const root = join(base, 'project')
    const ground = {
      root,
      data: join(root, 'data'),
      inside: join(root, 'inside'),
      outside: join(base, 'outside'),
    }
    for (const folder of Object.values(ground)) mkdirSync(folder)
    cpSync(join(FIXTURES, fixture), join(root, 'tools.mjs'))
    for (const shared of ['attempts.mjs', 'native.mjs']) {
      cpSync(join(FIXTURES, shared), join(root, shared))
    }
    writeFileSync(join(root, 'secret.txt'), 'secret')
    writeFileSync(join(ground.data, 'allowed.txt'), 'allowed')
    // Links that came with the project, as out of an archive.
    symlinkSync(join(ground.outside, 'secret.txt'), join(ground.data, 'planted.txt'))
    symlinkSync(ground.outside, join(ground.data, 'planted'))
    symlinkSync(join(ground.outside, 'victim.txt'), join(ground.inside, 'planted.txt'))
    writeFileSync(join(ground.inside, 'own.txt'), 'own')
    for (const name of ['folder', 'removed-with-all']) mkdirSync(join(ground.outside, name))
    for (const name of ['secret', 'victim', 'moved', 'removed', 'exchanged']) {
      writeFileSync(join(ground.outside, `${name}.txt`), name)
    }
    if (uid !== undefined) chownAll(base, uid)
    chmodSync(base, 0o755)
    return await work(ground)
  } finally {
    rmSync(base, { recursive: true, force: true })
  }
}

function chownAll(path: string, uid: number): void {
  lchownSync(path, uid, uid)
  if (!lstatSync(path).isDirectory()) return
  for (const name of readdirSync(path)) chownAll(join(path, name), uid)
}

export interface AttackOptions {
  /** The same for each side, unless one says otherwise. */
  input?: Record<string, unknown>
  permissions?: string[]
  options?: ToolRuntimeOptions
  identity?: Identity
}

/** One call of a tool inside the sandbox; what it returned, or `{ code, signal }` of its end. */
export async function confined(
  runtimeType: RuntimeType,
  ground: Ground,
  tool: string,
  { input, permissions = GRANTED, options = {}, identity }: AttackOptions = {},
): Promise<unknown> {
  const all: ToolRuntimeOptions = {
    ...options,
    runtimeType,
    projectRoot: ground.root,
    entrypointPath: 'tools.mjs',
    permissions: RUNLET_TEST_NO_SANDBOX ? OFF : permissions,
    toolExecutionTimeoutMs: HANG_MS,
    nodePath: RUNLET_TEST_NODE,
    bunPath: programOf('bun'),
  }
  const call = { tool, input: { ...ground, ...input } }
  if (identity?.uid !== undefined) return asUser(identity.uid, all, call)
  const runtime = createToolRuntime(all)
  try {
    const result = await runtime.executeTool(call.tool, { input: call.input })
    if (result.ok) return result.output
    return { code: result.error.code, message: result.error.message }
  } finally {
    await runtime.dispose()
  }
}

/** The same, made by a host that is another user's process. */
function asUser(uid: number, options: ToolRuntimeOptions, call: unknown): Promise<unknown> {
  const host = spawn(programOf('node'), [join(FIXTURES, 'host.mjs'), RUNLET], {
    uid,
    gid: uid,
    cwd: '/',
    env: { PATH: process.env.PATH ?? '' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let text = ''
  host.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  host.stdin.end(JSON.stringify({ options, call }))
  return new Promise((resolve, reject) => {
    host.on('error', reject)
    host.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(text))
      else reject(new Error(`the host ended with ${code}: ${text}`))
    })
  })
}

/** Flags by which a Node of this machine keeps to permissions of its own. */
export function nodePermission(ground: Ground): string[] {
  const program = programOf('node')
  const isStable = spawnSync(program, ['--permission', '-e', '0']).status === 0
  const read = [ground.data, ground.inside, ground.root]
  // It has no rule for less than the folder that the code lies in, so its code is named file by file.
  const code = ['tools.mjs', 'attempts.mjs', 'native.mjs', 'plain-worker.mjs']
  const files = code.map((name) => join(ground.root, name))
  const readable = [...read.slice(0, 2).map((folder) => `${folder}/*`), ...files]
  return [
    isStable ? '--permission' : '--experimental-permission',
    ...readable.map((path) => `--allow-fs-read=${path}`),
    `--allow-fs-write=${ground.inside}/*`,
    // Of Node 25 and later: the whole network or none of it.
    ...(process.allowedNodeEnvironmentFlags.has('--allow-net') ? ['--allow-net'] : []),
    '--no-warnings',
  ]
}

export type PeerKind = 'bun' | 'node' | 'node-permission'

/** One call the plain way: Bun with the flags on its command line, Node without or with its own. */
export async function unconfined(
  kind: PeerKind,
  ground: Ground,
  tool: string,
  { input, permissions = GRANTED }: AttackOptions = {},
): Promise<unknown> {
  const outcome = await peer(kind, ground, tool, { ...ground, ...input }, permissions)
  const output = outcome.output as { result?: unknown; error?: string } | undefined
  if (output !== undefined && 'result' in output) return output.result
  const why = output?.error ?? outcome.stderr
  throw new Error(`the plain run said nothing (${outcome.code}): ${why}`)
}

/** The plain run itself, for attacks that it does not outlive. */
export function peer(
  kind: PeerKind,
  ground: Ground,
  tool: string,
  input: unknown,
  permissions = GRANTED,
): Promise<PeerOutcome> {
  const type = kind === 'bun' ? 'bun' : 'node'
  const flags = kind === 'bun' ? permissions : kind === 'node' ? [] : nodePermission(ground)
  return runPlain(type, ground.root, tool, { input, flags, timeoutMs: HANG_MS })
}

const NAMES = new Map(Object.entries(constants.errno).map(([name, value]) => [value, name]))

/** Numbers of errors as their names; 0 as `done`. */
export function named(outcomes: Record<string, number>): Outcomes {
  return Object.fromEntries(
    Object.entries(outcomes).map(([name, value]) => [
      name,
      value === 0 ? 'done' : (NAMES.get(value) ?? String(value)),
    ]),
  )
}

/** What came to something else than the usual. */
export function others(outcomes: unknown, usual: string): Record<string, unknown> {
  const all = Object.entries(outcomes as Record<string, unknown>)
  if (all.length === 0) throw new Error('nothing was tried')
  return Object.fromEntries(all.filter(([, outcome]) => outcome !== usual))
}

/** Attacks that came to the same on both sides: there, a refusal proves nothing of the sandbox. */
export function alike(one: unknown, other: unknown): string[] {
  const known = one as Record<string, unknown>
  const all = Object.entries(other as Record<string, unknown>)
  if (all.length === 0) throw new Error('nothing was tried')
  return all.filter(([name, outcome]) => known[name] === outcome).map(([name]) => name)
}

/** The same outcome for each name. */
export function each(names: readonly string[], outcome: string): Outcomes {
  return Object.fromEntries(names.map((name) => [name, outcome]))
}

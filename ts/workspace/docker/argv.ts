/** Arguments of the engine's client: pure functions, in the order that runners are promised. */

import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import type { RuntimeScope } from '../../../index.js'

/** One container, as `run` is told of it. */
export interface ContainerPlan {
  readonly name: string
  /** Absolute, on the host. */
  readonly root: string
  readonly workdir: string
  readonly network: string
  readonly labels: readonly (readonly [string, string])[]
  readonly user: string | undefined
  /** A file of `NAME=value` lines. */
  readonly envFile: string | undefined
  readonly hardening: readonly string[]
  readonly extra: readonly string[]
  readonly image: string
}

/** What keeps a container alive. */
const KEEP_ALIVE = ['sleep', 'infinity']

/** The brand of hosts that find a container by the path of its scope alone. */
export const OLDER_BRAND = 'heypi'

/** Name of a scope's container: two folders never share one, bar for such hosts. */
export function containerName(
  brand: string,
  prefix: string,
  { path, root }: Pick<RuntimeScope, 'path' | 'root'>,
): string {
  const whose = brand === OLDER_BRAND ? path : `${path}\0${resolve(root)}`
  return `${prefix}-${createHash('sha256').update(whose).digest('hex').slice(0, 16)}`
}

/** Labels by which containers are found again. */
export function scopeLabels(
  brand: string,
  prefix: string,
  { level, key, path }: RuntimeScope,
): [string, string][] {
  return [
    [`${brand}.runtime`, 'docker'],
    [`${brand}.prefix`, prefix],
    ...(level === undefined ? [] : [[`${brand}.scope.level`, level] as [string, string]]),
    [`${brand}.scope.key`, key],
    [`${brand}.scope.path`, path],
  ]
}

/** One field of a comma-separated line. */
function field(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Two words that bind a folder. The short form cannot have a `:` but that of a Windows drive. */
function bind(root: string, workdir: string): [string, string] {
  const rest = root.replace(/^[A-Za-z]:(?=[\\/])/, '')
  if (!rest.includes(':')) return ['-v', `${root}:${workdir}:rw`]
  return ['--mount', `type=bind,${field(`source=${root}`)},${field(`target=${workdir}`)}`]
}

/** Starts a container. */
export function runArguments(plan: ContainerPlan): string[] {
  const { name, root, workdir, network, labels, user, envFile, hardening, extra, image } = plan
  return [
    ...['run', '-d', '--name', name, '--workdir', workdir],
    ...bind(root, workdir),
    ...['--network', network],
    ...labels.flatMap(([label, value]) => ['--label', `${label}=${value}`]),
    ...(user === undefined ? [] : ['--user', user]),
    ...(envFile === undefined ? [] : ['--env-file', envFile]),
    ...hardening,
    ...extra,
    image,
    ...KEEP_ALIVE,
  ]
}

/** Runs a text in the shell of a container. */
export function shellArguments(name: string, shell: string, command: string): string[] {
  return ['exec', '-i', name, shell, '-lc', command]
}

/** Runs a script of ours with arguments. */
export function scriptArguments(
  name: string,
  script: string,
  brand: string,
  args: readonly string[],
): string[] {
  return ['exec', '-i', name, 'sh', '-c', script, brand, ...args]
}

/** Asks whether a container runs. */
export function runningArguments(name: string): string[] {
  return ['inspect', '-f', '{{.State.Running}}', name]
}

/** Removes containers, whatever their state. */
export function removeArguments(...names: string[]): string[] {
  return ['rm', '-f', ...names]
}

/** Lists containers that have all of these labels. */
export function listArguments(labels: readonly (readonly [string, string])[]): string[] {
  const filters = labels.flatMap(([label, value]) => ['--filter', `label=${label}=${value}`])
  return ['ps', '-a', ...filters, '--format', '{{.Names}}']
}

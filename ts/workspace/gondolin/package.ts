/** The package that makes machines, loaded at the first start, and what it needs of this computer. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { GondolinVmFactory } from '../../../gondolin.js'
import type { WorkspacePart } from '../../../index.js'
import { isRecord } from '../../codelet/fields'
import { onPath } from '../on-path'
import { notStarted, plainWords, sentenceOf } from './words'

/** What is used of the package. */
export interface GondolinPackage {
  readonly VM: { create: GondolinVmFactory }
  readonly RealFSProvider: new (root: string) => object
  readonly ReadonlyProvider: new (provider: object) => object
  createHttpHooks(options: {
    allowedHosts: string[]
    secrets: Record<string, { value: string; hosts: string[] }>
  }): { httpHooks: object; env: Record<string, string> }
  /** Whether a start downloads nothing. */
  hasGuestAssets?(): boolean
}

/** This computer, as far as a start depends on it. */
export interface Computer {
  /** Version of Node, without a `v`. */
  readonly node: string
  /** Where programs are. */
  readonly path: string
  /** `GONDOLIN_GUEST_DIR`. */
  readonly guestFolder: string | undefined
  /** Version of the package that is installed, if one is. */
  installed(): string | undefined
  load(): Promise<unknown>
  /** Whether acceleration turned out not to work; remembered as long as the process lives. */
  readonly acceleration: { fails: boolean }
}

const NAME = '@earendil-works/gondolin'
const HOW = `install it with "npm install ${NAME}@^0.12"`

/** This one. */
export const thisComputer: Computer = {
  get node() {
    return process.versions.node
  },
  get path() {
    return process.env.PATH ?? ''
  },
  get guestFolder() {
    return process.env.GONDOLIN_GUEST_DIR || undefined
  },
  installed() {
    try {
      const manifest = require.resolve('@earendil-works/gondolin/package.json')
      return String(JSON.parse(readFileSync(manifest, 'utf8')).version)
    } catch {
      return undefined
    }
  },
  load: () => import('@earendil-works/gondolin'),
  acceleration: { fails: false },
}

/** Whether a version, such as 23.11.0, is one or a later one. */
function isFrom(version: string, major: number, minor: number): boolean {
  const [first = 0, second = 0] = version.split('.').map((part) => Number.parseInt(part, 10))
  return first > major || (first === major && second >= minor)
}

/** Loads it, for those who can do without. */
export async function packageIfAny(computer: Computer): Promise<GondolinPackage | undefined> {
  const version = computer.installed()
  if (version === undefined || !isFrom(version, 0, 12) || !isFrom(computer.node, 23, 6)) return
  return (await computer.load().catch(() => undefined)) as GondolinPackage | undefined
}

/**
 * Loads it.
 *
 * @throws (rejects) RuntimeStartupError for the first thing that is missing
 */
export async function packageFor(
  computer: Computer,
  vmOptions: Readonly<Record<string, unknown>>,
): Promise<GondolinPackage> {
  const version = requireVersions(computer)
  const sandbox = isRecord(vmOptions.sandbox) ? vmOptions.sandbox : {}
  requirePrograms(computer, sandbox)
  let loaded: unknown
  try {
    loaded = await computer.load()
  } catch (error) {
    const sentence = `the package ${NAME} could not be loaded: ${plainWords(error)}`
    throw notStarted('package_missing', sentence)
  }
  if (!isPackage(loaded)) {
    const sentence = `${NAME} ${version} lacks what is needed of it, version 0.12 has it: ${HOW}`
    throw notStarted('package_version', sentence, { version, needed: '0.12.0' })
  }
  requireGuest(computer, sandbox)
  return loaded
}

/** Whether a machine with the usual options has what it needs, as far as that is seen without loading. */
export function machinesHere(computer: Computer): Pick<WorkspacePart, 'version' | 'why'> {
  const version = computer.installed() ?? null
  try {
    requireVersions(computer)
    requirePrograms(computer, {})
    requireGuest(computer, {})
    return { version, why: null }
  } catch (error) {
    return { version, why: sentenceOf(error) }
  }
}

/** @returns the version of the package */
function requireVersions(computer: Computer): string {
  const { node } = computer
  if (!isFrom(node, 23, 6)) {
    const sentence = `Node ${node} is too old, ${NAME} needs Node 23.6 or later`
    throw notStarted('node_version', sentence, { version: node, needed: '23.6.0' })
  }
  const version = computer.installed()
  if (version === undefined) {
    throw notStarted('package_missing', `the package ${NAME} is not installed: ${HOW}`)
  }
  if (isFrom(version, 0, 12)) return version
  const sentence = `${NAME} ${version} is too old, version 0.12 or later is needed: ${HOW}`
  throw notStarted('package_version', sentence, { version, needed: '0.12.0' })
}

function isPackage(loaded: unknown): loaded is GondolinPackage {
  const names = ['RealFSProvider', 'ReadonlyProvider', 'createHttpHooks']
  const members = Object(loaded) as Record<string, unknown>
  const create: unknown = Reflect.get(Object(members.VM), 'create')
  return names.every((name) => typeof members[name] === 'function') && typeof create === 'function'
}

/** QEMU for this processor and its tool for disks, unless other programs were named. */
function requirePrograms(computer: Computer, sandbox: Record<string, unknown>): void {
  const isKrun = sandbox.vmm === 'krun'
  const own = `qemu-system-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}`
  const named = typeof sandbox.qemuPath === 'string' ? sandbox.qemuPath : own
  for (const program of isKrun ? ['qemu-img'] : [named, 'qemu-img']) {
    if (onPath(program, computer.path) !== undefined) continue
    const shown =
      program === sandbox.qemuPath ? 'the program of vmOptions.sandbox.qemuPath' : program
    const sentence = `${shown} was not found: install QEMU (its system emulator and qemu-img)`
    throw notStarted('qemu_missing', sentence, { program: shown })
  }
}

const KINDS = ['kernel', 'initramfs', 'rootfs'] as const
const USUAL = { kernel: 'vmlinuz-virt', initramfs: 'initramfs.cpio.lz4', rootfs: 'rootfs.ext4' }

/** What a folder of a guest lacks, if one was named. Without one the package fetches its own. */
function requireGuest({ guestFolder }: Computer, sandbox: Record<string, unknown>): void {
  if (guestFolder === undefined || sandbox.imagePath !== undefined) return
  let names: Partial<Record<string, unknown>> = USUAL
  try {
    const manifest = JSON.parse(readFileSync(join(guestFolder, 'manifest.json'), 'utf8'))
    if (isRecord(manifest.assets)) names = manifest.assets
  } catch {
    // The usual names, as the package has it.
  }
  const missing = KINDS.filter((kind) => {
    const name = names[kind]
    return typeof name !== 'string' || !existsSync(join(guestFolder, name))
  })
  if (missing.length === 0) return
  const sentence = `the folder of GONDOLIN_GUEST_DIR has no ${missing.join(', no ')}`
  throw notStarted('guest_assets', sentence, { missing })
}

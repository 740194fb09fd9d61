/** Starts machines: what they are made with, and how fast they run. */

import { mkdirSync } from 'node:fs'
import type { GondolinVm, GondolinVmOptions } from '../../../gondolin.js'
import type { RuntimeLogger, RuntimeScope } from '../../../index.js'
import { isRecord } from '../../codelet/fields'
import { isRuntimeStartupError } from '../startup-error'
import type { Warnings } from '../warnings'
import { Listings } from './listings'
import { Machine } from './machine'
import { egress } from './network'
import type { GondolinSettings, Mount } from './options'
import { type Computer, type GondolinPackage, packageFor, packageIfAny } from './package'
import { notStarted, plainWords } from './words'

/** What one machine is started with. */
export interface StartTerms {
  readonly settings: GondolinSettings
  readonly computer: Computer
  readonly logger: RuntimeLogger | undefined
  readonly warnings: Warnings
}

/** A kernel that acceleration stands still with never gets ready; a good one needs a second or two. */
const FAST_START_MS = 15_000
/** Without acceleration it may take ten seconds, and longer on a busy computer. */
const SLOW_START_MS = 120_000
/** A kernel that is emulated stands still now and then, too: after so long another one is started. */
const FIRST_SLOW_MS = 60_000

/**
 * Starts one.
 *
 * @throws (rejects) RuntimeStartupError
 */
export async function startMachine(terms: StartTerms, scope: RuntimeScope): Promise<Machine> {
  const { settings, computer, warnings } = terms
  const { factory, network, secrets } = settings
  const made =
    factory === undefined
      ? await packageFor(computer, settings.vmOptions)
      : await packageIfAny(computer)
  const { httpHooks, env } = egress(network, secrets, made)
  const about = { runtime: 'gondolin', scope: scope.path }
  if (network.mode === 'open') {
    warnings.warn('security.gondolin_egress', { ...about, reason: 'network is open' })
  }
  if (network.mode === 'none' && Object.keys(secrets).length > 0) {
    // Not an error: who comes from a runtime with an open network has such options.
    const reason = "network is 'none', so no request can carry a secret"
    terms.logger?.warn('runtime.gondolin_secrets_unused', { ...about, reason })
  }
  const listings = new Listings()
  const options: GondolinVmOptions = {
    ...settings.vmOptions,
    sessionLabel: settings.label(scope),
    env: { ...settings.env, ...env },
    httpHooks,
    vfs: { mounts: foldersOf(settings, scope, made, listings) },
  }
  const create = factory ?? ((all: GondolinVmOptions) => (made as GondolinPackage).VM.create(all))
  if (made?.hasGuestAssets?.() === false && factory === undefined) {
    terms.logger?.info('runtime.gondolin_download', { ...about, reason: 'there is no guest yet' })
  }
  const vm = await accelerated(terms, about, (accel, startTimeoutMs) =>
    start(create, { ...options, startTimeoutMs, sandbox: sandboxOf(options, accel) }),
  )
  try {
    return factory === undefined
      ? await Machine.prepare(vm, settings, listings)
      : new Machine(vm, settings)
  } catch (error) {
    await vm.close().catch(() => {})
    throw error
  }
}

/** What is mounted where: the workspace, and what was asked for besides. */
function foldersOf(
  { workdir, mounts }: GondolinSettings,
  { root }: RuntimeScope,
  made: GondolinPackage | undefined,
  listings: Listings,
): Record<string, object> {
  try {
    mkdirSync(root, { recursive: true })
  } catch {
    // The system's error names paths of the host.
    throw notStarted('no_folder', 'the folder of the workspace could not be made')
  }
  const workspace: Mount = { guest: workdir, host: root, readonly: false }
  const entries = [workspace, ...mounts].map(({ guest, host, readonly }) => {
    if (made === undefined) return [guest, { rootPath: host, readonly }] as const
    const folder = new made.RealFSProvider(host)
    listings.follow(folder)
    return [guest, readonly ? new made.ReadonlyProvider(folder) : folder] as const
  })
  return Object.fromEntries(entries)
}

function sandboxOf(
  { sandbox }: GondolinVmOptions,
  accel: string | undefined,
): Record<string, unknown> {
  // A console on the streams of this process would mix with what it prints itself.
  const quiet = { console: 'none', ...sandbox }
  return accel === undefined ? quiet : { ...quiet, accel }
}

/** Starts with what was chosen, or with what the machine offers and then without. */
async function accelerated(
  { settings, computer, logger }: StartTerms,
  about: { runtime: string; scope: string },
  work: (accel: string | undefined, startTimeoutMs: number) => Promise<GondolinVm>,
): Promise<GondolinVm> {
  const { accel, vmOptions } = settings
  const slow = Number(vmOptions.startTimeoutMs ?? SLOW_START_MS)
  const own = isRecord(vmOptions.sandbox) ? vmOptions.sandbox.accel : undefined
  const chosen = accel === 'auto' ? (own as string | undefined) : accel
  const { acceleration } = computer
  try {
    if (chosen === 'tcg' || (chosen === undefined && acceleration.fails))
      return await emulated(work, slow)
    if (chosen !== undefined) return await work(chosen, slow)
    try {
      return await work(undefined, Math.min(slow, FAST_START_MS))
    } catch (error) {
      if (!isLate(error)) throw error
      acceleration.fails = true
      warnSlow(logger, about)
      return await emulated(work, slow)
    }
  } catch (error) {
    throw asStartError(error)
  }
}

/** Starts without acceleration, twice if the first is not ready in time that is long. */
async function emulated(
  work: (accel: string, startTimeoutMs: number) => Promise<GondolinVm>,
  limitMs: number,
): Promise<GondolinVm> {
  if (limitMs <= FIRST_SLOW_MS) return work('tcg', limitMs)
  try {
    return await work('tcg', FIRST_SLOW_MS)
  } catch (error) {
    if (!isLate(error)) throw error
    return work('tcg', limitMs - FIRST_SLOW_MS)
  }
}

/** Once for each process: what it is about is remembered. */
function warnSlow(logger: RuntimeLogger | undefined, about: Record<string, unknown>): void {
  const event = 'runtime.gondolin_unaccelerated'
  const reason = 'a machine did not start with acceleration: from now on they go without, slowly'
  if (logger !== undefined) {
    logger.warn(event, { ...about, reason })
    return
  }
  process.emitWarning(`gondolin: ${reason}`, { type: 'RunletWarning', code: event })
}

function isLate(error: unknown): boolean {
  return Reflect.get(Object(error), 'code') === 'vm_start_timeout'
}

function asStartError(error: unknown): unknown {
  if (isRuntimeStartupError(error)) return error
  const words = plainWords(error)
  if (isLate(error)) return notStarted('start_timeout', words)
  const { code, syscall, path } = Object(error) as Record<string, unknown>
  if (code === 'ENOENT' && String(syscall).startsWith('spawn') && /qemu/.test(String(path))) {
    const sentence = 'a program of QEMU was not found: install its system emulator and qemu-img'
    return notStarted('qemu_missing', sentence)
  }
  // What the package says of files that it looks for, or of its download.
  if (/guest (?:assets|image)|image (?:selector|registry)|Missing guest/i.test(words)) {
    const hint = 'the package downloads about 200 MB at its first start, or set GONDOLIN_GUEST_DIR'
    return notStarted('guest_assets', `there is no guest (${words}): ${hint}`)
  }
  return notStarted('start_failed', words)
}

async function start(
  create: (options: GondolinVmOptions) => Promise<GondolinVm>,
  options: GondolinVmOptions,
): Promise<GondolinVm> {
  const vm = await create(options)
  try {
    await vm.start?.()
    return vm
  } catch (error) {
    await vm.close().catch(() => {})
    throw error
  }
}

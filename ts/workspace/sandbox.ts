/** What confines commands on the host: a workspace to write, a system to read, and nothing else. */

import { existsSync } from 'node:fs'
import type { PermissionSet, RuntimeSandboxPolicy, RuntimeStatus } from '../../index.js'
import { RunletError } from '../errors'
import { MIB } from '../tool/option-ranges'
import { type Policy, readPolicy, sandboxCapabilities } from '../tool/policy'
import type { Confinement } from './bash-process'
import { SEARCH_PATH } from './shell-environment'

/** The option, read. */
export interface Sandbox {
  readonly mode: 'off' | 'auto' | 'required'
  readonly permissions: PermissionSet
  readonly memoryLimitBytes: number
  readonly maxProcesses: number
}

/** Programs and what they consist of. */
const SYSTEM = [
  '/usr',
  '/bin',
  '/sbin',
  '/lib',
  '/lib32',
  '/lib64',
  '/libx32',
  '/opt',
  '/nix/store',
  '/gnu/store',
]

/** Of /etc what programs read and nobody hides. Keys, password hashes and accounts of services are not. */
const SETTINGS = [
  'alternatives',
  'bash.bashrc',
  'ca-certificates',
  'ca-certificates.conf',
  'debian_version',
  'default/locale',
  'fonts',
  'gai.conf',
  'gitconfig',
  'group',
  'host.conf',
  'hostname',
  'hosts',
  'inputrc',
  'java-11-openjdk',
  'java-17-openjdk',
  'java-21-openjdk',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'locale.alias',
  'locale.conf',
  'localtime',
  'lsb-release',
  'magic',
  'magic.mime',
  'mime.types',
  'networks',
  'nsswitch.conf',
  'os-release',
  'passwd',
  'perl',
  'pki/ca-trust',
  'pki/tls/certs',
  'profile',
  'protocols',
  'python3',
  'python3.11',
  'python3.12',
  'python3.13',
  'resolv.conf',
  'services',
  'shells',
  'ssl/certs',
  'ssl/openssl.cnf',
  'terminfo',
  'timezone',
  'vim',
].map((name) => `/etc/${name}`)

const MODES = ['off', 'auto', 'required'] as const

/** Defaults of a policy. */
export const SANDBOX_MEMORY_BYTES = 1024 * MIB
export const SANDBOX_PROCESSES = 256

/** Whether the kernel of this machine keeps permissions. */
export function confines(): boolean {
  return process.platform === 'linux' && sandboxCapabilities().level === 'full'
}

/**
 * Reads a checked option.
 *
 * @throws RunletError `POLICY_UNENFORCEABLE` where it is required and cannot be had
 */
export function readSandbox(
  option: Sandbox['mode'] | RuntimeSandboxPolicy,
  available = confines(),
): Sandbox {
  const policy: RuntimeSandboxPolicy =
    typeof option === 'string' ? { ...(option !== 'off' && { mode: option }) } : option
  const { mode: asked = 'auto', memoryLimitBytes, maxProcesses, ...permissions } = policy
  const mode = option === 'off' ? 'off' : asked
  if (mode === 'required' && !available) {
    const message = 'sandbox is required, and the kernel of this machine does not confine commands'
    const details = { field: 'sandbox', platform: process.platform }
    throw new RunletError('POLICY_UNENFORCEABLE', message, { details })
  }
  return {
    mode,
    permissions,
    memoryLimitBytes: memoryLimitBytes ?? SANDBOX_MEMORY_BYTES,
    maxProcesses: maxProcesses ?? SANDBOX_PROCESSES,
  }
}

/** The words of the option. */
export const SANDBOX_MODES: readonly string[] = MODES

/** What a sandbox comes to for one workspace. */
export interface Confined {
  readonly confinement: Confinement
  readonly facts: Pick<RuntimeStatus, 'enforced' | 'unenforced'>
}

/** More than any machine has. */
const NO_BOUND = 1_000_000

const UNCONFINED: Confinement = {
  permissions: [],
  unconfined: true,
  pins: '',
  bestEffort: true,
  memoryLimitBytes: 0,
  maxProcesses: NO_BOUND,
}

/** Ours, and the caller's besides. */
function joined(
  ours: readonly string[],
  theirs: true | readonly string[] | undefined,
): true | readonly string[] {
  return theirs === true ? true : [...ours, ...(theirs ?? [])]
}

function permissionsOf(sandbox: Sandbox, root: string, temporary: string): PermissionSet {
  const { permissions } = sandbox
  const system = SYSTEM.filter((path) => existsSync(path))
  const settings = SETTINGS.filter((path) => existsSync(path))
  return {
    ...permissions,
    read: joined([root, temporary, ...system, ...settings], permissions.read),
    write: joined([root, temporary], permissions.write),
    run: permissions.run === undefined ? [root, temporary, ...system] : permissions.run,
  }
}

/**
 * What confines commands in a workspace that is there.
 *
 * @throws RunletError for permissions that are none or that must be kept and cannot be
 */
export function confine(
  sandbox: Sandbox,
  place: { root: string; program: string; temporary: () => string },
): Confined {
  const { mode } = sandbox
  if (mode === 'off') return { confinement: UNCONFINED, facts: {} }
  const terms = {
    field: 'sandbox',
    mode: mode === 'required' ? ('require' as const) : ('best-effort' as const),
    strict: false,
    implicit: 'bash, or any program of this system, needs it',
    place: {
      projectRoot: place.root,
      binary: place.program,
      codeRoots: [],
      searchPath: SEARCH_PATH,
    },
  }
  const permissions = permissionsOf(sandbox, place.root, place.temporary())
  const policy = readPolicy(permissions, terms)
  return {
    confinement: {
      permissions: policy.flags,
      unconfined: false,
      pins: policy.pins,
      bestEffort: mode !== 'required',
      memoryLimitBytes: sandbox.memoryLimitBytes,
      maxProcesses: sandbox.maxProcesses,
    },
    facts: factsOf(policy),
  }
}

function factsOf({ report }: Policy): Confined['facts'] {
  const asked = report.permissions.filter(({ implicit }) => implicit !== true)
  const kept = asked.filter(({ status }) => status === 'enforced')
  const open = asked.filter(({ status }) => status !== 'enforced')
  return {
    enforced: kept.map(({ permission }) => permission),
    ...(open.length > 0 && {
      unenforced: open.map(({ permission, why }) => ({ what: permission, why })),
    }),
  }
}

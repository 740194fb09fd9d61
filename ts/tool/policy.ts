/** What the permissions of a runtime come to: what is granted, and what cannot be kept. */

import type {
  EnforcedPermission,
  EnforcementReport,
  ErrorCode,
  PermissionSet,
  SandboxCapabilities,
} from '../../index.js'
import { addon } from '../addon'
import { RunletError } from '../errors'
import { currentPlatform } from '../platform'
import { policyMessages } from './policy-messages'

/** Permissions as flags or by kind. */
export type Permissions = readonly string[] | PermissionSet

/** One thing that was asked for and is not kept here. */
interface Unenforceable {
  flag: string
  permission: string
  reason: string
}

/** Permissions that were read. */
export interface Policy {
  /** Each grant in flag form, sorted. */
  readonly flags: readonly string[]
  /** A process may change the worker that the next one starts with. */
  readonly workerWritable: boolean
  /** Where the rules led; the core's own, given back to it. */
  readonly pins: string
  /** Where the program is a script: what runs it and may not be run. */
  readonly interpreters: readonly string[]
  /** Variables of the host that a process gets. */
  readonly inherited: Readonly<Record<string, string>>
  readonly report: EnforcementReport
}

/** What the core says of permissions; see src/node/permissions.rs. */
interface Answer {
  flags?: string[]
  /** Flags that grant everything of a kind. */
  bare?: string[]
  unenforceable?: Unenforceable[]
  /** Flags for what is granted without being asked for. */
  implicit?: string[]
  workerWritable?: boolean
  pins?: unknown
  interpreters?: string[]
  error?: CoreError
}

/** What processes with the permissions consist of; see src/sandbox/policy.rs. */
export interface Place {
  projectRoot: string
  binary: string
  entrypoint?: string
  codeRoots: readonly string[]
  worker?: string
  searchPath: string
}

/** A refusal of the core. */
export interface CoreError {
  code: ErrorCode
  message: string
  details?: Record<string, unknown>
}

/** Whose permissions are read, and for what. */
export interface PolicyTerms {
  /** The option that they come from, for messages. */
  readonly field: string
  readonly mode: 'require' | 'best-effort'
  readonly strict: boolean
  /** Without one they are only read. */
  readonly place?: Place
  /** Why something is granted without being asked for. */
  readonly implicit?: string
}

/**
 * Reads permissions and decides whether they can be kept.
 *
 * @throws RunletError `INVALID_ARGUMENT` for what is no permission; `POLICY_VIOLATION` for what may
 *   never be granted; `POLICY_UNENFORCEABLE` for what this machine cannot keep
 */
export function readPolicy(permissions: Permissions, terms: PolicyTerms): Policy {
  const { native } = addon()
  const asked = {
    ...(Array.isArray(permissions) ? { flags: permissions } : { object: permissions }),
    place: terms.place,
  }
  const answer = JSON.parse(native.checkPermissions(JSON.stringify(asked))) as Answer
  if (answer.error !== undefined) {
    const { code, message, details } = answer.error
    throw new RunletError(code, message, { details: { field: terms.field, ...details } })
  }
  const flags = answer.flags ?? []
  const expanded = answer.bare?.[0]
  // The one that was written: `--allow-all` comes back as what it stands for.
  const bare =
    expanded !== undefined && Array.isArray(permissions) && !permissions.includes(expanded)
      ? (permissions.find((flag) => flag === '--allow-all') ?? expanded)
      : expanded
  if (terms.strict && bare !== undefined) {
    const details = { field: terms.field, flag: bare }
    throw new RunletError('POLICY_VIOLATION', policyMessages.strict(bare), { details })
  }
  const missing = belowRoot(answer.unenforceable ?? [], terms.place?.projectRoot)
  if (terms.mode === 'require' && missing.length > 0) throw unenforceable(missing, terms.field)
  const inherited = native.inheritedEnv(JSON.stringify(flags), JSON.stringify(process.env))
  return {
    flags,
    workerWritable: answer.workerWritable === true,
    pins: JSON.stringify(answer.pins),
    interpreters: answer.interpreters ?? [],
    inherited: JSON.parse(inherited) as Record<string, string>,
    report: report(flags, missing, answer.implicit ?? [], terms),
  }
}

/** Reasons that name places as the caller does, not where the host keeps them. */
function belowRoot(missing: readonly Unenforceable[], root = '/'): readonly Unenforceable[] {
  if (root === '/') return missing
  return missing.map((one) => ({ ...one, reason: one.reason.replaceAll(root, '.') }))
}

function unenforceable(missing: readonly Unenforceable[], field: string): RunletError {
  const details = { field, platform: process.platform, unenforceable: missing }
  return new RunletError('POLICY_UNENFORCEABLE', policyMessages.unenforceable(missing), { details })
}

function report(
  flags: readonly string[],
  missing: readonly Unenforceable[],
  implicit: readonly string[],
  { mode, implicit: why = 'the runtime or the entrypoint needs it' }: PolicyTerms,
): EnforcementReport {
  const open = missing.map(
    ({ flag, permission, reason }): EnforcedPermission => ({
      permission: flag === '' ? permission : flag,
      status: 'not-enforced',
      why: reason,
    }),
  )
  const named = new Set(open.map((entry) => entry.permission))
  const kept = flags
    .filter((flag) => !named.has(flag))
    .map(
      (flag): EnforcedPermission => ({
        permission: flag,
        status: 'enforced',
        why: keptBy(flag),
      }),
    )
  const granted = implicit.map(
    (flag): EnforcedPermission => ({
      permission: flag,
      status: 'enforced',
      why,
      implicit: true,
    }),
  )
  const level = open.length === 0 ? 'full' : kept.length === 0 ? 'none' : 'partial'
  return { mode, level, permissions: [...kept, ...open, ...granted] }
}

function keptBy(flag: string): string {
  if (flag.includes('-env')) return 'the environment is made at the start'
  return /-(net|private)=/.test(flag) ? 'supervisor' : 'kernel'
}

/** What this machine can enforce; see `index.d.ts`. */
export function sandboxCapabilities(): SandboxCapabilities {
  const core = JSON.parse(addon().native.sandboxCapabilities()) as CoreCapabilities
  const { landlockAbi, seccomp, userNotify, denyInsideAllow } = core
  const kept = core.lacking === null
  const supervised = kept && userNotify !== null
  return {
    platform: process.platform,
    level: supervised ? 'full' : kept ? 'partial' : 'none',
    landlockAbi,
    seccomp,
    userNotify,
    userns: false,
    pidns: false,
    cgroup: null,
    libc: currentPlatform().libc ?? null,
    fs: {
      read: kept ? 'kernel' : null,
      write: kept ? 'kernel' : null,
      metadataRead: kept ? 'open' : null,
      metadataWrites: kept ? core.metadataWrites : null,
      denyInsideAllow: kept ? denyInsideAllow : 'none',
    },
    net: {
      hosts: supervised ? 'supervised' : null,
      cidr: supervised ? 'supervised' : null,
      udp: kept ? 'denied' : null,
      dns: supervised ? 'stub' : null,
    },
    run: kept ? 'kernel' : null,
    env: 'spawn',
    memory: process.platform === 'linux' ? 'rlimit+watchdog' : null,
    killTree: process.platform === 'linux' ? 'group' : null,
    reasons: kept
      ? [...policyMessages.reasons, ...(supervised ? [] : [policyMessages.noSockets])]
      : [process.platform === 'linux' ? policyMessages.noKernel(core.lacking) : `${core.lacking}`],
  }
}

interface CoreCapabilities {
  landlockAbi: number
  seccomp: boolean
  userNotify: SandboxCapabilities['userNotify']
  /** Why nothing of it is enforced, if so. */
  lacking: string | null
  metadataWrites: 'denied' | 'supervised'
  denyInsideAllow: SandboxCapabilities['fs']['denyInsideAllow']
}

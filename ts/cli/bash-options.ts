/** Flags of `runlet bash` to options of `createRuntime`. */

import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import type {
  ApprovalRequest,
  RuntimeLogger,
  RuntimeName,
  RuntimeOptions,
  RuntimeSandboxPolicy,
} from '../../index.js'
import { messages } from '../messages'
import { readPolicy } from '../tool/policy'
import { nativeProgram } from '../workspace/native/program'
import { runtimeName } from '../workspace/options'
import { SANDBOX_MODES } from '../workspace/sandbox'
import { isObeyed } from '../workspace/shell-environment'
import { bashMessages } from './bash-messages'
import { kernelFlag, permissionsOf, virtualNetwork } from './bash-permissions'
import { readLimit } from './input'
import type { Flags } from './parse-flags'
import { complain } from './terminal'
import { parseTimeout, readVariables } from './tool-options'
import { parseSize } from './units'
import { UsageError } from './usage-error'

/** Who says whether what needs approval may run. */
export type Approver = 'ask' | 'always' | 'never'

const APPROVERS: readonly Approver[] = ['ask', 'always', 'never']
const RUNTIMES: readonly RuntimeName[] = ['just-bash', 'host-bash', 'guarded-bash']
/** The most that an option takes. */
const LONGEST_MS = 600_000

/** What the flags say. */
export interface BashSettings {
  readonly name: RuntimeName
  readonly approver: Approver
  /** A line finds variables and the folder as the line before left them. */
  readonly remembers: boolean
  readonly options: RuntimeOptions & { provider?: undefined }
}

/** Who is there. */
export interface BashTerms {
  readonly onApproval: (request: ApprovalRequest) => Promise<boolean>
  /** Somebody can be asked. */
  readonly canAsk: boolean
  /** Lines are typed, one after the other. */
  readonly isTyped: boolean
}

/** @throws UsageError */
export function readBashOptions(
  flags: Flags,
  { onApproval, canAsk, isTyped }: BashTerms,
): BashSettings {
  const name = readName(flags)
  const approver = readWord(flags, 'approve', APPROVERS) ?? 'ask'
  const timeoutMs = readLimit(flags, 'timeout', parseTimeout)
  const shared = {
    name,
    root: readRoot(flags),
    logger,
    ...(timeoutMs !== undefined && { timeoutMs, maxTimeoutMs: Math.max(timeoutMs, LONGEST_MS) }),
  }
  if (flags.has('approve') && name !== 'guarded-bash') {
    throw new UsageError(bashMessages.onlyOf('approve', '--runtime guarded-bash'))
  }
  const options = name === 'just-bash' ? virtualOptions(flags, isTyped) : hostOptions(flags, name)
  const hasAnswer = approver === 'always' || (approver === 'ask' && canAsk)
  const guard = name === 'guarded-bash' && hasAnswer && { guard: { onApproval } }
  const remembers = 'justBash' in options && options.justBash?.session === true
  return { name, approver, remembers, options: { ...shared, ...options, ...guard } }
}

function readName(flags: Flags): RuntimeName {
  const given = flags.text('runtime')
  try {
    return runtimeName(given)
  } catch {
    throw new UsageError(messages.cliBadValue('--runtime', listOf(RUNTIMES), given ?? ''))
  }
}

function readRoot(flags: Flags): string {
  const given = flags.text('root') ?? '.'
  const root = resolve(given)
  const isFolder = statSync(root, { throwIfNoEntry: false })?.isDirectory() === true
  if (given === '' || !isFolder) throw new UsageError(bashMessages.noFolder(given))
  return root
}

function readWord<Word extends string>(
  flags: Flags,
  name: string,
  words: readonly Word[],
): Word | undefined {
  const given = flags.text(name)
  if (given === undefined) return undefined
  const known = words.find((word) => word === given)
  if (known !== undefined) return known
  throw new UsageError(messages.cliBadValue(`--${name}`, listOf(words), given))
}

const listOf = (words: readonly string[]) =>
  `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`

/** Variables of runlet's own that are let in, and those that are named. */
function variables(flags: Flags): Record<string, string> {
  const { env, denyEnv } = permissionsOf(flags)
  const permissions = {
    ...(env !== undefined && { env }),
    ...(denyEnv !== undefined && { denyEnv }),
  }
  const terms = { field: '--allow-env', mode: 'best-effort', strict: false } as const
  const { inherited } = readPolicy(permissions, terms)
  const ours = Object.entries(inherited).filter(([name]) => !isObeyed(name))
  const given = readVariables(flags)
  const obeyed = Object.keys(given).find(isObeyed)
  if (obeyed !== undefined) throw new UsageError(bashMessages.obeyed(obeyed))
  return { ...Object.fromEntries(ours), ...given }
}

function virtualOptions(flags: Flags, isTyped: boolean): Pick<RuntimeOptions, 'justBash'> {
  const foreign = ['memory', 'sandbox'].find((name) => flags.has(name))
  if (foreign !== undefined) {
    throw new UsageError(bashMessages.onlyOf(foreign, '--runtime host-bash and guarded-bash'))
  }
  const network = virtualNetwork(flags)
  const env = variables(flags)
  // One engine has a network, the other remembers.
  if (network !== undefined) return { justBash: { env, network, engine: 'just-bash' } }
  const remembers = isTyped && nativeProgram() !== undefined
  return { justBash: { env, ...(remembers && { session: true, engine: 'native' }) } }
}

function hostOptions(flags: Flags, name: RuntimeName): Pick<RuntimeOptions, 'hostEnv' | 'sandbox'> {
  const hostEnv = variables(flags)
  const asked = readWord(flags, 'sandbox', SANDBOX_MODES)
  const memoryLimitBytes = readLimit(flags, 'memory', parseSize)
  const kernel = kernelFlag(flags) ?? (memoryLimitBytes === undefined ? undefined : 'memory')
  if (kernel === undefined) {
    const mode = asked as 'off' | 'auto' | 'required' | undefined
    return { hostEnv, ...(mode !== undefined && { sandbox: mode }) }
  }
  if (asked === 'off') throw new UsageError(bashMessages.sandboxOff(kernel))
  const permissions = kernelFlag(flags) !== undefined
  // What somebody writes down is meant to hold.
  const usual = permissions || name === 'host-bash' ? 'required' : 'auto'
  const sandbox: RuntimeSandboxPolicy = {
    ...belowHere(permissionsOf(flags)),
    mode: (asked as 'auto' | 'required' | undefined) ?? usual,
    ...(memoryLimitBytes !== undefined && { memoryLimitBytes }),
  }
  return { hostEnv, sandbox }
}

/** Relative paths are those of who types them, wherever the workspace is. */
function belowHere(set: RuntimeSandboxPolicy): RuntimeSandboxPolicy {
  const absolute = (given: true | readonly string[] | undefined) =>
    Array.isArray(given) ? given.map((path: string) => resolve(path)) : given
  const paths = {
    read: set.read,
    write: set.write,
    denyRead: set.denyRead,
    denyWrite: set.denyWrite,
  }
  const here = Object.entries(paths).flatMap(([name, given]) => {
    const list = absolute(given)
    return list === undefined ? [] : [[name, list] as const]
  })
  return { ...set, ...Object.fromEntries(here) }
}

const nothing = () => {}

/** Who chose a runtime knows that it runs on the host; what is not kept must be said. */
const logger: RuntimeLogger = {
  debug: nothing,
  info: nothing,
  error: nothing,
  warn(event, { reason } = {}) {
    if (event === 'security.runtime_host') return
    const isOpen = event === 'security.sandbox_unavailable'
    complain(isOpen ? bashMessages.notConfined(reason) : bashMessages.warned(event, reason))
  },
}

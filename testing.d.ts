/**
 * `runlet/testing`: a conformance kit for runtimes and their providers.
 *
 * It is for those who write a {@link RuntimeProvider} of their own: a table of cases, each with a stable
 * name, over everything that a host of runtimes relies on. It imports no test library.
 */

import type { QueuedRuntime, Runtime, RuntimeProvider, RuntimeScope } from './index.js'

/** Options of {@link testRuntimeProvider}. */
export interface ProviderTestOptions {
  /**
   * A folder of this machine. The scopes of the trial get folders below one of its own there, which is
   * removed at the end. Made if it is missing.
   */
  root: string
  /** Reasons by the name of a case: such a case is left out, and told of with the reason. Default none. */
  skip?: Readonly<Record<string, string>> | undefined
  /** Names of the cases that are tried. Default all of {@link caseNames}. */
  only?: readonly string[] | undefined
  /** A provider of yours whose starts fail, such as one with an image that there is not. Default none. */
  failing?: RuntimeProvider | undefined
  /** A provider of yours that stops what is idle for so many milliseconds, 10 to 10,000. Default none. */
  idling?: { provider: RuntimeProvider; idleMs: number } | undefined
  /** The `maxFileBytes` that the runtimes were made with. Default 1,000,000. */
  maxFileBytes?: number | undefined
  /** Milliseconds after which a case has failed. Default 60,000. */
  caseTimeoutMs?: number | undefined
}

/** A case, and why it failed or was left out. */
export interface ProviderTestReason {
  case: string
  reason: string
}

/** What came of a trial. Every case that was asked for is in one of the lists. */
export interface ProviderTestResult {
  passed: string[]
  failed: ProviderTestReason[]
  /** Left out by `skip`, or because the runtime or the machine has not what it needs. */
  skipped: ProviderTestReason[]
}

/**
 * Tries all cases, one after another, and closes the provider. What a provider does wrong is in the
 * result, and no error.
 *
 * A runtime can be given in place of a provider. Cases about scopes and starts are left out then, the
 * others work in folders of their own below its root, and it is not closed.
 *
 * @throws (rejects) RunletError `INVALID_ARGUMENT` for a wrong option
 *
 * @example
 * const { failed } = await testRuntimeProvider(myProvider(), { root: '/tmp/kit' })
 * for (const { case: name, reason } of failed) console.log(name, reason)
 */
export function testRuntimeProvider(
  provider: RuntimeProvider | Runtime,
  options: ProviderTestOptions,
): Promise<ProviderTestResult>

/** The names of all cases, in the order of trial. */
export function caseNames(): string[]

/** Options of {@link describeRuntimeProvider}: those of the kit, and the caller's test library. */
export interface DescribeOptions extends ProviderTestOptions {
  describe: (name: string, body: () => void) => unknown
  /** Gets milliseconds of patience as its third argument. */
  it: (name: string, body: () => Promise<void>, timeoutMs: number) => unknown
  afterAll: (body: () => Promise<void>, timeoutMs: number) => unknown
  /** Told of every case that was left out, and why. Default `console.info`. */
  onSkip?: ((name: string, reason: string) => void) | undefined
}

/**
 * The kit as tests of one's own: one for each case. A case that is left out passes, and is told of.
 *
 * @example
 * describeRuntimeProvider('my provider', myProvider, { describe, it, afterAll, root: '/tmp/kit' })
 *
 * @throws RunletError `INVALID_ARGUMENT` where one of the functions is missing
 */
export function describeRuntimeProvider(
  name: string,
  makeProvider: () => RuntimeProvider | Runtime | Promise<RuntimeProvider | Runtime>,
  options: DescribeOptions,
): void

/**
 * A provider of runtimes that come with the package, one for each scope.
 *
 * @example
 * providerOf((scope) => createRuntime({ root: scope.root, runtimeScope: scope, name: 'host-bash' }))
 */
export function providerOf(create: (scope: RuntimeScope) => QueuedRuntime): RuntimeProvider

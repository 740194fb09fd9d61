/**
 * Workspaces in micro-VMs, over the optional package `@earendil-works/gondolin`: one warm machine for
 * each scope.
 */

import type { CompleteRuntimeProvider, RuntimeLimits, RuntimeScope } from './index.js'

/** A value that only the host knows. Commands see a placeholder in its place. */
export interface GondolinSecret {
  value: string
  /**
   * Hosts that requests may carry it to, such as `api.example.com` or `*.example.com`; at least one. It
   * opens none of them, `network` does.
   */
  hosts: readonly string[]
}

/** A folder of the host that commands see besides the workspace. */
export interface GondolinMount {
  /** Path on the host. */
  path: string
  /** Default `false`. */
  readonly?: boolean | undefined
}

/** What machines may connect to, over HTTP and HTTPS. */
export type GondolinNetwork = 'none' | 'open' | { allowedHosts: readonly string[] }

/** How a machine is accelerated. */
export type GondolinAccel = 'auto' | 'kvm' | 'hvf' | 'tcg'

/**
 * What a machine is made with, as `VM.create` of the package takes it. `env`, `httpHooks`,
 * `sessionLabel` and `vfs` come from the provider.
 */
export interface GondolinVmOptions {
  env?: Record<string, string> | undefined
  httpHooks?: object | undefined
  sessionLabel?: string | undefined
  /** By their paths in the guest. Where the package is not installed, `{rootPath, readonly}` each. */
  // biome-ignore lint/suspicious/noExplicitAny: a type of the package, which may not be installed
  vfs?: { mounts: Record<string, any> } | undefined
  sandbox?: Record<string, unknown> | undefined
  /** Milliseconds that it has to start. */
  startTimeoutMs?: number | undefined
  [option: string]: unknown
}

/** How a command is handed to a machine. */
export interface GondolinExecOptions {
  /** Arguments of a text for a shell. */
  argv?: string[] | undefined
  /** Folder in the guest. */
  cwd?: string | undefined
  /** An `AbortSignal`; gives the command up. */
  // biome-ignore lint/suspicious/noExplicitAny: as for the streams
  signal?: any
  stdin?: string | undefined
  /**
   * A writable stream of Node each, which takes what is printed as it comes; a machine that takes no
   * notice of them gives it in the end.
   */
  // biome-ignore lint/suspicious/noExplicitAny: what the package asks for has types of Node's
  stdout?: any
  // biome-ignore lint/suspicious/noExplicitAny: as above
  stderr?: any
}

/** The end of a command. */
export interface GondolinExecResult {
  exitCode: number
  /** Number of the signal that ended it. */
  signal?: number | undefined
  stdout?: string | undefined
  stderr?: string | undefined
}

/** A machine, as far as the provider needs one. */
export interface GondolinVm {
  /** What it is known by, in events and states. */
  id?: string | undefined
  /** A text for a shell, or the path of a program and its arguments. */
  exec(command: string | string[], options?: GondolinExecOptions): PromiseLike<GondolinExecResult>
  /** Called once before the first command, if it is there. */
  start?(): Promise<void>
  close(): Promise<void>
}

/** Makes a machine. */
export type GondolinVmFactory = (options: GondolinVmOptions) => Promise<GondolinVm>

/** Options of {@link gondolinRuntime}. An unknown one is an error. */
export interface GondolinRuntimeConfig {
  /** Where the guest has the workspace; an absolute path. Default `/workspace`. */
  workdir?: string | undefined
  /** Variables of commands. Default none. */
  env?: Record<string, string> | undefined
  /** Secrets, by the name of the variable that holds their placeholder. Default none. */
  secrets?: Record<string, GondolinSecret> | undefined
  /** Further folders, by their absolute paths in the guest. Default none. */
  mounts?: Record<string, string | GondolinMount> | undefined
  /** Default `'none'`. Addresses of private networks stay closed in any case. */
  network?: GondolinNetwork | undefined
  /**
   * Default `'auto'`: what the machine offers, and `'tcg'`, which needs nothing but is slow, for the
   * rest of the process once a machine has not started within 15 seconds.
   */
  accel?: GondolinAccel | undefined
  /**
   * Further options of `VM.create`: `memory` (default 1G), `cpus` (2), `startTimeoutMs`, `rootfs`,
   * `sandbox` and others. Default none.
   */
  vmOptions?: Record<string, unknown> | undefined
  /** Name of a machine for `gondolin list`. Default `runlet` and the path of the scope. */
  sessionLabel?: string | ((scope: RuntimeScope) => string) | undefined
  /** Milliseconds of a command that does not say. Default 120,000. */
  timeoutMs?: number | undefined
  /** Largest that a call may ask for, ms. Default 600,000, or `timeoutMs` if that is more. */
  maxTimeoutMs?: number | undefined
  /** Milliseconds without use after which a machine is stopped; `false` or 0 is never. Default 600,000. */
  idleMs?: number | false | undefined
  /** Bounds of operations on files. */
  limits?: RuntimeLimits | undefined
  /** What a search does with a file that is too large. Default `'skip'`. */
  oversize?: 'skip' | 'error' | undefined
  /** What ends a command that prints much: 256 MiB, or with `'kill'` 262,144 bytes. Default `'truncate'`. */
  onOutputLimit?: 'truncate' | 'kill' | undefined
  /**
   * Makes the machines instead of the package, which then need not be installed. Its `exec` gets the
   * text of a command as it is; the scope's folder has to be at `workdir`.
   */
  factory?: GondolinVmFactory | undefined
}

/**
 * Makes a provider for the option `provider` of `createRuntime`. Nothing is loaded or started before the
 * first command; operations on files need no machine.
 *
 * What is missing for a start rejects the command with a `RuntimeStartupError` whose `details.reason` is
 * `node_version`, `package_missing`, `package_version`, `qemu_missing`, `guest_assets`, `guest_shell`,
 * `no_folder`, `start_timeout` or `start_failed`.
 *
 * @throws RunletError `INVALID_ARGUMENT` for an unknown or wrong option
 */
export declare function gondolinRuntime(config?: GondolinRuntimeConfig): CompleteRuntimeProvider

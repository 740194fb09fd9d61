/**
 * Containers for workspaces: a provider over the command line of Docker, Podman or nerdctl. Each scope
 * gets a container of its own at its first operation, which is kept warm and ended when nobody used it
 * for a while.
 */

import type {
  AbortSignalLike,
  BashResult,
  CompleteRuntimeProvider,
  RuntimeLimits,
} from './index.js'

/**
 * Runs the engine's client in place of `dockerRuntime`, for an engine elsewhere or a test. It gives a
 * result whatever the client does, and ends it at the timeout (124) or when the signal is aborted (130).
 */
export type DockerRunner = (
  command: string,
  args: string[],
  options: {
    /** Milliseconds. */
    timeoutMs: number
    signal?: AbortSignalLike
    /** For its standard input. */
    input?: string
  },
) => Promise<BashResult>

/** Options of {@link dockerRuntime}. An unknown one is an error. */
export interface DockerRuntimeConfig {
  /** Image with `sh` and `sleep`; commands run in its `bash`, or in `sh`. Default `'debian:bookworm-slim'`. */
  image?: string | undefined
  /** The client: a name that PATH knows, or a path. Default `'docker'`. */
  docker?: string | undefined
  /** Start of the containers' names, and a label of them. Default `'runlet'`. */
  prefix?: string | undefined
  /** Where the scope's folder is inside, absolute. Default `'/workspace'`. */
  workdir?: string | undefined
  /** Network of the containers. Default `'none'`. */
  network?: string | undefined
  /** Variables of every command; they never appear in arguments. Default none but HOME, the workdir. */
  env?: Readonly<Record<string, string>> | undefined
  /** More labels. Default none. */
  labels?: Readonly<Record<string, string>> | undefined
  /**
   * `'uid'`, `'uid:gid'` or a name that the image has; `false` is the image's own. Default the user of
   * this process, which for a rootless engine is root inside.
   */
  user?: string | false | undefined
  /** More arguments of `run`, before the image. What of them weakens the container is in `unenforced`. */
  extraRunArgs?: readonly string[] | undefined
  /** Per command, ms. Default 120,000. */
  timeoutMs?: number | undefined
  /** Largest timeout that a call may ask for, ms. Default 600,000, or `timeoutMs` if that is more. */
  maxTimeoutMs?: number | undefined
  /** Of a start, which may pull the image, ms. Default 300,000. */
  startTimeoutMs?: number | undefined
  /** Ms without use after which a container is ended; `false`, 0 and less is never. Default 600,000. */
  idleMs?: number | false | undefined
  /** Bounds of operations on files. */
  limits?: RuntimeLimits | undefined
  /** What a search does with a file that is too large. Default `'skip'`. */
  oversize?: 'skip' | 'error' | undefined
  /** What ends a command that prints much: 256 MiB, or with `'kill'` 262,144 bytes. Default `'truncate'`. */
  onOutputLimit?: 'truncate' | 'kill' | undefined
  /** What becomes of processes that a command leaves behind. Default `'kill'`. */
  background?: 'kill' | 'keep' | undefined
  /**
   * Who works on files: this process, where the folder inside is the one outside, or commands inside.
   * Default `'auto'`, which looks.
   */
  files?: 'auto' | 'host' | 'guest' | undefined
  /** Whether the image is fetched. Default `'missing'`. */
  pull?: 'missing' | 'never' | 'always' | undefined
  /** Removes containers whose process is gone, at the first start. Default `true`. */
  orphanSweep?: boolean | undefined
  /** Memory of a container with its swap, bytes; 0 is no limit. Default 1 GiB. */
  memoryLimitBytes?: number | undefined
  /** Processes and threads of a container; 0 is no limit. Default 256. */
  pidsLimit?: number | undefined
  /** Processors that it may use up, such as 0.5; 0 is no limit. Default 2. */
  cpus?: number | undefined
  /** Size of /tmp, which is in memory, bytes; 0 is none. Default 64 MiB. */
  tmpfsBytes?: number | undefined
  /** Files that one process may have open; 0 is the engine's own limit. Default 1,024. */
  maxOpenFiles?: number | undefined
  /** All but the workdir and /tmp is read-only. Default `true`. */
  readOnlyRoot?: boolean | undefined
  /** Takes every capability. Default `true`. */
  dropCapabilities?: boolean | undefined
  /** No program gains rights, such as by a set-user-ID bit. Default `true`. */
  noNewPrivileges?: boolean | undefined
  /** Its own shared memory and semaphores. Default `true`. */
  privateIpc?: boolean | undefined
  /** Lets crashed programs write core files. Default `false`. */
  coreDumps?: boolean | undefined
  /** A small first process that takes leave of the ended ones. Default `true`. */
  init?: boolean | undefined
  /** What keeps the output of the container's first process. Default `'none'`. */
  logDriver?: string | undefined
  /** Runs the client. Default: this process does. */
  runner?: DockerRunner | undefined
}

/**
 * Makes a provider of containers, for `createRuntime({ root, provider })`. It looks for no engine and
 * starts nothing before the first operation.
 *
 * Operations reject with a `RuntimeStartupError` where a container does not start; its message has the
 * engine's own words without paths of the host, `details.reason` is `'engine_missing'`,
 * `'engine_unreachable'`, `'image_missing'`, `'entrypoint'`, `'no_shell'`, `'start_timeout'` or
 * `'run_failed'`.
 *
 * @throws RunletError `INVALID_ARGUMENT` naming the option and what it accepts
 *
 * @example
 * import { createRuntime } from 'runlet'
 * import { dockerRuntime } from 'runlet/docker'
 *
 * const provider = dockerRuntime({ image: 'debian:bookworm-slim' })
 * const runtime = createRuntime({ root: './workspace', provider })
 * const { code, out } = await runtime.bash({ command: 'id -u; ls /' })
 */
export function dockerRuntime(config?: DockerRuntimeConfig): CompleteRuntimeProvider

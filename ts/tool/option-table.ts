/** The options of a tool runtime, once: validation, defaults and documentation all come from here. */

import { availableParallelism, cpus } from 'node:os'
import { nodeOptions } from './node-options'
import { defaultsOf, type Group, type OptionAlias, type OptionRow } from './option-group'
import {
  callback,
  flag,
  type Kind,
  refuse,
  text,
  textList,
  textOrEmpty,
  whole,
  word,
} from './option-kinds'
import { debug, logger, nativeTools, resolver, retry, security, warm } from './option-nested'
import { permissions } from './option-permissions'
import { MIB, memoryBytes, messageBytes, timeMs, timeOrNothingMs, UNBOUNDED } from './option-ranges'
import { overrides, variables } from './overrides'
import { runtimeType } from './runtime-types'

const off = () => false
const none = () => []
const empty = () => ({})

/** Node 18.0 to 18.13 lack the newer of the two. */
function processors(): number {
  return typeof availableParallelism === 'function' ? availableParallelism() : cpus().length || 1
}

/** 0 stood for the default in the runtime that users come from. */
const captureBytes: Kind<number> = {
  accepts: `0 for the default, or an integer up to ${64 * MIB}`,
  read(value, field, reading) {
    const given = whole(0, 64 * MIB)
    if (!Number.isInteger(value)) throw refuse(field, this.accepts, value)
    return given.read(value, field, reading) || MIB
  },
}

/** The owner must be able to read the file, and nobody else to change what the tool runs. */
const fileMode: Kind<number> = {
  accepts: 'a mode from 0o400 to 0o755 that its owner may read and nobody else may write',
  read(value, field) {
    const mode = Number(value)
    const fits =
      Number.isInteger(value) &&
      mode >= 0 &&
      mode <= 0o777 &&
      (mode & 0o400) !== 0 &&
      (mode & 0o022) === 0
    if (!fits) throw refuse(field, this.accepts, value)
    return mode
  },
}

const MAX_MEGABYTES = Math.floor(UNBOUNDED / MIB)

const megabytes: OptionAlias = {
  name: 'maxMemoryMB',
  accepts: `an integer from 0 to ${MAX_MEGABYTES}`,
  read: (value, field, reading) => whole(0, MAX_MEGABYTES).read(value, field, reading) * MIB,
}

/** The table, in the order of the documentation. */
export const OPTIONS: readonly OptionRow[] = Object.freeze<OptionRow[]>([
  {
    name: 'projectRoot',
    kind: text,
    initial: () => process.cwd(),
    shows: 'process.cwd()',
    about: 'folder of the project: what relative paths start from, and where tools run',
  },
  {
    name: 'runtimeType',
    kind: runtimeType,
    initial: () => 'bun',
    about: 'program that runs the tools',
  },
  {
    name: 'entrypointPath',
    kind: { ...textOrEmpty, blank: '' },
    initial: () => '',
    about: 'file whose exports are the tools; empty for a stub without tools',
  },
  {
    name: 'permissions',
    kind: permissions,
    initial: () => ['--allow-read'],
    alias: {
      name: 'bunPermissions',
      accepts: permissions.accepts,
      read: permissions.read.bind(permissions),
    },
    about:
      'what tools may reach, for both runtimes; `[]` is nothing; also spelled `bunPermissions`',
  },
  { name: 'nodeOptions', kind: nodeOptions, initial: none, about: 'options for Node itself' },
  {
    name: 'toolExecutionTimeoutMs',
    kind: timeMs,
    initial: () => 60_000,
    testing: () => 5_000,
    about: 'ms for a whole call: queue, start and every attempt',
  },
  {
    name: 'maxTimeoutMs',
    kind: timeMs,
    initial: () => 300_000,
    about: 'largest timeout that a call or a tool may ask for',
  },
  {
    name: 'memoryLimitBytes',
    kind: memoryBytes,
    initial: () => 2_048 * MIB,
    testing: () => 512 * MIB,
    alias: megabytes,
    about: "memory of a call's processes; also spelled `maxMemoryMB`, in MiB",
  },
  {
    name: 'maxOutputBytes',
    kind: messageBytes,
    initial: () => 10 * MIB,
    about: 'bytes of a result as JSON',
  },
  {
    name: 'maxInputBytes',
    kind: messageBytes,
    initial: () => 10 * MIB,
    about: 'bytes of a request as JSON',
  },
  {
    name: 'maxResultDepth',
    kind: whole(1, 4_000),
    initial: () => 1_000,
    about: 'nesting of a result',
  },
  {
    name: 'maxStderrCaptureBytes',
    kind: captureBytes,
    initial: () => MIB,
    about: 'bytes of stdout and of stderr that a result keeps, of each the first and the last half',
  },
  {
    name: 'maxLogBytes',
    kind: whole(1, UNBOUNDED),
    initial: () => 64 * MIB,
    about: 'bytes that a tool may print before it is ended',
  },
  {
    name: 'backoffInitialIntervalMs',
    kind: timeMs,
    initial: () => 100,
    testing: () => 10,
    about: 'ms before the first retry; doubled for each that follows',
  },
  {
    name: 'backoffMaxIntervalMs',
    kind: timeMs,
    initial: () => 5_000,
    testing: () => 100,
    about: 'longest ms before a retry',
  },
  {
    name: 'backoffMaxElapsedTimeMs',
    kind: timeOrNothingMs,
    initial: () => 30_000,
    testing: () => 1_000,
    about: 'ms after which nothing is retried; 0 is no retry',
  },
  {
    name: 'workerFilePerm',
    kind: fileMode,
    initial: () => 0o600,
    about: 'mode of the files that runlet writes to the store for tools',
  },
  {
    name: 'environment',
    kind: text,
    initial: () => 'development',
    testing: () => 'testing',
    about: 'given to tools as `RUNLET_ENVIRONMENT`',
  },
  {
    name: 'enforcement',
    kind: word('require', 'best-effort'),
    initial: () => 'require',
    about: 'whether what this machine cannot enforce fails the creation, or is reported',
  },
  {
    name: 'env',
    kind: variables,
    initial: empty,
    about: 'variables of every call; those of a tool, then of a call win',
  },
  {
    name: 'tools',
    kind: overrides,
    initial: empty,
    about: 'options of single tools by id, see below',
  },
  {
    name: 'codeRoots',
    kind: textList(),
    initial: none,
    about: 'more folders that tools may load code from',
  },
  {
    name: 'maxConcurrent',
    kind: whole(1, 10_000),
    initial: processors,
    shows: 'os.availableParallelism()',
    about: 'calls that run at once',
  },
  {
    name: 'maxQueued',
    kind: whole(0, 1_000_000),
    initial: () => 1_024,
    about: 'calls that may wait; one more is OVERLOADED',
  },
  {
    name: 'warm',
    kind: warm,
    initial: defaultsOf(warm),
    about: 'workers that are started before a call needs one',
  },
  {
    name: 'maxProcesses',
    kind: whole(1, 4_096),
    initial: () => 32,
    about: 'processes of one call',
  },
  {
    name: 'maxOpenFiles',
    kind: whole(64, 1_048_576),
    initial: () => 1_024,
    about: 'open files of each process',
  },
  {
    name: 'maxFileBytes',
    kind: whole(0, UNBOUNDED),
    initial: () => 64 * MIB,
    about: 'bytes of a file that a tool writes',
  },
  {
    name: 'maxConnections',
    kind: whole(0, 65_535),
    initial: () => 64,
    about: 'connections of one call',
  },
  {
    name: 'scratchDir',
    kind: flag,
    initial: off,
    about: 'a fresh private folder per call, in TMPDIR',
  },
  {
    name: 'exitGraceMs',
    kind: timeOrNothingMs,
    initial: () => 0,
    about: 'ms a tool may go on in the background after its result',
  },
  {
    name: 'rawResult',
    kind: flag,
    initial: off,
    about: 'results as they are, without the `value` wrapping',
  },
  { name: 'retry', kind: retry, initial: defaultsOf(retry), about: 'failures that are retried' },
  {
    name: 'validateSchemas',
    kind: flag,
    initial: () => true,
    about: 'whether schemas of tools are applied',
  },
  {
    name: 'nativeTools',
    kind: nativeTools,
    initial: defaultsOf(nativeTools),
    about: 'tools that runlet brings along',
  },
  {
    name: 'debug',
    kind: debug,
    initial: defaultsOf(debug),
    about: 'extra output for authors of tools',
  },
  {
    name: 'security',
    kind: security,
    initial: defaultsOf(security),
    about: 'stricter rules, and records',
  },
  {
    name: 'resolver',
    kind: resolver,
    shows: "the system's",
    about: 'where names of hosts are looked up',
  },
  {
    name: 'logger',
    kind: logger,
    shows: 'silent',
    about: "where runlet and tools log to, with pino's signature",
  },
  {
    name: 'bunPath',
    kind: text,
    about: "Bun's binary; unset: the host's own, PATH, the package `bun`",
  },
  { name: 'nodePath', kind: text, about: "Node's binary; unset: the host's own, PATH" },
  {
    name: 'storeDir',
    kind: text,
    shows: '<projectRoot>/.runlet',
    about: 'folder of the worker, heap snapshots and records',
  },
  { name: 'runAs', kind: text, kernel: true, about: 'user that tools run as' },
  {
    name: 'onAudit',
    kind: callback,
    about: 'gets the records of `security.auditMode` in place of the file',
  },
  { name: 'smol', kind: flag, initial: off, about: "Bun's smaller heap" },
  {
    name: 'redact',
    kind: flag,
    initial: () => true,
    about: 'whether secrets are masked in logs and messages',
  },
])

/** The row of an option. */
export function optionRow(name: string): OptionRow | undefined {
  return OPTIONS.find((row) => row.name === name)
}

/** Rows with their paths, those of nested objects included: `debug`, `debug.enabled`. */
export function everyOption(rows = OPTIONS, above = ''): { path: string; row: OptionRow }[] {
  return rows.flatMap((row) => {
    const path = above + row.name
    const nested = (row.kind as Partial<Group>).rows ?? []
    return [{ path, row }, ...everyOption(nested, `${path}.`)]
  })
}

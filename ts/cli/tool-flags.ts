/** The flags of `runlet tool` and `runlet doctor`, once: the parser and the help text read them. */

import type { Flag } from './flags'

const PERMISSIONS = 'Permissions (docs/permissions.md)'

const KINDS: ReadonlyArray<readonly [string, string, string]> = [
  ['read', 'PATH,...', 'reading files'],
  ['write', 'PATH,...', 'writing files'],
  ['net', 'HOST,...', 'the network'],
  ['env', 'NAME,...', "variables of runlet's own environment"],
  ['run', 'COMMAND,...', 'starting programs'],
]

/** Passed on as they are; what they mean is the core's to say. */
export const PERMISSION_FLAGS: readonly Flag[] = [
  ...KINDS.map(
    ([kind, value, what]): Flag => ({
      name: `allow-${kind}`,
      value,
      optional: true,
      multiple: true,
      group: PERMISSIONS,
      help: `${what}; without a list, all of it`,
    }),
  ),
  {
    name: 'allow-private',
    value: 'HOST,...',
    optional: true,
    multiple: true,
    group: PERMISSIONS,
    help: 'hosts of --allow-net that may be private addresses',
  },
  {
    name: 'allow-all',
    short: 'A',
    optional: true,
    multiple: true,
    group: PERMISSIONS,
    help: 'all of it',
  },
  ...KINDS.map(
    ([kind, value, what]): Flag => ({
      name: `deny-${kind}`,
      value,
      optional: true,
      multiple: true,
      group: PERMISSIONS,
      help: `refuse ${what}; wins over grants`,
    }),
  ),
  {
    name: 'best-effort',
    group: PERMISSIONS,
    help: 'run although a permission cannot be enforced here, and say which',
  },
]

const JSON_FLAG = { name: 'json', group: 'Input and output' } as const

/** What `tool list` and `tool run` share. */
const SHARED: readonly Flag[] = [
  {
    name: 'runtime',
    value: 'bun|node',
    group: 'Process',
    help: 'what runs the entrypoint (bun)',
  },
  {
    name: 'env',
    value: 'NAME=VALUE',
    multiple: true,
    group: 'Process',
    help: 'a variable for the process',
  },
  {
    name: 'config-file',
    value: 'FILE.yaml',
    group: 'Process',
    help: 'options; RUNLET_* variables win over them, flags over both',
  },
  { name: 'native', group: 'Process', help: 'the tools that runlet brings along, too' },
  {
    name: 'timeout',
    value: 'DURATION',
    group: 'Limits',
    help: 'wall time of the whole call',
    limit: { key: 'toolExecutionTimeoutMs', unit: 'duration', of: 'tools' },
  },
  {
    name: 'memory',
    value: 'SIZE',
    group: 'Limits',
    help: 'memory of its processes; 0 for no limit',
    limit: { key: 'memoryLimitBytes', unit: 'size', of: 'tools' },
  },
]

/** `runlet tool list`, in the order of the help text. */
export const TOOL_LIST_FLAGS: readonly Flag[] = [
  { ...JSON_FLAG, help: 'print ids, sources and schemas as JSON' },
  ...SHARED,
  ...PERMISSION_FLAGS,
]

/** `runlet tool run`, in the order of the help text. */
export const TOOL_RUN_FLAGS: readonly Flag[] = [
  {
    name: 'input',
    value: 'JSON|@FILE',
    group: 'Input and output',
    help: 'first argument of the tool; @- reads standard input',
  },
  {
    name: 'config',
    value: 'JSON|@FILE',
    group: 'Input and output',
    help: 'second argument of the tool; @- reads standard input',
  },
  { ...JSON_FLAG, help: 'print the whole result, not only the output' },
  ...SHARED,
  {
    name: 'max-output',
    value: 'SIZE',
    group: 'Limits',
    help: 'size of the output as JSON',
    limit: { key: 'maxOutputBytes', unit: 'size', of: 'tools' },
  },
  ...PERMISSION_FLAGS,
]

/** `runlet doctor`. */
export const DOCTOR_FLAGS: readonly Flag[] = [
  { name: 'json', group: 'Output', help: 'print it as JSON' },
]

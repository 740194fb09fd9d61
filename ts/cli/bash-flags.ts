/** The flags of `runlet bash`, once: the parser and the help text read them. */

import type { Flag } from './flags'
import { PERMISSION_FLAGS } from './tool-flags'

const SOURCE = 'Source'
const WORKSPACE = 'Workspace'
const LIMITS = 'Limits'
const SANDBOX = 'Sandbox of host-bash and guarded-bash (docs/permissions.md)'

/** Without `--best-effort`: what may be missing is said with `--sandbox`. */
const PERMISSIONS = PERMISSION_FLAGS.filter(({ name }) => name !== 'best-effort').map(
  (flag): Flag => ({ ...flag, group: SANDBOX }),
)

/** In the order of the help text. */
export const BASH_FLAGS: readonly Flag[] = [
  {
    name: 'command',
    short: 'c',
    value: 'CMD',
    group: SOURCE,
    help: 'run CMD instead of a file',
  },
  {
    name: 'json',
    group: SOURCE,
    help: 'print one object with code, out, err and what else came of it',
  },
  {
    name: 'root',
    value: 'DIR',
    group: WORKSPACE,
    help: 'folder that commands run in (the current one)',
  },
  {
    name: 'runtime',
    value: 'NAME',
    group: WORKSPACE,
    help: 'just-bash, host-bash or guarded-bash (just-bash)',
  },
  {
    name: 'env',
    value: 'NAME=VALUE',
    multiple: true,
    group: WORKSPACE,
    help: 'a variable for the commands',
  },
  {
    name: 'approve',
    value: 'WHO',
    group: WORKSPACE,
    help: 'guarded-bash: ask (on a terminal), always or never',
  },
  {
    name: 'timeout',
    value: 'DURATION',
    group: LIMITS,
    help: 'wall time of one command',
    limit: { key: 'timeoutMs', unit: 'duration', of: 'workspaces' },
  },
  {
    name: 'memory',
    value: 'SIZE',
    group: LIMITS,
    help: 'memory of one command on the host (1GB in a sandbox)',
  },
  {
    name: 'sandbox',
    value: 'MODE',
    group: SANDBOX,
    help: 'off, auto (as far as can be) or required',
  },
  ...PERMISSIONS,
]

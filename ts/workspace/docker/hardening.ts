/** What confines a container: the arguments, and what `status` says of them. Pure functions. */

import type { RuntimeStatus } from '../../../index.js'
import type { DockerSettings } from './options'

/** What the probe saw inside, and what the engine says of itself. */
export interface Seen {
  /** Effective user inside. */
  readonly uid?: string | undefined
  /** Hexadecimal, as the kernel shows them. */
  readonly capabilities?: string | undefined
  readonly noNewPrivileges?: boolean | undefined
  readonly seccomp?: boolean | undefined
  readonly rootless?: boolean | undefined
  /** Limits that the engine says it cannot keep. */
  readonly missing?: readonly string[] | undefined
}

type Facts = Required<Pick<RuntimeStatus, 'enforced' | 'unenforced'>>
type Unenforced = Facts['unenforced']

/** One measure. */
interface Measure {
  readonly what: string
  readonly on: boolean
  readonly flags: readonly string[]
  /** Why it is off. */
  readonly why: string
}

function measures(settings: DockerSettings): Measure[] {
  const { memoryLimitBytes: memory, pidsLimit: pids, cpus, tmpfsBytes: tmp } = settings
  const { maxOpenFiles: files, coreDumps, logDriver, network } = settings
  const off = (option: string, value: unknown) => `${option} is ${value}`
  const tmpfs = `/tmp:rw,nosuid,nodev,size=${tmp},mode=1777`
  return [
    {
      what: 'network',
      on: network === 'none',
      flags: [],
      why: off('network', network),
    },
    {
      what: 'zombies',
      on: settings.init,
      flags: ['--init'],
      why: off('init', false),
    },
    {
      what: 'memory',
      on: memory > 0,
      flags: ['--memory', `${memory}`, '--memory-swap', `${memory}`],
      why: off('memoryLimitBytes', 0),
    },
    {
      what: 'processes',
      on: pids > 0,
      flags: ['--pids-limit', `${pids}`],
      why: off('pidsLimit', 0),
    },
    { what: 'processors', on: cpus > 0, flags: ['--cpus', `${cpus}`], why: off('cpus', 0) },
    {
      what: 'capabilities',
      on: settings.dropCapabilities,
      flags: ['--cap-drop', 'ALL'],
      why: off('dropCapabilities', false),
    },
    {
      what: 'new privileges',
      on: settings.noNewPrivileges,
      flags: ['--security-opt', 'no-new-privileges'],
      why: off('noNewPrivileges', false),
    },
    {
      what: 'read-only root',
      on: settings.readOnlyRoot,
      flags: ['--read-only'],
      why: off('readOnlyRoot', false),
    },
    {
      what: 'size of /tmp',
      on: tmp > 0,
      flags: ['--tmpfs', tmpfs],
      why: off('tmpfsBytes', 0),
    },
    {
      what: 'private ipc',
      on: settings.privateIpc,
      flags: ['--ipc', 'private'],
      why: off('privateIpc', false),
    },
    {
      what: 'open files',
      on: files > 0,
      flags: ['--ulimit', `nofile=${files}:${files}`],
      why: off('maxOpenFiles', 0),
    },
    {
      what: 'core dumps',
      on: !coreDumps,
      flags: ['--ulimit', 'core=0'],
      why: off('coreDumps', true),
    },
    {
      what: 'log of the container',
      on: logDriver === 'none',
      flags: [],
      why: off('logDriver', logDriver),
    },
  ]
}

/** Arguments of `run` that confine a container. */
export function hardeningArguments(settings: DockerSettings): string[] {
  const { logDriver, pull } = settings
  return [
    ...measures(settings).flatMap(({ on, flags }) => (on ? flags : [])),
    ...['--log-driver', logDriver, '--stop-timeout', '1', '--pull', pull],
  ]
}

/** Arguments of a caller that take something back, and what of the measures that is, if one of them. */
const WEAKENING: Readonly<Record<string, string | undefined>> = {
  '--privileged': 'capabilities',
  '--cap-add': 'capabilities',
  '--security-opt': 'new privileges',
  '--network': 'network',
  '--net': 'network',
  '--user': 'user',
  '-u': 'user',
  '--memory': 'memory',
  '-m': 'memory',
  '--memory-swap': 'memory',
  '--oom-kill-disable': 'memory',
  '--pids-limit': 'processes',
  '--cpus': 'processors',
  '--cpu-quota': 'processors',
  '--cpu-period': 'processors',
  '--read-only': 'read-only root',
  '--init': 'zombies',
  '--tmpfs': 'size of /tmp',
  '--shm-size': 'size of /tmp',
  '--ipc': 'private ipc',
  '--ulimit': 'open files',
  '--log-driver': 'log of the container',
  ...Object.fromEntries(
    [
      ...[
        '--device',
        '--device-cgroup-rule',
        '--gpus',
        '--volume',
        '-v',
        '--mount',
        '--volumes-from',
      ],
      ...[
        '--publish',
        '-p',
        '--publish-all',
        '-P',
        '--uts',
        '--userns',
        '--cgroupns',
        '--cgroup-parent',
      ],
      ...[
        '--group-add',
        '--runtime',
        '--oom-score-adj',
        '--sysctl',
        '--add-host',
        '--dns',
        '--link',
      ],
      ...['--env', '-e', '--env-file', '--use-api-socket'],
    ].map((name) => [name, undefined]),
  ),
}

/** The options in one argument: short ones may stand together, up to one with a value, such as `-iv`. */
function optionsIn(argument: string): string[] {
  const [name = ''] = argument.split('=')
  if (name.startsWith('--') || !name.startsWith('-')) return [name]
  const [, flags = '', last = ''] = /^-([ditPq]*)(.?)/.exec(name) ?? []
  return [...flags, last].map((letter) => `-${letter}`)
}

function weakening(extra: readonly string[]): { unenforced: Unenforced; measures: Set<string> } {
  const found = new Set(extra.flatMap(optionsIn).filter((name) => Object.hasOwn(WEAKENING, name)))
  const unenforced = [...found].map((what) => ({ what, why: `extraRunArgs has ${what}` }))
  const measures = new Set([...found].flatMap((name) => WEAKENING[name] ?? []))
  return { unenforced, measures }
}

/** Whether the user of a container is root, as far as its name tells. */
export function namesRoot(user: string | undefined): boolean {
  return user !== undefined && /^(0+|root)(:|$)/.test(user)
}

/** What `status` says: what was asked for and is kept, and what is not. */
export function confinementFacts(
  settings: DockerSettings,
  user: string | undefined,
  seen: Seen = {},
): Facts {
  const all = measures(settings)
  const missing = new Set(seen.missing)
  const unenforced: Unenforced = all.flatMap(({ what, on, why }) => (on ? [] : [{ what, why }]))
  for (const what of missing) {
    if (all.some((one) => one.on && one.what === what)) {
      unenforced.push({ what, why: 'the engine does not keep it on this machine' })
    }
  }
  const root = seen.uid === undefined ? namesRoot(user) : seen.uid === '0'
  if (root && seen.rootless !== true) {
    unenforced.push({ what: 'user', why: 'commands run as root inside' })
  } else if (user === undefined && seen.uid === undefined) {
    unenforced.push({ what: 'user', why: "commands run as the image's own user" })
  }
  if (settings.dropCapabilities && !/^0*$/.test(seen.capabilities ?? '')) {
    unenforced.push({ what: 'capabilities', why: `commands have ${seen.capabilities}` })
  }
  if (settings.noNewPrivileges && seen.noNewPrivileges === false) {
    unenforced.push({ what: 'new privileges', why: 'the engine did not forbid them' })
  }
  if (seen.seccomp === false) {
    unenforced.push({ what: 'system calls', why: 'the engine does not filter them' })
  }
  const weak = weakening(settings.extraRunArgs)
  unenforced.push(...weak.unenforced)
  const lost = new Set([...unenforced.map(({ what }) => what), ...weak.measures])
  const enforced = all.flatMap(({ what, on }) => (on && !lost.has(what) ? [what] : []))
  if (!lost.has('user')) enforced.push('user')
  if (seen.seccomp === true) enforced.push('system calls')
  return { enforced, unenforced }
}

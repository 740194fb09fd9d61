/** The option `vmOptions`: what `VM.create` takes besides what the provider gives it. */

import { isRecord } from '../../codelet/fields'
import { invalidArgument } from '../../errors'
import { type Kind, member, refuse, unknownName } from '../../tool/option-kinds'
import type { NetworkTerms } from './option-network'

/** Names of the package's version 0.12. */
const VM = [
  ...['allowWebSockets', 'autoStart', 'cpus', 'debugLog', 'dns', 'fetch', 'maxHttpBodyBytes'],
  ...['maxHttpResponseBodyBytes', 'memory', 'rootfs', 'sandbox', 'ssh', 'startTimeoutMs', 'tcp'],
]

/** Of its `sandbox`, which would take precedence over what the provider gives. */
const SANDBOX = [
  ...['accel', 'allowWebSockets', 'append', 'autoRestart', 'console', 'cpu', 'cpus', 'debug'],
  ...['dns', 'fetch', 'imagePath', 'krunRunnerPath', 'machineType', 'maxHttpBodyBytes'],
  ...['maxHttpResponseBodyBytes', 'maxQueuedExecs', 'maxQueuedStdinBytes', 'maxStdinBytes'],
  ...['maxTotalQueuedStdinBytes', 'memory', 'mitmCertDir', 'netEnabled', 'netMac'],
  ...['netSocketPath', 'qemuIdlePauseMs', 'qemuPath', 'rootDiskDeleteOnClose', 'rootDiskFormat'],
  ...['rootDiskPath', 'rootDiskReadOnly', 'ssh', 'tcp', 'virtioFsSocketPath'],
  ...['virtioIngressSocketPath', 'virtioSocketPath', 'virtioSshSocketPath', 'vmm'],
]

/** Who gives what may not be given here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  env: 'the option env',
  httpHooks: 'the options network and secrets',
  sessionLabel: 'the option sessionLabel',
  vfs: 'the option mounts',
  vfsProvider: 'the option mounts',
}

function known(value: Record<string, unknown>, field: string, names: readonly string[]): void {
  for (const name of Object.keys(value)) {
    const path = member(field, name)
    const instead = ELSEWHERE[name]
    if (instead !== undefined) {
      throw invalidArgument(path, `${path} cannot be given: ${instead} is for that`)
    }
    if (!names.includes(name)) throw unknownName('option of VM.create', path, name, names)
  }
}

/** Reads it. Values are the package's to judge. */
export const vmOptions: Kind<Record<string, unknown>> = {
  accepts: 'an object of options of VM.create',
  read(value, field) {
    if (!isRecord(value)) throw refuse(field, this.accepts, value)
    known(value, field, VM)
    const { sandbox, startTimeoutMs } = value
    if (startTimeoutMs !== undefined && !(Number(startTimeoutMs) >= 1)) {
      throw refuse(`${field}.startTimeoutMs`, 'a number from 1', startTimeoutMs)
    }
    if (sandbox === undefined) return { ...value }
    if (!isRecord(sandbox)) throw refuse(`${field}.sandbox`, 'an object', sandbox)
    known(sandbox, `${field}.sandbox`, SANDBOX)
    return { ...value, sandbox: { ...sandbox } }
  },
}

/** Whether its `sandbox` says something. */
export function isSet(options: Readonly<Record<string, unknown>>, name: string): boolean {
  const { sandbox } = options
  return isRecord(sandbox) && sandbox[name] !== undefined
}

/** Ways out of a machine that its requests do not pass by. */
const OPENINGS = ['dns', 'ssh', 'tcp']

/**
 * Refuses them where nothing is to be reached.
 *
 * @throws RunletError `INVALID_ARGUMENT`
 */
export function refuseOpenings(
  options: Readonly<Record<string, unknown>>,
  { mode }: NetworkTerms,
): void {
  if (mode !== 'none') return
  const levels: [string, unknown][] = [
    ['vmOptions', options],
    ['vmOptions.sandbox', options.sandbox],
  ]
  for (const [field, level] of levels) {
    for (const name of OPENINGS) {
      const value = isRecord(level) ? level[name] : undefined
      const isHarmless =
        name === 'dns' && isRecord(value) && (value.mode ?? 'synthetic') === 'synthetic'
      if (value === undefined || isHarmless) continue
      const message = `${field}.${name} leads out of the machine, and network is 'none'`
      throw invalidArgument(`${field}.${name}`, message)
    }
  }
}

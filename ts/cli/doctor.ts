/** `runlet doctor`: what this machine has and what runlet can enforce on it, and why not more. */

import type {
  Capabilities,
  SandboxCapabilities,
  WorkspaceCapabilities,
  WorkspacePart,
} from '../../index.js'
import { codeletCapabilities } from '../codelets'
import { RunletError } from '../errors'
import { findRuntime } from '../tool/binary'
import { sandboxCapabilities } from '../tool/policy'
import { SUPPORTED_RUNTIME_TYPES } from '../tools'
import { workspaceCapabilities } from '../workspace/engines'
import type { Flags } from './parse-flags'
import { printable, printJson } from './terminal'

/** A program that tools can run in, or why there is none. */
interface RuntimeReport {
  type: string
  usable: boolean
  path: string | null
  version: string | null
  /** `null` when it is usable. */
  why: string | null
}

interface Report {
  version: string
  platform: string
  arch: string
  libc: string | null
  /** What runs this very command. */
  host: { name: string; version: string }
  /** `null` where the native part cannot be loaded; then `fault` says why. */
  codelets: Omit<Capabilities, 'workspaces'> | null
  fault: string | null
  runtimes: RuntimeReport[]
  tools: SandboxCapabilities
  workspaces: WorkspaceCapabilities
}

/** @returns the exit code of the process: a finding is no failure */
export function doctorCommand(flags: Flags, version: string): number {
  const report = examine(version)
  if (flags.has('json')) printJson(report)
  else process.stdout.write(`${lines(report).map(shown).join('\n')}\n`)
  return 0
}

/** A line of its own; only what is written by others can need it. */
function shown(line: string): string {
  return printable(line)
}

function examine(version: string): Report {
  const tools = sandboxCapabilities()
  const { bun, deno, node } = process.versions
  const [name, hostVersion] = bun ? ['Bun', bun] : deno ? ['Deno', deno] : ['Node', node]
  const native = attempt(() => codeletCapabilities())
  return {
    version,
    platform: process.platform,
    arch: process.arch,
    libc: tools.libc,
    host: { name, version: hostVersion },
    codelets: native.value ?? null,
    fault: native.why,
    runtimes: SUPPORTED_RUNTIME_TYPES.map((type): RuntimeReport => {
      const found = attempt(() => findRuntime(type, { projectRoot: process.cwd() }))
      const { path, version } = found.value ?? {}
      return {
        type,
        usable: found.value !== undefined,
        path: path ?? null,
        version: version?.text ?? null,
        why: found.why,
      }
    }),
    tools,
    workspaces: workspaceCapabilities(),
  }
}

function attempt<T>(what: () => T): { value: T | undefined; why: string | null } {
  try {
    return { value: what(), why: null }
  } catch (error) {
    if (!(error instanceof RunletError)) throw error
    return { value: undefined, why: error.message }
  }
}

function lines({ version, platform, arch, libc, host, ...report }: Report): string[] {
  const machine = [platform, arch, ...(libc === null ? [] : [libc])].join(' ')
  return [
    `runlet ${version}, ${machine}, ${host.name} ${host.version}`,
    '',
    'Codelets',
    ...codeletLines(report),
    '',
    'Runtimes for tools',
    ...report.runtimes.map(({ type, version, path, why }) =>
      row(type, why === null ? `${version}, ${path}` : `not usable: ${why}`),
    ),
    '',
    'Permissions of tools',
    ...toolLines(report.tools),
    '',
    'Workspaces',
    ...workspaceLines(report.workspaces),
  ]
}

function codeletLines({ codelets, fault }: Pick<Report, 'codelets' | 'fault'>): string[] {
  if (codelets === null) return [row('engine', `not usable: ${fault}`)]
  const { engine, threads, hardKill } = codelets
  return [
    row('engine', `${engine.name} ${engine.commit}, ${threads} threads`),
    row(
      'deadlines',
      hardKill
        ? 'enforced, inside built-ins that never poll, too'
        : 'enforced, but not inside built-ins that never poll: nothing here can interrupt those',
    ),
  ]
}

function toolLines(tools: SandboxCapabilities): string[] {
  const { fs, net, run, memory, killTree, reasons } = tools
  const enforced = (by: string | null) => (by === null ? 'not enforced' : `enforced (${by})`)
  return [
    ...(tools.platform === 'linux' ? [row('kernel', kernelLine(tools))] : []),
    row('env', 'enforced: a process gets an environment of its own'),
    row('read', enforced(fs.read)),
    row('write', enforced(fs.write)),
    row('net', enforced(net.hosts)),
    row('run', enforced(run)),
    row('memory', memory === null ? 'no limit' : `limit enforced (${memory})`),
    row('processes', killTree === null ? 'none are started' : `ended together (${killTree})`),
    ...reasons.map((reason) => `  why: ${reason}`),
  ]
}

function workspaceLines(parts: WorkspaceCapabilities): string[] {
  const { virtualShell, bash, sandbox, docker, gondolin } = parts
  const found = ({ usable, version, path, why }: WorkspacePart) =>
    usable ? [version, path].filter(Boolean).join(', ') : `not usable: ${why}`
  return [
    row('native', found(virtualShell.native)),
    row('just-bash', found(virtualShell['just-bash'])),
    row('bash', found(bash)),
    row('sandbox', sandbox.usable ? 'enforced (kernel)' : `not enforced: ${sandbox.why}`),
    row('docker', found(docker)),
    row('gondolin', found(gondolin)),
  ]
}

function kernelLine({ landlockAbi, seccomp, userNotify }: SandboxCapabilities): string {
  return [
    landlockAbi === 0 ? 'no Landlock' : `Landlock ${landlockAbi}`,
    seccomp ? 'seccomp filters' : 'no seccomp filters',
    userNotify === null ? 'no supervised calls' : `supervised calls (${userNotify})`,
  ].join(', ')
}

function row(name: string, value: string): string {
  return `  ${name.padEnd(10)} ${value}`
}

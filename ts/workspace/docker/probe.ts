/** Looks around in a container once, before anything of a caller runs there. */

import { randomBytes } from 'node:crypto'
import type { Folder } from '../core'
import { scriptArguments } from './argv'
import type { ContainerTerms } from './container'
import { engineFailure, reasonOf } from './engine'
import type { Seen } from './hardening'
import type { DockerSettings } from './options'
import { PROBE, readFacts } from './scripts'

/** What there is inside. */
export interface Inside extends Seen {
  readonly shell: 'bash' | 'sh'
  /** The process that keeps the container alive, besides the first. */
  readonly keep: string
  /** Processes while one script runs. */
  readonly processes: number
  /** A script that the engine starts leads a process group of its own. */
  readonly leads: boolean
  /** Where the kernel counts what it ended for want of memory; empty for nowhere. */
  readonly oom: string
  /** The folder inside is the one outside; unknown where nobody looked. */
  readonly local: boolean | undefined
}

/** What is assumed where somebody else runs the client: its calls are not ours to add to. */
const UNSEEN: Inside = {
  shell: 'bash',
  keep: '',
  processes: 0,
  leads: false,
  oom: '',
  local: undefined,
}

/** Processes of a container where nothing of a caller runs. */
export function usualProcesses({ init }: Pick<DockerSettings, 'init'>): number {
  return init ? 2 : 1
}

/** Looks. @throws (rejects) RunletError saying what is missing */
export async function probe(terms: ContainerTerms, name: string): Promise<Inside> {
  const { engine, settings, brand, folder, scope } = terms
  const { files } = settings
  if (engine.foreign) return { ...UNSEEN, local: files === 'auto' ? undefined : files === 'host' }
  const look = async (path: string) => {
    const args = scriptArguments(name, PROBE, brand, [`${settings.workdir}/${path}`])
    const answer = await engine.call(args)
    if (answer.code === 0) return readFacts(answer.out)
    throw await failure(terms, name, engine.words(answer.err, scope.root))
  }
  const facts = files === 'auto' ? await withToken(folder, look) : await look('')
  const seccomp = facts.get('seccomp')
  const added = facts.get('new')
  return {
    shell: facts.has('bash') ? 'bash' : 'sh',
    keep: facts.get('keep') ?? '',
    // Of a container that was adopted, commands of somebody else may be under way.
    processes: Math.min(Number(facts.get('processes')), usualProcesses(settings) + 1),
    leads: facts.has('leader'),
    oom: facts.get('oom') ?? '',
    local: files === 'auto' ? facts.has('token') : files === 'host',
    uid: facts.get('uid'),
    capabilities: facts.get('capabilities'),
    ...(added !== undefined && { noNewPrivileges: added === '1' }),
    ...(seccomp !== undefined && { seccomp: seccomp !== '0' }),
  }
}

/** Lets `work` look for a file of a name that nobody can guess. */
async function withToken<T>(folder: Folder, work: (path: string) => Promise<T>): Promise<T> {
  const name = `probe-${randomBytes(12).toString('hex')}`
  let path = `.runlet/${name}`
  const write = () => folder.operate('write', { path, content: '' })
  try {
    await write()
  } catch {
    // Whoever worked here made something else of that folder.
    path = `.runlet-${name}`
    await write()
  }
  try {
    return await work(path)
  } finally {
    await folder.operate('delete', { path }).catch(() => {})
  }
}

/** Why nothing can be run in a container that was just started. */
async function failure({ engine }: ContainerTerms, name: string, words: string) {
  const format = '{{.State.Running}} {{.State.ExitCode}}'
  const { out } = await engine.call(['inspect', '-f', format, name])
  const [running, code] = out.trim().split(' ')
  if (running === 'false') {
    const message =
      `the container ended at once with exit code ${code}: perhaps the image's ENTRYPOINT took ` +
      '"sleep infinity" for its arguments; extraRunArgs: ["--entrypoint", ""] leaves it out'
    return engineFailure('entrypoint', message)
  }
  if (/executable file not found|no such file or directory/i.test(words)) {
    return engineFailure('no_shell', 'the image has no sh')
  }
  return engineFailure(reasonOf(words), words || 'nothing could be run in the container')
}

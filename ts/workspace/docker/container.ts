/** The container of one scope: how it is started or found running, and how it is removed. */

import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import type { RuntimeScope } from '../../../index.js'
import type { Folder } from '../core'
import {
  type ContainerPlan,
  containerName,
  removeArguments,
  runArguments,
  runningArguments,
  scopeLabels,
} from './argv'
import { Census } from './census'
import { type Engine, type EngineFacts, engineFailure, LATE, reasonOf } from './engine'
import { withEnvFile } from './env-file'
import { confinementFacts, hardeningArguments } from './hardening'
import { Occupancy } from './occupancy'
import type { DockerSettings } from './options'
import { isGone, ownerLabel } from './owner'
import { openOwned } from './ownership'
import { type Inside, probe, usualProcesses } from './probe'

/** What a container is started with. */
export interface ContainerTerms {
  readonly engine: Engine
  readonly settings: DockerSettings
  /** Start of labels, and name of scripts. */
  readonly brand: string
  readonly scope: RuntimeScope
  readonly folder: Folder
}

const GONE =
  /no such container|no container with name|is not running|can only create exec sessions/i

/** Whether an engine's words say that a container is not there, or not running. */
export function saysGone(words: string): boolean {
  return GONE.test(words)
}

/** What a start found out. */
interface Found {
  readonly user: string | undefined
  readonly inside: Inside
  readonly facts: EngineFacts
  readonly census: Census | undefined
}

/** One of them, running. */
export class Container {
  readonly name: string
  readonly #terms: ContainerTerms
  readonly user: string | undefined
  readonly inside: Inside
  /** Counts what runs in it, where that can be done from outside. */
  readonly census: Census | undefined
  readonly #facts: EngineFacts
  /** Commands and scripts of ours that are under way. */
  readonly occupancy = new Occupancy()
  /** Something may run in it that no command owns. */
  littered = false
  /** It was removed by whoever looks after it. */
  ended = false

  private constructor(terms: ContainerTerms, { user, inside, facts, census }: Found) {
    this.#terms = terms
    this.name = containerName(terms.brand, terms.settings.prefix, terms.scope)
    this.user = user
    this.inside = inside
    this.census = census
    this.#facts = facts
  }

  /**
   * Starts the scope's container, or takes the one that runs.
   *
   * @throws (rejects) RunletError with the engine's words
   */
  static async start(terms: ContainerTerms): Promise<Container> {
    const { engine, settings, folder } = terms
    const facts = await engine.facts()
    const user = userOf(settings, facts)
    // The engine would make a folder that is missing, as root.
    openOwned(folder, terms)
    const plan = planOf(terms, user, facts)
    if (!(await adopt(terms, plan))) await run(terms, plan)
    try {
      const inside = await probe(terms, plan.name)
      const census = await Census.of(engine, plan.name, usualProcesses(settings))
      return new Container(terms, { user, inside, facts, census })
    } catch (error) {
      await engine.call(removeArguments(plan.name), { timeoutMs: 30_000 }).catch(() => {})
      throw error
    }
  }

  /** What `status` says of its confinement. */
  confinement() {
    const { rootless, missing } = this.#facts
    return confinementFacts(this.#terms.settings, this.user, { ...this.inside, rootless, missing })
  }

  /** Asks the engine. */
  async isRunning(): Promise<boolean> {
    // Of a client that cannot be started nothing is known, and nothing more can be done with it.
    const asked = this.#terms.engine.call(runningArguments(this.name)).catch(() => undefined)
    const { code, out = '' } = (await asked) ?? {}
    return code === 0 && out.trim() === 'true'
  }

  /** Removes it with all that runs in it. */
  async remove(): Promise<void> {
    this.ended = true
    const { engine, scope } = this.#terms
    const { code, err } = await engine.call(removeArguments(this.name), { timeoutMs: 30_000 })
    if (code === 0 || saysGone(err)) return
    const words = engine.words(err, scope.root)
    throw engineFailure(reasonOf(words), `the container could not be removed: ${words}`)
  }
}

/** The user of commands, as far as it is known from here. */
export function userOf(
  { user }: DockerSettings,
  { rootless, podman }: Partial<EngineFacts> = {},
): string | undefined {
  if (user === false) return undefined
  if (user !== undefined) return user
  // Root inside is whoever runs the engine, outside.
  if (rootless && !podman) return '0:0'
  const [uid, gid] = [process.getuid?.(), process.getgid?.()]
  return uid === undefined || gid === undefined ? undefined : `${uid}:${gid}`
}

function planOf(
  { engine, settings, brand, scope }: ContainerTerms,
  user: string | undefined,
  { rootless, podman }: EngineFacts,
): ContainerPlan {
  const { prefix, workdir, network, image, extraRunArgs, env } = settings
  const home = env.HOME === undefined ? ['--env', `HOME=${workdir}`] : []
  const sameUser = rootless && podman && settings.user === undefined ? ['--userns', 'keep-id'] : []
  const own = Object.entries(settings.labels)
  const plan: ContainerPlan = {
    name: containerName(brand, prefix, scope),
    root: resolve(scope.root),
    workdir,
    network,
    labels: [...scopeLabels(brand, prefix, scope), ...own],
    user,
    envFile: undefined,
    hardening: [...hardeningArguments(settings), ...home, ...sameUser],
    extra: extraRunArgs,
    image,
  }
  if (engine.foreign) return plan
  const config = JSON.stringify([runArguments(plan), env])
  const hash = createHash('sha256').update(config).digest('hex').slice(0, 32)
  const labels = [...plan.labels]
  labels.push([`${brand}.config`, hash])
  if (settings.orphanSweep) labels.push([`${brand}.owner`, ownerLabel()])
  return { ...plan, labels }
}

/** Takes the container that runs, if it is what would be started; removes any other of its name. */
async function adopt({ engine, brand }: ContainerTerms, plan: ContainerPlan): Promise<boolean> {
  const { code, out } = await engine.call(runningArguments(plan.name))
  const running = code === 0 && out.trim() === 'true'
  if (running && (engine.foreign || (await isAlike(engine, brand, plan)))) return true
  if (code === 0 || engine.foreign) {
    await engine.call(removeArguments(plan.name), { timeoutMs: 30_000 })
  }
  return false
}

/** Whether it was started from the same options, by somebody who may still be there. */
async function isAlike(engine: Engine, brand: string, plan: ContainerPlan): Promise<boolean> {
  const label = (name: string) => `{{index .Config.Labels "${brand}.${name}"}}`
  const format = `${label('config')} ${label('owner')}`
  const { code, out } = await engine.call(['inspect', '-f', format, plan.name])
  const [config, owner = ''] = out.trim().split(' ')
  const wanted = plan.labels.find(([name]) => name === `${brand}.config`)?.[1]
  return code === 0 && config === wanted && !isGone(owner)
}

async function run(terms: ContainerTerms, plan: ContainerPlan, again = true): Promise<void> {
  const { engine, settings, scope } = terms
  const { startTimeoutMs: timeoutMs, env } = settings
  const { code, err } = await withEnvFile(env, (envFile) =>
    engine.call(runArguments({ ...plan, envFile }), { timeoutMs }),
  )
  if (code === 0) return
  // Somebody else started it meanwhile.
  if (again && /already in use/i.test(err)) {
    if (!(await adopt(terms, plan))) await run(terms, plan, false)
    return
  }
  // What could not be started is there all the same.
  await engine.call(removeArguments(plan.name), { timeoutMs: 30_000 }).catch(() => {})
  const words = engine.words(err, scope.root) || `the client ended with exit code ${code}`
  throw engineFailure(code === LATE && !engine.foreign ? 'start_timeout' : reasonOf(words), words)
}

/** Prepares the ground for cases, and tries them one by one. */

import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Runtime, RuntimeProvider, RuntimeScope } from '../../index.js'
import type { ProviderTestOptions } from '../../testing.js'
import { isRecord } from '../codelet/fields'
import { refuse } from '../tool/option-kinds'
import { OPERATIONS } from '../workspace/events'
import type { Case, Ground, Need, Operations, Place } from './case'
import { CASES, caseNames } from './cases'
import { Mismatch, Skip, shown } from './check'
import { type KitSettings, readKitOptions } from './options'

/** What came of one case. */
export type Verdict =
  | { readonly case: string; readonly verdict: 'passed' }
  | { readonly case: string; readonly verdict: 'failed' | 'skipped'; readonly reason: string }

const OPERATION_NAMES: readonly string[] = OPERATIONS
const METHODS: readonly Need[] = ['status', 'stop', 'restart', 'cleanup', 'close', 'setLogger']

/** One provider on trial. */
export class Bench {
  readonly #settings: KitSettings
  readonly #provider: RuntimeProvider
  readonly #alone: boolean
  /** Tells the scopes of this trial from those of any other. */
  readonly #mark = randomBytes(4).toString('hex')
  readonly #root: string
  readonly #secret: { path: string; text: string }
  #ready: Promise<{ shared: Place; local: boolean }> | undefined
  #scopes = 0
  #folders = 0

  /** @throws RunletError `INVALID_ARGUMENT` */
  constructor(subject: RuntimeProvider | Runtime, options: ProviderTestOptions) {
    this.#settings = readKitOptions(options, caseNames())
    const given: unknown = subject
    if (!isRecord(given)) throw refuse('provider', 'a provider or a runtime', given)
    this.#alone = typeof given.get !== 'function'
    if (this.#alone && typeof given.root !== 'string') {
      throw refuse('provider', 'a provider with get, or a runtime with name and root', given)
    }
    const runtime = subject as Runtime
    this.#provider = this.#alone ? { get: () => runtime } : (subject as RuntimeProvider)
    this.#root = join(resolve(this.#settings.root), `kit-${this.#mark}`)
    const path = join(this.#root, 'outside', 'secret.txt')
    this.#secret = { path, text: `secret-${randomBytes(8).toString('hex')}` }
  }

  /** The cases that are tried or left out, in the order of the table. */
  get cases(): readonly Case[] {
    const { only } = this.#settings
    return only === undefined ? CASES : CASES.filter(({ name }) => only.includes(name))
  }

  /** Tries one. Never rejects because of what the provider does. */
  async try(row: Case): Promise<Verdict> {
    const { name } = row
    const left = this.#settings.skip[name]
    if (left !== undefined) return { case: name, verdict: 'skipped', reason: left }
    try {
      await this.#bounded(async () => row.run(await this.#ground(row)))
      return { case: name, verdict: 'passed' }
    } catch (error) {
      if (error instanceof Skip) return { case: name, verdict: 'skipped', reason: error.message }
      const known = error instanceof Mismatch
      const reason = known ? error.message : `an operation failed: ${sayingOf(error)}`
      return { case: name, verdict: 'failed', reason }
    }
  }

  /** Closes the provider and removes what was made. */
  async close(): Promise<void> {
    try {
      if (!this.#alone) await this.#bounded(async () => this.#provider.close?.())
    } finally {
      rmSync(this.#root, { recursive: true, force: true })
    }
  }

  async #bounded<T>(work: () => Promise<T>): Promise<T> {
    const { caseTimeoutMs } = this.#settings
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      const hung = () => reject(new Mismatch(`nothing came of it for ${caseTimeoutMs} ms`))
      timer = setTimeout(hung, caseTimeoutMs)
    })
    try {
      return await Promise.race([work(), late])
    } finally {
      clearTimeout(timer)
    }
  }

  async #ground({ needs }: Case): Promise<Ground> {
    this.#ready ??= this.#prepare()
    const { shared, local } = await this.#ready
    // What a runtime alone cannot have says less than that it is one.
    if (needs.includes('provider')) this.#demand('provider', shared.ops, local)
    for (const need of needs) this.#demand(need, shared.ops, local)
    const folder = `c${++this.#folders}`
    await makeFolder(shared, folder, local)
    const { maxFileBytes, failing, idling, caseTimeoutMs } = this.#settings
    return {
      ...shared,
      folder,
      at: (name) => `${folder}/${name}`,
      provider: this.#provider,
      failing,
      idling,
      maxFileBytes,
      patienceMs: caseTimeoutMs / 2,
      secret: this.#secret,
      fresh: (provider = this.#provider) => this.#place(provider),
      hostPath: (path) => join(shared.scope.root, path),
      link: (target, path) => makeLink(shared, target, path, local),
    }
  }

  #demand(need: Need, ops: Runtime, local: boolean): void {
    const lacks = (what: string) => new Skip(what)
    if (need === 'local') {
      if (!local) throw lacks('the folder of a scope is not a folder of this machine')
    } else if (need === 'links') {
      const possible = local || typeof ops.bash === 'function'
      if (!possible) throw lacks('there is no way to make a link')
    } else if (need === 'provider') {
      if (this.#alone) throw lacks('this is a runtime alone, not a provider')
    } else if (METHODS.includes(need)) {
      const has = typeof Reflect.get(this.#provider, need) === 'function'
      if (!has) throw lacks(`the provider has no ${need}`)
    } else if (OPERATION_NAMES.includes(need)) {
      const has = typeof Reflect.get(ops, need) === 'function'
      if (!has) throw lacks(`the runtime has no ${need}`)
    }
  }

  async #prepare(): Promise<{ shared: Place; local: boolean }> {
    mkdirSync(dirname(this.#secret.path), { recursive: true })
    writeFileSync(this.#secret.path, this.#secret.text)
    const shared = this.#place(this.#provider)
    return { shared, local: await isLocal(shared) }
  }

  #place(provider: RuntimeProvider): Place {
    if (this.#alone && provider === this.#provider) {
      const ops = provider.get({ key: '', path: '', root: '' }) as Operations
      return { ops, scope: { key: 'kit', path: 'kit', root: ops.root } }
    }
    const path = `kit-${this.#mark}/${++this.#scopes}`
    const root = join(this.#root, 'scopes', path)
    const scope: RuntimeScope = { level: 'channel', key: path, path, root }
    return { scope, ops: provider.get(scope) as Operations }
  }
}

function sayingOf(error: unknown): string {
  const message: unknown = Reflect.get(Object(error), 'message')
  return typeof message === 'string' && message !== '' ? message : shown(error)
}

/** Whether what a runtime writes can be seen here. */
async function isLocal({ ops, scope }: Place): Promise<boolean> {
  const name = '.kit-was-here'
  try {
    if (typeof ops.write === 'function') await ops.write({ path: name, content: name })
    else if (typeof ops.bash === 'function') await ops.bash({ command: `printf ${name} > ${name}` })
    else return existsSync(scope.root)
    const path = join(scope.root, name)
    const seen = readFileSync(path, 'utf8') === name
    rmSync(path)
    return seen
  } catch {
    return false
  }
}

async function makeFolder({ ops, scope }: Place, folder: string, local: boolean): Promise<void> {
  if (local) mkdirSync(join(scope.root, folder), { recursive: true })
  else if (typeof ops.bash === 'function') await ops.bash({ command: `mkdir -p ${folder}` })
}

async function makeLink(
  { ops, scope }: Place,
  target: string,
  path: string,
  local: boolean,
): Promise<void> {
  if (local) {
    symlinkSync(target, join(scope.root, path))
    return
  }
  const { code, err } = await ops.bash({ command: `ln -s '${target}' '${path}'` })
  if (code !== 0) throw new Skip(`links cannot be made there: ${shown(err)}`)
}

/** Removes containers that nobody looks after. */

import type { RuntimeLogger } from '../../../index.js'
import { listArguments, removeArguments } from './argv'
import { type Engine, SHORT_MS } from './engine'
import { isGone, ownerLabel } from './owner'

/** A container, as far as its labels tell. */
interface Found {
  readonly name: string
  readonly owner: string
  readonly state: string
}

/** Names for a template of the client, which has no other escape for them. */
function template(brand: string): string {
  return `{{.Name}} {{.State.Status}} {{index .Config.Labels "${brand}.owner"}}`
}

async function find(engine: Engine, brand: string, prefix: string): Promise<Found[]> {
  const labels = [
    [`${brand}.runtime`, 'docker'],
    [`${brand}.prefix`, prefix],
  ] as const
  const names = (await engine.ask(listArguments(labels))).split(/\s+/).filter(Boolean)
  if (names.length === 0) return []
  // One that is gone by now makes the client fail and say the rest all the same.
  const { out } = await engine.call(['inspect', '-f', template(brand), ...names])
  return out.split('\n').flatMap((line) => {
    const [name = '', state = '', owner = ''] = line.trim().split(' ')
    if (name === '') return []
    return [{ name: name.replace(/^\//, ''), state, owner: owner === '<no' ? '' : owner }]
  })
}

/** Removes containers; one that is gone already is no failure. */
async function remove(engine: Engine, names: readonly string[]): Promise<void> {
  if (names.length === 0) return
  await engine.ask(removeArguments(...names), { timeoutMs: SHORT_MS * 6 })
}

/**
 * Removes containers whose process is gone; once for a provider. A failure is only told: it must not
 * keep a container from being started.
 */
export async function sweepOrphans(
  engine: Engine,
  { brand, prefix }: { brand: string; prefix: string },
  logger: RuntimeLogger | undefined,
): Promise<void> {
  try {
    const found = await find(engine, brand, prefix)
    const stopped = ['exited', 'dead']
    const orphans = found.filter(({ owner, state }) => {
      if (owner === '') return false
      // Of another place, such as before a restart of the machine: what is dead serves nobody.
      return isGone(owner) || (stopped.includes(state) && owner !== ownerLabel())
    })
    await remove(
      engine,
      orphans.map(({ name }) => name),
    )
    if (orphans.length > 0) logger?.info('runtime.orphans_removed', { count: orphans.length })
  } catch (error) {
    const reason = Reflect.get(Object(error), 'message')
    logger?.warn('runtime.orphan_sweep_failed', { runtime: 'docker', reason })
  }
}

/** Removes all containers of a prefix but those that another living process looks after. */
export async function cleanContainers(
  engine: Engine,
  { brand, prefix }: { brand: string; prefix: string },
): Promise<void> {
  if (engine.foreign) {
    const labels = [
      [`${brand}.runtime`, 'docker'],
      [`${brand}.prefix`, prefix],
    ] as const
    const names = (await engine.ask(listArguments(labels))).split(/\s+/).filter(Boolean)
    return remove(engine, names)
  }
  const own = ownerLabel()
  const found = await find(engine, brand, prefix)
  const free = found.filter(({ owner }) => owner === '' || owner === own || isGone(owner))
  return remove(
    engine,
    free.map(({ name }) => name),
  )
}

/** Containers as a provider of runtimes: one for each scope. */

import type { DockerRuntimeConfig } from '../../../docker.js'
import type { CompleteRuntimeProvider, RuntimeLogger, RuntimeScope } from '../../../index.js'
import { Folder } from '../core'
import { Spool } from '../spool'
import { warmProvider } from '../warm-provider'
import { Warnings } from '../warnings'
import { Container, userOf } from './container'
import { Engine } from './engine'
import { GuestFiles } from './guest-files'
import { confinementFacts } from './hardening'
import { type DockerSettings, readDockerConfig } from './options'
import { scopeRuntime } from './runtime'
import { cleanContainers, sweepOrphans } from './sweep'

/** What belongs to a scope whether its container runs or not. */
interface Ground {
  readonly folder: Folder
  readonly spool: Spool
}

/** See `docker.d.ts`. */
export function dockerRuntime(config?: DockerRuntimeConfig): CompleteRuntimeProvider {
  return dockerProvider(readDockerConfig(config), 'runlet')
}

/** Makes a provider whose labels and scripts have a name of their own. */
export function dockerProvider(settings: DockerSettings, brand: string): CompleteRuntimeProvider {
  const engine = new Engine(settings)
  const grounds = new Map<string, Ground>()
  let logger: RuntimeLogger | undefined
  let warnings = new Warnings(undefined)
  let swept: Promise<void> | undefined
  const mine = { brand, prefix: settings.prefix }

  const groundOf = (scope: RuntimeScope): Ground => {
    const known = grounds.get(scope.path)
    if (known !== undefined) return known
    const { oversize, limits } = settings
    const folder = new Folder({ root: scope.root, oversize, limits })
    const ground = { folder, spool: new Spool(scope.root, logger) }
    grounds.set(scope.path, ground)
    return ground
  }

  const start = async (scope: RuntimeScope): Promise<Container> => {
    const { folder } = groundOf(scope)
    if (settings.orphanSweep && !engine.foreign) {
      // Says by itself why nobody answers, once for all.
      await engine.facts()
      swept ??= sweepOrphans(engine, mine, logger)
      await swept
    }
    const container = await Container.start({ engine, settings, brand, scope, folder })
    const { unenforced } = container.confinement()
    const root = unenforced.find(({ what }) => what === 'user')
    if (root !== undefined) {
      warnings.warn('security.docker_root', { runtime: 'docker', reason: root.why })
    }
    return container
  }

  const provider = warmProvider<Container>({
    name: 'docker',
    title: 'Docker',
    idleMs: settings.idleMs,
    start,
    stop: (container) => container.remove(),
    id: ({ name }) => name,
    facts: (container) => container?.confinement() ?? confinementFacts(settings, userOf(settings)),
    runtime: (scope, warm) => {
      const ground = groundOf(scope)
      const guestFiles = new GuestFiles({ engine, settings, brand, folder: ground.folder })
      return scopeRuntime({ engine, settings, brand, scope, warm, ...ground, guestFiles })
    },
    cleanup: () => cleanContainers(engine, mine),
  })

  return {
    ...provider,
    setLogger(given) {
      logger = given
      warnings = new Warnings(given)
      provider.setLogger?.(given)
    },
    async close() {
      await provider.close?.()
      for (const { folder, spool } of grounds.values()) {
        folder.close()
        spool.close()
      }
      grounds.clear()
    },
  }
}

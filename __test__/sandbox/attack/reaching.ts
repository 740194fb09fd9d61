/** Targets on the network, and what became of each. */

import type { ToolResolverOptions } from 'runlet'
import {
  confined,
  GRANTED,
  type Identity,
  type Outcomes,
  onGround,
  type RuntimeType,
} from './arena'

export interface Target {
  host: string
  port: number
  path?: string
  /** What it is called among the outcomes; else its host and port. */
  as?: string
}

export interface Reach {
  rules: string[]
  targets: Target[]
  resolver?: ToolResolverOptions
  way?: 'socket' | 'fetch' | 'http'
  identity?: Identity | undefined
}

/** Tries each target from inside the sandbox, with these rules for the network and no others. */
export async function reach(
  runtimeType: RuntimeType,
  { rules, targets, resolver, way = 'socket', identity }: Reach,
): Promise<Outcomes> {
  return onGround(
    'network.mjs',
    async (ground) => {
      const output = await confined(runtimeType, ground, 'reach', {
        input: { targets, way },
        permissions: [...GRANTED, ...rules],
        ...(resolver ? { options: { resolver } } : {}),
        ...(identity ? { identity } : {}),
      })
      return output as Outcomes
    },
    { uid: identity?.uid },
  )
}

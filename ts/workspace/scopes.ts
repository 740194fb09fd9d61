/** Scopes: which folder belongs to which chat. How names become paths is the core's. */

import { resolve } from 'node:path'
import type { RuntimeScopeLevel, ScopedKey, ScopeKeys, ScopeOrigin } from '../../index.js'
import { isRecord } from '../codelet/fields'
import { invalidArgument } from '../errors'
import { refuse } from '../tool/option-kinds'
import { refuseOverlap, scopesOf } from './core'

/** See `index.d.ts`. */
export function resolveScope(origin: ScopeOrigin): ScopeKeys {
  if (!isRecord(origin)) throw refuse('origin', 'an object', origin)
  const { agent, provider, team, channel, actor } = origin
  for (const [field, value] of Object.entries({ agent, provider, channel, actor })) {
    if (typeof value !== 'string') throw refuse(field, 'a string', value)
  }
  if (team !== undefined && team !== null && typeof team !== 'string') {
    throw refuse('team', 'a string', team)
  }
  return scopesOf<ScopeKeys>({
    agent,
    provider,
    ...(typeof team === 'string' && { team }),
    channel,
    actor,
  })
}

/** See `index.d.ts`. */
export function selectScope(keys: ScopeKeys, level: RuntimeScopeLevel = 'channel'): ScopedKey {
  const key = Object.hasOwn(keys, level) ? keys[level] : undefined
  if (key !== undefined) return key
  throw refuse('level', "'channel', 'user', 'adapter' or 'agent'", level)
}

/** See `index.d.ts`. */
export function safeRoot(folders: { root: string; app: string; agent?: string | undefined }): void {
  const { root, app, agent } = folders
  for (const [field, value] of Object.entries({
    root,
    app,
    ...(agent !== undefined && { agent }),
  })) {
    if (typeof value !== 'string' || value === '') throw refuse(field, 'a path', value)
  }
  refuseOverlap({
    root: resolve(root),
    app: resolve(app),
    ...(agent !== undefined && { agent: resolve(agent) }),
  })
}

/** The parts of a scope's path, none of which leads out of the folder of scopes. */
export function checkedScopePath(path: string): string {
  const parts = path.split('/')
  const odd = parts.some((part) => part === '' || part === '.' || part === '..')
  if (!odd && !/[\0\\]/.test(path)) return path
  const accepted = 'the path of a scope, such as that of resolveScope'
  throw invalidArgument('path', `path must be ${accepted}`, { accepted })
}

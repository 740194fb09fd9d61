/** Whether there is an engine of containers here, as far as that is seen without asking it. */

import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { WorkspacePart } from '../../../index.js'
import { onPath } from '../on-path'

const CLIENT = 'docker'
/** Where an engine listens unless somebody says otherwise. */
const SOCKET = '/var/run/docker.sock'

/** The client's path, or why nothing can be started. */
export function engineHere(): Pick<WorkspacePart, 'path' | 'why'> {
  const client = onPath(CLIENT, process.env.PATH ?? '')
  if (client === undefined) return { path: null, why: `there is no ${CLIENT} on PATH` }
  if (isElsewhere() || process.platform === 'win32' || existsSync(SOCKET)) {
    return { path: client, why: null }
  }
  const why = `no engine listens at ${SOCKET}, and neither DOCKER_HOST nor a context names another`
  return { path: client, why }
}

/** Whether the client was told of an engine. */
function isElsewhere(): boolean {
  const { DOCKER_HOST, DOCKER_CONTEXT, DOCKER_CONFIG } = process.env
  if (DOCKER_HOST || DOCKER_CONTEXT) return true
  try {
    const file = join(DOCKER_CONFIG || join(homedir(), '.docker'), 'config.json')
    const { currentContext } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
    return typeof currentContext === 'string' && !['', 'default'].includes(currentContext)
  } catch {
    return false
  }
}

/** What workspaces can use on this machine: shells, and what confines them. */

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { WorkspaceCapabilities, WorkspacePart } from '../../index.js'
import { RunletError } from '../errors'
import { sandboxCapabilities } from '../tool/policy'
import { engineHere } from './docker/here'
import { machinesHere, thisComputer } from './gondolin/package'
import { bashHere, bashMissing } from './host-shell'
import { findPackage } from './just-bash'
import { nativeProgram } from './native/program'

/** See `WorkspaceCapabilities` in `index.d.ts`. */
export function workspaceCapabilities(): WorkspaceCapabilities {
  return {
    virtualShell: { native: nativeShell(), 'just-bash': packageShell() },
    bash: bash(),
    sandbox: sandbox(),
    docker: part(engineHere()),
    gondolin: part(machinesHere(thisComputer)),
  }
}

function part(found: Partial<WorkspacePart>): WorkspacePart {
  const { version = null, path = null, why = null } = found
  return { usable: why === null, version, path, why }
}

function nativeShell(): WorkspacePart {
  const path = nativeProgram()
  return part(path === undefined ? { why: 'the program runlet-bash is not there' } : { path })
}

function packageShell(): WorkspacePart {
  try {
    const entry = findPackage()
    return part(manifestAbove(dirname(entry)) ?? { path: entry })
  } catch (error) {
    if (!(error instanceof RunletError)) throw error
    return part({ why: error.message })
  }
}

/** The package that a file belongs to. */
function manifestAbove(folder: string): { version: string; path: string } | undefined {
  try {
    const text = readFileSync(join(folder, 'package.json'), 'utf8')
    const { name, version } = JSON.parse(text) as { name?: unknown; version?: unknown }
    if (name === 'just-bash' && typeof version === 'string') return { version, path: folder }
  } catch {
    // It is further up.
  }
  const above = dirname(folder)
  return above === folder ? undefined : manifestAbove(above)
}

function bash(): WorkspacePart {
  const path = process.platform === 'linux' ? bashHere() : undefined
  return part(path === undefined ? { why: bashMissing() } : { path })
}

function sandbox(): WorkspacePart {
  const { level, reasons } = sandboxCapabilities()
  if (process.platform === 'linux' && level === 'full') return part({})
  return part({ why: reasons.at(-1) ?? 'the kernel of this machine does not confine commands' })
}

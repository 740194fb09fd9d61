/** What this build can do on this machine, room by room. */

import type { Capabilities } from '../index.js'
import { codeletCapabilities } from './codelets'
import { workspaceCapabilities } from './workspace/engines'

/** See `index.d.ts`. */
export function capabilities(): Capabilities {
  return { ...codeletCapabilities(), workspaces: workspaceCapabilities() }
}

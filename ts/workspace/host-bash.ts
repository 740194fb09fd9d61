/** host-bash: bash with the rights of the host. */

import { homedir } from 'node:os'
import { HostShell, type HostShellOptions } from './host-shell'

/** Opens one. HOME is the user's own. */
export function openHostBash(options: Omit<HostShellOptions, 'home'>): HostShell {
  return new HostShell({ ...options, home: homedir() })
}

/** guarded-bash: bash behind a guard, under the kernel's sandbox. */

import type { GuardOptions } from '../../index.js'
import { RuntimeGuard } from './guard'
import { HostShell, type HostShellOptions } from './host-shell'

/** Opens one. HOME is the workspace: the user's own is none of its business. */
export function openGuardedBash(
  options: Omit<HostShellOptions, 'home'>,
  guard: GuardOptions | undefined,
): { shell: HostShell; guard: RuntimeGuard } {
  return { shell: new HostShell(options), guard: new RuntimeGuard(guard ?? {}, options.root) }
}

/** Makes the runtime of `runlet tool`, and says what to pass where it cannot be made. */

import type { ToolRuntime, ToolRuntimeOptions } from '../../index.js'
import { RunletError } from '../errors'
import { createToolRuntime, defaultConfig, isBunAvailable, isNodeAvailable } from '../tools'
import { toolMessages } from './tool-messages'

/** One thing that cannot be enforced; see src/permission. */
interface Unenforceable {
  /** What was given, or the flag that would say that it may be used. */
  flag: string
  permission: string
}

/** @throws RunletError with a message for whoever typed the command */
export function openRuntime(options: ToolRuntimeOptions): ToolRuntime {
  try {
    return createToolRuntime(options)
  } catch (error) {
    if (!(error instanceof RunletError)) throw error
    const { code, details } = error
    const message = explained(error, options)
    throw message === undefined ? error : new RunletError(code, message, { details })
  }
}

function explained(error: RunletError, options: ToolRuntimeOptions): string | undefined {
  const { unenforceable, runtimeType, field } = error.details ?? {}
  if (error.code === 'POLICY_UNENFORCEABLE' && Array.isArray(unenforceable)) {
    const given = options.permissions ?? defaultConfig().permissions
    return whatToPass(unenforceable as Unenforceable[], given, field)
  }
  if (error.code === 'RUNTIME_NOT_FOUND') {
    const [other, isThere] =
      runtimeType === 'bun'
        ? (['node', isNodeAvailable] as const)
        : (['bun', isBunAvailable] as const)
    return isThere() ? error.message + toolMessages.otherRuntime(other) : undefined
  }
  return undefined
}

/** The whole list: flags stand in place of the default, and do not add to it. */
function whatToPass(
  missing: readonly Unenforceable[],
  given: NonNullable<ToolRuntimeOptions['permissions']>,
  field: unknown,
): string {
  const wanted = missing.map(({ permission }) => `--allow-${permission}`)
  const dropped = missing.map(({ flag }) => flag).filter((flag) => !wanted.includes(flag))
  const isFlags = field === undefined || field === 'permissions'
  const kept =
    isFlags && Array.isArray(given) ? given.filter((flag) => /^--allow-\w+$/.test(flag)) : []
  const inFile = isFlags ? undefined : String(field)
  return toolMessages.unenforceable(
    [...new Set([...kept, ...wanted])],
    [...new Set(dropped)],
    inFile,
  )
}

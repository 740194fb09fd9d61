/** `runlet tool list`: the ids of the tools that there are. */

import type { ToolArguments } from './arguments'
import { printable, printJson } from './terminal'
import { readToolOptions, readVariables } from './tool-options'
import { openRuntime } from './tool-runtime'

/** @returns the exit code of the process @throws UsageError, RunletError */
export async function toolListCommand(given: ToolArguments): Promise<number> {
  const options = await readToolOptions(given)
  const env = { ...options.env, ...readVariables(given.flags) }
  const runtime = openRuntime({ ...options, env })
  try {
    const tools = await runtime.listTools()
    if (given.flags.has('json')) printJson(tools)
    else for (const { id } of tools) process.stdout.write(`${printable(id)}\n`)
    return 0
  } finally {
    await runtime.dispose()
  }
}

/** `runlet tool run`: logs to standard error as they come, the output to standard output. */

import type { ToolResult } from '../../index.js'
import { messages } from '../messages'
import type { ToolRunArguments } from './arguments'
import { exitCodeOf } from './exit'
import { failureLine } from './failure'
import { readJson } from './input'
import { complain, printJson } from './terminal'
import { toolMessages } from './tool-messages'
import { readToolOptions, readVariables } from './tool-options'
import { openRuntime } from './tool-runtime'
import { UsageError } from './usage-error'

/** @returns the exit code of the process @throws UsageError, RunletError */
export async function toolRunCommand(given: ToolRunArguments): Promise<number> {
  const { flags, toolId } = given
  if (flags.text('input') === '@-' && flags.text('config') === '@-') {
    throw new UsageError(messages.cliStdinTwice())
  }
  const isWhole = flags.has('json')
  const options = await readToolOptions(given)
  const env = readVariables(flags)
  const input = await readJson(flags, 'input')
  const config = await readJson(flags, 'config')
  const controller = new AbortController()
  const interrupt = () => controller.abort()
  process.once('SIGINT', interrupt)
  const runtime = openRuntime(options)
  try {
    const result = await runtime.executeTool(toolId, {
      input,
      config,
      env,
      signal: controller.signal,
      onLog: isWhole ? undefined : printLog,
    })
    printResult(result, isWhole)
    return exitCodeOf(result)
  } finally {
    process.removeListener('SIGINT', interrupt)
    await runtime.dispose()
  }
}

/** Each line by itself: only the later lines of one message are indented. */
function printLog({ text }: { text: string }): void {
  for (const line of text.replace(/\n$/, '').split('\n')) complain(line)
}

function printResult(result: ToolResult, isWhole: boolean): void {
  const open = result.enforcement.permissions.filter(({ status }) => status !== 'enforced')
  if (open.length > 0) complain(toolMessages.notEnforced(open.map(({ permission }) => permission)))
  if (!result.ok) complain(failureLine(result.error))
  printJson(isWhole ? result : result.output)
}

/** `runlet run`: one codelet, logs to standard error as they come, the value to standard output. */

import type { CodeletResult, ConsoleLog } from '../../index.js'
import { runCodelet } from '../codelets'
import { messages } from '../messages'
import type { RunArguments } from './arguments'
import { exitCodeOf } from './exit'
import { readRun } from './run-arguments'
import { complain, printJson } from './terminal'

/** @returns the exit code of the process @throws UsageError, RunletError */
export async function runCommand(given: RunArguments): Promise<number> {
  const { source, options } = await readRun(given)
  const controller = new AbortController()
  const interrupt = () => controller.abort()
  process.once('SIGINT', interrupt)
  try {
    const { signal } = controller
    const result = await runCodelet(source, { ...options, signal, on_log: printLog })
    printResult(result, given.flags.has('json'))
    return exitCodeOf(result)
  } finally {
    process.removeListener('SIGINT', interrupt)
  }
}

function printLog({ level, message }: ConsoleLog): void {
  complain(`[${level}] ${message}`)
}

function printResult(result: CodeletResult, isWhole: boolean): void {
  const { logsDropped } = result.usage
  if (logsDropped > 0) complain(messages.cliLogsDropped(logsDropped))
  if (!result.ok) complain(failureLine(result.error))
  printJson(isWhole ? result : result.value)
}

function failureLine({ code, message, line, column }: NonNullable<CodeletResult['error']>): string {
  const where = line === undefined ? '' : ` (${line}:${column ?? 1})`
  return `${code} ${message}${where}`
}

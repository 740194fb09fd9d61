/** `runlet run`: one codelet, logs to standard error as they come, the value to standard output. */

import type { CodeletResult, ConsoleLog } from '../../index.js'
import { runCodelet } from '../codelets'
import { RunletError } from '../errors'
import { messages } from '../messages'
import type { RunArguments } from './arguments'
import { exitCode, exitCodeOf } from './exit'
import { readRun } from './run-arguments'
import { printable, printableJson } from './terminal'

/** @returns the exit code of the process @throws UsageError */
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
  } catch (error) {
    if (!(error instanceof RunletError)) throw error
    complain(`${error.code} ${error.message}`)
    return exitCode(error.code)
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
  const shown: unknown = isWhole ? result : result.value
  const text: string | undefined = JSON.stringify(shown)
  if (text !== undefined) process.stdout.write(`${printableJson(text)}\n`)
}

function failureLine({ code, message, line, column }: NonNullable<CodeletResult['error']>): string {
  const where = line === undefined ? '' : ` (${line}:${column ?? 1})`
  return `${code} ${message}${where}`
}

function complain(text: string): void {
  process.stderr.write(`${printable(text)}\n`)
}

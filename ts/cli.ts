#!/usr/bin/env node
/** The command `runlet`: reads its arguments, does one thing, and ends with a telling exit code. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readCommand } from './cli/arguments'
import { bashCommand } from './cli/bash'
import { doctorCommand } from './cli/doctor'
import { EXIT_FAILURE, EXIT_USAGE, exitCode } from './cli/exit'
import { failureLine } from './cli/failure'
import { generalHelp, helpOn } from './cli/help'
import { runCommand } from './cli/run'
import { complain } from './cli/terminal'
import { toolListCommand } from './cli/tool-list'
import { toolRunCommand } from './cli/tool-run'
import { isUsageError } from './cli/usage-error'
import { RunletError } from './errors'
import { messages } from './messages'

function version(): string {
  const text = readFileSync(join(__dirname, '..', 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

async function main(args: readonly string[]): Promise<number> {
  const command = readCommand(args)
  switch (command.name) {
    case 'help':
      process.stdout.write(command.topic === undefined ? generalHelp() : helpOn(command.topic))
      return 0
    case 'version':
      process.stdout.write(`runlet ${version()}\n`)
      return 0
    case 'run':
      return runCommand(command.options)
    case 'tool list':
      return toolListCommand(command.options)
    case 'tool run':
      return toolRunCommand(command.options)
    case 'bash':
      return bashCommand(command.options)
    case 'doctor':
      return doctorCommand(command.flags, version())
  }
}

// A reader that has seen enough, such as `head`, closes the pipe: that is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

const TOPICS_OF_HELP: readonly string[] = ['tool', 'bash', 'doctor']

/** Says what went wrong, and gives the exit code for it. */
function explain(error: unknown, [command = 'run']: readonly string[]): number {
  if (isUsageError(error)) {
    complain(`runlet: ${error.message}`)
    complain(messages.cliSeeHelp(TOPICS_OF_HELP.includes(command) ? command : 'run'))
    return EXIT_USAGE
  }
  if (error instanceof RunletError) {
    complain(failureLine(error))
    return exitCode(error.code)
  }
  // Only the text: a stack would show where the package is installed.
  complain(`runlet: ${String(Reflect.get(Object(error), 'message'))}`)
  return EXIT_FAILURE
}

const args = process.argv.slice(2)
main(args)
  .catch((error: unknown) => explain(error, args))
  .then((code) => {
    process.exitCode = code
  })

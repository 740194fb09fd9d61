#!/usr/bin/env node
/** The command `runlet`: reads its arguments, runs one codelet, and ends with a telling exit code. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readCommand } from './cli/arguments'
import { EXIT_FAILURE, EXIT_USAGE } from './cli/exit'
import { generalHelp, runHelp } from './cli/help'
import { runCommand } from './cli/run'
import { printable } from './cli/terminal'
import { isUsageError } from './cli/usage-error'
import { messages } from './messages'

function version(): string {
  const text = readFileSync(join(__dirname, '..', 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

async function main(args: readonly string[]): Promise<number> {
  const command = readCommand(args)
  switch (command.name) {
    case 'help':
      process.stdout.write(command.topic === 'run' ? runHelp() : generalHelp())
      return 0
    case 'version':
      process.stdout.write(`runlet ${version()}\n`)
      return 0
    case 'run':
      return runCommand(command.options)
  }
}

// A reader that has seen enough, such as `head`, closes the pipe: that is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    if (isUsageError(error)) {
      process.stderr.write(`runlet: ${printable(error.message)}\n${messages.cliSeeHelp()}\n`)
      process.exitCode = EXIT_USAGE
      return
    }
    // Only the text: a stack would show where the package is installed.
    process.stderr.write(`runlet: ${printable(String(Reflect.get(Object(error), 'message')))}\n`)
    process.exitCode = EXIT_FAILURE
  },
)

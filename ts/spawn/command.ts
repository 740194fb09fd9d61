/** Finds the program that a command means, as its process would. */

import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join, resolve } from 'node:path'
import { invalidArgument, type RunletError } from '../errors'
import { shown } from '../messages'
import { refuse } from '../tool/option-kinds'

/**
 * The file of a command: a path, absolute or relative to `cwd`, or a name to be looked up.
 *
 * @param searchPath absolute folders, as in `PATH`; others are passed over
 * @throws RunletError `INVALID_ARGUMENT` naming the command, and no path but the caller's
 */
export function findProgram(command: unknown, cwd: string, searchPath: string): string {
  if (typeof command !== 'string' || command === '' || /[\0\r\n]|\p{Surrogate}/u.test(command)) {
    throw refuse('command', 'the name of a program or a path', command)
  }
  if (command.includes('/')) {
    const path = resolve(cwd, command)
    const problem = problemOf(path)
    if (problem === undefined) return path
    throw notFound(command, problem)
  }
  for (const folder of searchPath.split(delimiter).filter((part) => isAbsolute(part))) {
    const path = join(folder, command)
    if (problemOf(path) === undefined) return path
  }
  throw notFound(command, 'there is no such program in the PATH that it would get')
}

function problemOf(path: string): string | undefined {
  try {
    if (!statSync(path).isFile()) return 'it is no file'
  } catch {
    return 'there is no such file'
  }
  try {
    accessSync(path, constants.X_OK)
  } catch {
    return 'it is not executable'
  }
  return undefined
}

function notFound(command: string, problem: string): RunletError {
  return invalidArgument('command', `command ${shown(command)}: ${problem}`, {
    accepted: 'a program that is there',
  })
}

/** The error for a script whose interpreter may not be run. */
export function scriptRefused(command: string, interpreters: readonly string[]): RunletError {
  const message =
    `command ${shown(command)} is a script: permissions must also name what runs it, ` +
    `--allow-run=${interpreters.join(',')}`
  return invalidArgument('permissions', message, { accepted: `--allow-run=${interpreters[0]}` })
}

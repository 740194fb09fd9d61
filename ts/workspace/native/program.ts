/** Where the program `runlet-bash` is. */

import { accessSync, constants } from 'node:fs'
import { dirname, join } from 'node:path'
import { currentPlatform } from '../../platform'

const NAME = 'runlet-bash'

/** Its path, or nothing where it was neither built nor installed. */
export function nativeProgram(): string | undefined {
  return [builtHere, installed].map((find) => find()).find((path) => path && isProgram(path))
}

function builtHere(): string {
  return join(__dirname, '..', '..', NAME)
}

function installed(): string | undefined {
  try {
    return join(dirname(require.resolve(`${currentPlatform().package}/package.json`)), NAME)
  } catch {
    return undefined
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

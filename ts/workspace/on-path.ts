/** Where a program is that PATH knows. */

import { delimiter, join } from 'node:path'
import { isExecutable } from '../tool/binary'

/**
 * Its path, or undefined where it is not, or is no program.
 *
 * @param program a name, or a path, which is looked at as it is
 * @param path folders, as PATH has them
 */
export function onPath(program: string, path: string): string | undefined {
  const folders = path.split(delimiter).filter((folder) => folder !== '')
  const places = /[\\/]/.test(program) ? [program] : folders.map((folder) => join(folder, program))
  const endings = process.platform === 'win32' ? ['', '.exe'] : ['']
  return places.flatMap((place) => endings.map((ending) => `${place}${ending}`)).find(isExecutable)
}

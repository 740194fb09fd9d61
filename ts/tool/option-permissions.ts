/** The form of permissions. What the flags mean, and whether they parse, is asked of the core. */

import { isRecord } from '../codelet/fields'
import { type Kind, refuse, textList, unknownName } from './option-kinds'

const LISTS = ['read', 'write', 'net', 'env', 'run']

/** Members of a PermissionSet. */
const NAMES: readonly string[] = [
  ...LISTS,
  ...LISTS.map((name) => `deny${name[0]?.toUpperCase()}${name.slice(1)}`),
  'privateHosts',
]

const flags = textList()

/** Flags such as `--allow-read=./data`, or a PermissionSet. An empty list stays empty. */
export const permissions: Kind = {
  accepts: 'an array of flags such as "--allow-read=./data", or a PermissionSet',
  read(value, field, reading) {
    if (Array.isArray(value)) return flags.read(value, field, reading)
    if (!isRecord(value)) throw refuse(field, this.accepts, value)
    const set: Record<string, unknown> = {}
    for (const name of Object.keys(value)) {
      const path = `${field}.${name}`
      if (!NAMES.includes(name)) throw unknownName('permission', path, name, NAMES)
      const granted = value[name]
      if (granted === undefined) continue
      const everything = granted === true && name !== 'privateHosts'
      if (!everything && !Array.isArray(granted)) {
        throw refuse(path, name === 'privateHosts' ? 'an array' : 'true or an array', granted)
      }
      set[name] = everything ? true : flags.read(granted, path, reading)
    }
    return set
  },
}

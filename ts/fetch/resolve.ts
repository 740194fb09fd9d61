/** Names to addresses, by the system. */
import { lookup } from 'node:dns'

/** All addresses of a name, in the order the system prefers them. */
export function resolveAll(name: string): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    lookup(name, { all: true }, (error, addresses) => {
      if (error === null) resolve(addresses.map(({ address }) => address))
      else reject(error)
    })
  })
}

/**
 * What the package remembers of folders. It hands a guest the same list of a folder for five seconds, and
 * longer while somebody goes on asking, whatever happens to the folder outside. So the lists that it was
 * given are made true before each command.
 */

/** Gives the list that is kept; whoever changes it changes what a guest sees. */
type Read = (path: string, options?: object) => Promise<unknown[]>

/** More than the package keeps. */
const MOST = 256

/** Lists of all folders of one machine. */
export class Listings {
  readonly #given = new Map<unknown[], () => Promise<unknown[]>>()

  /** Remembers what a provider of files lists from now on. */
  follow(provider: object): void {
    const own: unknown = Reflect.get(provider, 'readdir')
    if (typeof own !== 'function') return
    const read: Read = own.bind(provider)
    const readdir: Read = async (path, options) => {
      const entries = await read(path, options)
      this.#given.set(entries, () => read(path, options))
      const [oldest] = this.#given.keys()
      if (this.#given.size > MOST && oldest !== undefined) this.#given.delete(oldest)
      return entries
    }
    Object.defineProperty(provider, 'readdir', { value: readdir })
  }

  /** Makes all of them true. */
  async refresh(): Promise<void> {
    const all = [...this.#given].map(async ([entries, read]) => {
      // A folder that is gone, or may not be read any more, has nothing in it.
      const fresh = await read().catch(() => [])
      entries.length = 0
      for (const entry of fresh) entries.push(entry)
    })
    await Promise.all(all)
  }
}

/**
 * Who is at work in a container: commands and scripts of ours, and whoever ends all else that runs there.
 * The one who ends has to be alone, and stays so: what began meanwhile would be ended, too.
 */
export class Occupancy {
  #count = 0
  #ending: Promise<void> | undefined

  /** How many are at work. */
  get count(): number {
    return this.#count
  }

  /** Works inside, once nobody ends what runs there. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    while (this.#ending !== undefined) await this.#ending
    this.#count++
    try {
      return await work()
    } finally {
      this.#count--
    }
  }

  /**
   * Ends what runs inside, for one who is at work there alone; who comes meanwhile waits. Calls nothing
   * and gives nothing where others are at work, too.
   */
  alone<T>(end: () => Promise<T>): Promise<T> | undefined {
    if (this.#count !== 1) return undefined
    const ending = end()
    const over = () => {
      this.#ending = undefined
    }
    this.#ending = ending.then(over, over)
    return ending
  }
}

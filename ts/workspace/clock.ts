/** One timer, as a promise that may be left behind. */
export class Clock {
  #timer: NodeJS.Timeout | undefined

  rings<const T>(ms: number, as: T): Promise<T> {
    return new Promise((resolve) => {
      this.#timer = setTimeout(() => resolve(as), ms)
    })
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}

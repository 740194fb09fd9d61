/** A line in which the least comes first, whatever the order of arrival. */

/** A binary heap. */
export class Heap<Item> {
  #items: Item[] = []
  readonly #compare: (a: Item, b: Item) => number

  constructor(compare: (a: Item, b: Item) => number) {
    this.#compare = compare
  }

  get size(): number {
    return this.#items.length
  }

  /** Drops all that does not fit. */
  keep(fits: (item: Item) => boolean): void {
    // What is sorted is a heap.
    this.#items = this.#items.filter(fits).sort(this.#compare)
  }

  push(item: Item): void {
    const items = this.#items
    let at = items.length
    items.push(item)
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = items[above] as Item
      if (this.#compare(parent, item) <= 0) break
      items[at] = parent
      at = above
    }
    items[at] = item
  }

  /** Takes the least out. */
  pop(): Item | undefined {
    const items = this.#items
    const least = items[0]
    const last = items.pop()
    if (last === undefined || items.length === 0) return least
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= items.length) break
      const right = below + 1
      if (right < items.length && this.#compare(items[right] as Item, items[below] as Item) < 0) {
        below = right
      }
      const child = items[below] as Item
      if (this.#compare(last, child) <= 0) break
      items[at] = child
      at = below
    }
    items[at] = last
    return least
  }
}

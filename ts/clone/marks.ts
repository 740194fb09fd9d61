/** From a copied value to the marks of its text. */

/** An array or an object of the copy. */
export type Container = Record<PropertyKey, unknown>

/** What JSON cannot say: the items of its mark, of which some may be parts of the copy. */
export class Special {
  items: unknown[]

  constructor(items: unknown[]) {
    this.items = items
  }
}

/** Makes marks of a copy, in place. Only containers around a special are marked. */
export class MarkWriter {
  readonly #shared: ReadonlySet<object>
  readonly #numbers = new Map<object, number>()
  /** Whether JSON says all about a container; in one that is asked about again, a cycle, it does not. */
  readonly #plain = new Map<object, boolean>()

  /** @param shared parts of the copy that are met more than once */
  constructor(shared: ReadonlySet<object>) {
    this.#shared = shared
  }

  /** The mark of an object; a primitive as it is. */
  member(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value
    const number = this.#numbers.get(value)
    if (number !== undefined) return ['r', number]
    // A view's buffer is made before the view, everything else before its members.
    if (value instanceof Special && value.items[0] === 'v') this.#replace(value.items, 2)
    if (!this.#shared.has(value)) return this.#mark(value)
    const next = this.#numbers.size
    this.#numbers.set(value, next)
    return ['&', next, this.#mark(value)]
  }

  #mark(value: object): unknown[] {
    if (value instanceof Special) return this.#fill(value.items)
    if (this.#isPlain(value)) return [0, value]
    return Array.isArray(value) ? ['a', this.#members(value)] : ['o', this.#members(value)]
  }

  #fill(items: unknown[]): unknown[] {
    switch (items[0]) {
      case 'm':
      case 't':
        this.#members(items[1] as object)
        break
      case 's':
      case 'e':
        this.#members(items[2] as object)
        break
      case 'w':
        this.#replace(items, 1)
    }
    return items
  }

  #members(container: object): object {
    if (Array.isArray(container)) {
      for (let index = 0; index < container.length; index++) this.#replace(container, index)
    } else {
      for (const key of Object.keys(container)) this.#replace(container, key)
    }
    return container
  }

  #replace(container: object, key: PropertyKey): void {
    const value = (container as Container)[key]
    if (typeof value === 'object' && value !== null) {
      put(container as Container, key, this.member(value))
    }
  }

  #isPlain(container: object): boolean {
    const known = this.#plain.get(container)
    if (known !== undefined) return known
    this.#plain.set(container, false)
    const isPlain = Object.values(container).every(
      (member: unknown) =>
        typeof member !== 'object' ||
        member === null ||
        (!(member instanceof Special || this.#shared.has(member)) && this.#isPlain(member)),
    )
    this.#plain.set(container, isPlain)
    return isPlain
  }
}

/** An own property, also for the one key that assignment treats differently. */
export function put(container: Container, key: PropertyKey, value: unknown): void {
  if (key !== '__proto__') container[key] = value
  else {
    const own = { value, writable: true, enumerable: true, configurable: true }
    Object.defineProperty(container, key, own)
  }
}

/**
 * From a value of the host to text with marks and buffers.
 *
 * One walk copies the value, running every getter once. A value that JSON says all about, by far the
 * most common, is done then. Otherwise a second walk, over the copy, makes marks of what JSON cannot
 * say and of the containers around it.
 */

import { types } from 'node:util'
import { isPlainText, JSON_TEXT, type Payload, PLAIN_TEXT, TAGGED_TEXT } from '../payload'
import { BufferTable } from './buffers'
import { CloneFault, errorConstructors, type Kind, kindOf, viewConstructors } from './kinds'
import { type Container, MarkWriter, put, Special } from './marks'
import { dataOf, domMessage, isDetached, readOr, readView, segment, unboxed } from './read'

/** One digit of sixteen more may not fit the codelet's engine. */
const BIGINT_DIGITS = 262_143

/** Longer paths are cut in messages. */
const LONGEST_PATH = 200

/**
 * The value as it crosses; `undefined` stays `undefined`.
 *
 * @param root how the caller knows the value, the start of the path in messages
 * @throws CloneFault for what the structured clone algorithm refuses, and for a getter that threw
 */
export function encodeClone(value: unknown, root: string): Payload | undefined {
  if (value === undefined) return undefined
  if (isPlainText(value)) return { text: value, form: PLAIN_TEXT }
  const walk = new Walk(root)
  try {
    const copy = walk.write(value)
    if (walk.isJson) return { text: JSON.stringify(copy), form: JSON_TEXT }
    const mark = new MarkWriter(walk.shared).member(copy)
    const buffers = walk.buffers.contents()
    return { text: JSON.stringify(mark), form: TAGGED_TEXT, buffers }
  } catch (cause) {
    if (cause instanceof CloneFault) throw cause
    // The walks and JSON.stringify recurse; a proxy among the prototypes throws what it likes.
    const what =
      cause instanceof RangeError ? 'is nested too deeply to be cloned' : 'cannot be read'
    throw new CloneFault(root, what, { cause })
  }
}

/** A container under way, for paths. */
interface Level {
  tag: string
  key: PropertyKey
}

class Walk {
  /** Nothing was met that JSON cannot say. */
  isJson = true
  /** Copies of objects that were met more than once. */
  readonly shared = new Set<object>()
  readonly buffers = new BufferTable()
  readonly #root: string
  readonly #copies = new Map<object, object>()
  /** From the root to the container under way; each with the key of the member under way. */
  readonly #levels: Level[] = []

  constructor(root: string) {
    this.#root = root
  }

  /** A copy of the value: primitives, fresh arrays and objects, and specials. */
  write(value: unknown): unknown {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value
      case 'number':
        if (Number.isFinite(value) && !Object.is(value, -0)) return value
        return this.#special('n', Object.is(value, -0) ? '-0' : String(value))
      case 'object':
        return value === null ? null : this.#writeObject(value)
      case 'undefined':
        return this.#special('u', 0)
      case 'bigint': {
        const digits = value.toString(16)
        if (digits.length > BIGINT_DIGITS)
          throw this.#refused('a BigInt of more than a million bits')
        return this.#special('i', digits)
      }
      default:
        throw this.#refused(`a ${typeof value}`)
    }
  }

  #special(tag: string, ...rest: unknown[]): Special {
    this.isJson = false
    return new Special([tag, ...rest])
  }

  #writeObject(value: object): object {
    const known = this.#copies.get(value)
    if (known !== undefined) {
      this.isJson = false
      this.shared.add(known)
      if (types.isArrayBuffer(value)) this.buffers.showWhole(value)
      return known
    }
    if (types.isProxy(value)) throw this.#refused('a Proxy')
    if (Array.isArray(value)) return this.#writeArray(value)
    const kind = kindOf(value)
    if (kind === undefined) return this.#writeProperties(value)
    if (typeof kind === 'object') throw this.#refused(kind.refused)
    return this.#writeSpecial(kind, value)
  }

  /** The copy runs every getter, in order, and has data only: it is what the walk goes on with. */
  #writeProperties(value: object): object {
    const copy = this.#read(value)
    this.#copies.set(value, copy)
    this.#writeMembers(copy, Object.keys(copy), 'o')
    return copy
  }

  #read(value: object): Container {
    try {
      return { ...value } as Container
    } catch (cause) {
      throw this.#getterThrew(value, cause)
    }
  }

  #writeMembers(copy: Container, keys: readonly string[], tag: string): void {
    const level: Level = { tag, key: '' }
    this.#levels.push(level)
    for (const key of keys) {
      const member = copy[key]
      if (typeof member === 'string') continue
      level.key = key
      const written = this.write(member)
      if (written !== member) put(copy, key, written)
    }
    this.#levels.pop()
  }

  #writeArray(value: unknown[]): object {
    const keys = Object.keys(value)
    const { length } = value
    // Index keys come first and in order, so the last of `length` keys tells whether all are there.
    if (keys.length === length && (length === 0 || keys[length - 1] === String(length - 1))) {
      const copy: unknown[] = []
      this.#copies.set(value, copy)
      return this.#writeItems(copy, value, 'a')
    }
    const special = this.#special('s', length, undefined)
    this.#copies.set(value, special)
    const copy = this.#read(value)
    special.items[2] = copy
    this.#writeMembers(copy, Object.keys(copy), 's')
    return special
  }

  #writeItems(copy: unknown[], items: readonly unknown[], tag: string): unknown[] {
    const level: Level = { tag, key: 0 }
    this.#levels.push(level)
    for (let index = 0; index < items.length; index++) {
      level.key = index
      let item: unknown
      try {
        item = items[index]
      } catch (cause) {
        throw new CloneFault(this.#path(), 'has a getter that threw', { cause })
      }
      copy[index] = typeof item === 'string' ? item : this.write(item)
    }
    this.#levels.pop()
    return copy
  }

  #writeSpecial(kind: Exclude<Kind, object>, value: object): Special {
    const special = this.#special('')
    this.#copies.set(value, special)
    special.items = this.#itemsOf(kind, value)
    return special
  }

  #itemsOf(kind: Exclude<Kind, object>, value: object): unknown[] {
    switch (kind) {
      case 'date': {
        const time = Date.prototype.getTime.call(value)
        return ['d', Number.isFinite(time) ? time : null]
      }
      case 'regexp': {
        const { source, flags } = value as RegExp
        return ['x', source, flags]
      }
      case 'map': {
        const items: unknown[] = []
        Map.prototype.forEach.call(value, (member, key) => items.push(key, member))
        return ['m', this.#writeItems([], items, 'm')]
      }
      case 'set': {
        const items: unknown[] = []
        Set.prototype.forEach.call(value, (member) => items.push(member))
        return ['t', this.#writeItems([], items, 't')]
      }
      case 'boxed':
        return ['w', this.write(unboxed(value))]
      case 'error':
        return this.#errorItems(value)
      case 'buffer':
        return this.#bufferItems(value as ArrayBuffer)
      case 'view':
        return this.#viewItems(value as ArrayBufferView)
    }
  }

  #bufferItems(buffer: ArrayBuffer): unknown[] {
    this.buffers.showWhole(buffer)
    return this.#storedItems(buffer)
  }

  #storedItems(buffer: ArrayBufferLike): unknown[] {
    if (!types.isArrayBuffer(buffer)) throw this.#refused('a view of a SharedArrayBuffer')
    if (isDetached(buffer)) throw this.#refused('a detached ArrayBuffer')
    return ['b', this.buffers.index(buffer)]
  }

  #viewItems(view: ArrayBufferView): unknown[] {
    const place = readView(view)
    if (place === undefined) throw this.#refused('a view of a detached or shrunk ArrayBuffer')
    const { kind, offset, length } = place
    if (!viewConstructors.has(kind)) throw this.#refused(`a ${kind}`)
    const items = ['v', kind, this.#viewedBuffer(view.buffer), offset, length]
    this.buffers.show(view, items)
    return items
  }

  /** A buffer that the value itself may not hold. */
  #viewedBuffer(buffer: ArrayBufferLike): object {
    const known = this.#copies.get(buffer)
    if (known !== undefined) {
      this.shared.add(known)
      return known
    }
    const special = this.#special('')
    this.#copies.set(buffer, special)
    special.items = this.#storedItems(buffer)
    return special
  }

  /** No stack: it would tell the codelet places of the host. */
  #errorItems(error: object): unknown[] {
    const copy: Container = {}
    const name: unknown = readOr(() => Reflect.get(error, 'name'), 'Error')
    const kind = errorConstructors.has(name) ? name : 'Error'
    const message = dataOf(error, 'message') ?? domMessage(error)
    if (message !== undefined) copy.message = readOr(() => String(message.value), '')
    const cause = dataOf(error, 'cause')
    if (cause !== undefined) copy.cause = cause.value
    const errors = kind === 'AggregateError' ? dataOf(error, 'errors')?.value : undefined
    if (Array.isArray(errors)) copy.errors = errors
    this.#writeMembers(copy, Object.keys(copy), 'o')
    return ['e', kind, copy]
  }

  #refused(what: string): CloneFault {
    return new CloneFault(this.#path(), `is ${what}, which cannot be cloned`)
  }

  /** Which one is found by asking again: this run fails anyway. */
  #getterThrew(value: object, cause: unknown): CloneFault {
    const key = Object.keys(value).find((name) => {
      try {
        Reflect.get(value, name)
        return false
      } catch {
        return true
      }
    })
    const path = this.#path() + (key === undefined ? '' : segment('o', key))
    return new CloneFault(path, 'has a getter that threw', { cause })
  }

  #path(): string {
    const path = this.#levels.map(({ tag, key }) => segment(tag, key)).join('')
    if (path.length <= LONGEST_PATH) return this.#root + path
    return `${this.#root}...${path.slice(-LONGEST_PATH)}`
  }
}

// What the rest of the prelude stands on: the realm's own functions, taken while it is pristine.
// Guest code may later replace any property of any intrinsic; nothing below looks one up again.
// So: no method calls on values, no for-of, no spread of arrays, no plain property writes on
// objects that inherit. Lists are null-prototype objects or arrays written by `append`.

const globalObject = globalThis
const { apply, construct, defineProperty, getOwnPropertyDescriptor, ownKeys, preventExtensions, setPrototypeOf } = Reflect
const { freeze, keys: objectKeys, getPrototypeOf } = Object
const { parse: jsonParse, stringify: jsonStringify } = JSON
const { isArray } = Array
const ErrorCtor = Error
const TypeErrorCtor = TypeError
const RangeErrorCtor = RangeError
const PromiseCtor = Promise
const ProxyCtor = Proxy
const DateCtor = Date
const MapCtor = Map
const SetCtor = Set
const WeakMapCtor = WeakMap
const Uint8ArrayCtor = Uint8Array

const uncurry = (method) => (self, ...args) => apply(method, self, args)
const stringSlice = uncurry(String.prototype.slice)
const symbolToString = uncurry(Symbol.prototype.toString)
const errorStack = uncurry(getOwnPropertyDescriptor(ErrorCtor.prototype, 'stack').get)
const dateToISOString = uncurry(DateCtor.prototype.toISOString)
const dateToString = uncurry(DateCtor.prototype.toString)
const dateGetTime = uncurry(DateCtor.prototype.getTime)
const regExpSource = uncurry(getOwnPropertyDescriptor(RegExp.prototype, 'source').get)
/** Letter and getter of each flag; `RegExp.prototype.flags` itself would ask the guest's getters. */
const regExpFlagGetters = [
  ['d', 'hasIndices'], ['g', 'global'], ['i', 'ignoreCase'], ['m', 'multiline'],
  ['s', 'dotAll'], ['u', 'unicode'], ['v', 'unicodeSets'], ['y', 'sticky'],
].map(([letter, name]) => ({ __proto__: null, letter, get: uncurry(getOwnPropertyDescriptor(RegExp.prototype, name).get) }))
const mapForEach = uncurry(MapCtor.prototype.forEach)
const setForEach = uncurry(SetCtor.prototype.forEach)
const mapSize = uncurry(getOwnPropertyDescriptor(MapCtor.prototype, 'size').get)
const setSize = uncurry(getOwnPropertyDescriptor(SetCtor.prototype, 'size').get)
const weakMapGet = uncurry(WeakMapCtor.prototype.get)
const weakMapSet = uncurry(WeakMapCtor.prototype.set)
const typedArrayPrototype = getPrototypeOf(Uint8ArrayCtor.prototype)
const typedArrayName = uncurry(getOwnPropertyDescriptor(typedArrayPrototype, Symbol.toStringTag).get)
const typedArrayLength = uncurry(getOwnPropertyDescriptor(typedArrayPrototype, 'length').get)
const arrayBufferByteLength = uncurry(getOwnPropertyDescriptor(ArrayBuffer.prototype, 'byteLength').get)
const numberIsFinite = Number.isFinite
const objectEntries = Object.entries
const microtask = queueMicrotask

/** A property that cannot be changed. The descriptor has no prototype to inherit from. */
const pin = (object, key, value, enumerable = true) =>
  defineProperty(object, key, { __proto__: null, value, enumerable, writable: false, configurable: false })

/** Appends without looking at `Array.prototype`. */
const append = (list, value) =>
  defineProperty(list, list.length, { __proto__: null, value, enumerable: true, writable: true, configurable: true })

/** A descriptor that inherits nothing: a `get` put on `Object.prototype` must not look like its own. */
const descriptorOf = (object, key) => {
  const descriptor = getOwnPropertyDescriptor(object, key)
  if (descriptor !== undefined) setPrototypeOf(descriptor, null)
  return descriptor
}

/** An own property's value, or undefined; never runs a getter and never throws. */
const ownValue = (object, key) => {
  try {
    const descriptor = descriptorOf(object, key)
    return descriptor === undefined ? undefined : descriptor.value
  } catch {
    return undefined
  }
}

/** What this run was granted; written once by `begin`. */
const grants = { __proto__: null, clone: false, timers: false, fetch: false, random: false, now: false, env: undefined, fetchIndex: 0 }

// Values beyond JSON, for runs with `values: 'clone'`: what both directions share.
//
// A tagged text is the JSON of one mark. A mark is an array whose first item is its tag:
//
//   [0, json]                  an object or array that JSON says all about
//   ['o', {…}] ['a', […]]      an object, a dense array
//   ['s', length, {…}]         an array with holes or with properties besides its items
//   ['m', [k, v, …]] ['t', […]]  a Map, a Set
//   ['u', 0] ['n', name] ['i', hex]  undefined; NaN, Infinity, -Infinity, -0; a BigInt
//   ['d', ms or null]          a Date
//   ['x', source, flags]       a RegExp
//   ['w', member]              a boxed primitive
//   ['b', index]               an ArrayBuffer: buffer `index` of the payload
//   ['v', kind, buffer mark, offset, length]  a view of a buffer
//   ['e', name, {…}]           an Error, with those of message, stack, cause and errors it has
//   ['&', n, mark]             the mark's object, which is referred to again: number n, counted from 0
//   ['r', n]                   object number n
//
// No item is ever missing: reading one that is would ask `Array.prototype`, which may be bent.
// Members of marked objects are marks or plain primitives, so what looks like a mark inside a
// string, a key or a `[0, …]` is just data. `ts/clone` is the host's half of this.

/** Class number -> how it is written. Whatever is not here cannot be cloned. */
const cloneKinds = { __proto__: null }

/** Name -> constructor of what is a view of a buffer. */
const viewConstructors = { __proto__: null, DataView }

const learnKind = (sample, kind) => {
  cloneKinds[native.classOf(sample)] = kind
}
learnKind({}, 'object')
learnKind([], 'array')
const argumentsSample = (function () {
  return arguments
})()
learnKind(argumentsSample, 'arguments')
// Those of sloppy functions are of the class after it; the prelude is strict throughout.
cloneKinds[native.classOf(argumentsSample) + 1] = 'arguments'
learnKind(new Number(0), 'number')
learnKind(new String(''), 'string')
learnKind(new Boolean(false), 'boolean')
learnKind(Object(0n), 'bigint')
learnKind(new DateCtor(0), 'date')
learnKind(/x/, 'regexp')
learnKind(new MapCtor(), 'map')
learnKind(new SetCtor(), 'set')
learnKind(new ErrorCtor(), 'error')
learnKind(new ProxyCtor({}, {}), 'proxy')
learnKind(new ArrayBuffer(0), 'buffer')
learnKind(new DataView(new ArrayBuffer(0)), 'dataview')
for (const ctor of [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, BigInt64Array, BigUint64Array, Float16Array, Float32Array, Float64Array]) {
  learnKind(new ctor(0), 'view')
  viewConstructors[ctor.name] = ctor
}

const errorConstructors = { __proto__: null, Error: ErrorCtor, EvalError, RangeError: RangeErrorCtor, ReferenceError, SyntaxError, TypeError: TypeErrorCtor, URIError, AggregateError }

const BigIntCtor = BigInt
const RegExpCtor = RegExp
const ObjectCtor = Object
const StringCtor = String
const bigintToString = uncurry(BigInt.prototype.toString)
const numberValueOf = uncurry(Number.prototype.valueOf)
const stringValueOf = uncurry(String.prototype.valueOf)
const booleanValueOf = uncurry(Boolean.prototype.valueOf)
const bigintValueOf = uncurry(BigInt.prototype.valueOf)
const mapGet = MapCtor.prototype.get
const mapSetMethod = MapCtor.prototype.set
const mapSet = uncurry(mapSetMethod)
const setAdd = uncurry(SetCtor.prototype.add)
const typedArrayAt = uncurry(typedArrayPrototype.at)
const typedArrayBuffer = uncurry(getOwnPropertyDescriptor(typedArrayPrototype, 'buffer').get)
const typedArrayOffset = uncurry(getOwnPropertyDescriptor(typedArrayPrototype, 'byteOffset').get)
const dataViewBuffer = uncurry(getOwnPropertyDescriptor(DataView.prototype, 'buffer').get)
const dataViewOffset = uncurry(getOwnPropertyDescriptor(DataView.prototype, 'byteOffset').get)
const dataViewLength = uncurry(getOwnPropertyDescriptor(DataView.prototype, 'byteLength').get)
const arrayBufferDetached = uncurry(getOwnPropertyDescriptor(ArrayBuffer.prototype, 'detached').get)

/** A Map that answers by its own methods, which is quicker than to call the captured ones on it. */
const identityMap = () => {
  const map = new MapCtor()
  defineProperty(map, 'get', { __proto__: null, value: mapGet })
  defineProperty(map, 'set', { __proto__: null, value: mapSetMethod })
  return map
}

/** A list that inherits nothing: items are put by index, and JSON finds no `toJSON` on it. */
const bare = (list) => {
  setPrototypeOf(list, null)
  return list
}

/** Whether the engine's own stack check threw this. */
const tooDeep = (error) => native.isError(error) && ownValue(error, 'message') === 'Maximum call stack size exceeded'

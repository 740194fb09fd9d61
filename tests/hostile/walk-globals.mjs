// A codelet that walks every object within reach and gives one number for all it saw: which objects
// lead to which, by what names, with which attributes, and every plain value, among them the names
// and lengths of functions. Two realms that give the same number look the same to any guest.

export function main(_input, helpers) {
  let hash = 0
  const mix = (number) => {
    hash = Math.imul(hash ^ number, 0x9e3779b1)
    hash ^= hash >>> 15
  }
  // Each distinct value is written out once, where it is first met; from then on it is its number.
  const numbers = new Map()
  const queue = []
  const see = (value) => {
    let number = numbers.get(value)
    if (number === undefined) {
      number = numbers.size
      numbers.set(value, number)
      const kind = typeof value
      const isObject = (kind === 'object' && value !== null) || kind === 'function'
      if (isObject) queue.push(value)
      const text = isObject ? kind : kind + String(value)
      for (let at = 0; at < text.length; at++) mix(text.charCodeAt(at))
    }
    mix(number)
  }
  const roots = [
    globalThis,
    helpers,
    import.meta,
    () => {},
    async () => {},
    function* () {},
    async function* () {},
    class {},
    (function* () {})(),
    (async function* () {})(),
    [].values(),
    new Map().entries(),
    new Set().values(),
    ''[Symbol.iterator](),
    'x'.matchAll(/x/g),
    [].values().map((x) => x),
    Iterator.from({ next() {} }),
    Iterator.concat([]),
    new Error('x'),
    Promise.resolve(),
    new Proxy({}, {}),
    1n,
    true,
    new Date(0),
    /x/,
    new Uint8Array(1),
    new DataView(new ArrayBuffer(1)),
    Symbol.iterator,
  ]
  for (const root of roots) see(root)
  // The queue grows while it is walked.
  for (const object of queue) {
    mix(Object.isExtensible(object) ? 1 : 2)
    see(Object.getPrototypeOf(object))
    for (const key of Reflect.ownKeys(object)) {
      see(key)
      const held = Reflect.getOwnPropertyDescriptor(object, key)
      mix((held.writable ? 1 : 0) + (held.enumerable ? 2 : 0) + (held.configurable ? 4 : 0))
      if ('value' in held) see(held.value)
      else {
        see(held.get)
        see(held.set)
      }
    }
  }
  return { hash: hash >>> 0, objects: queue.length }
}

// A codelet that writes down every object that can be reached: prototype, keys, attributes, values.

export const snapshot = `
const roots = (helpers) => {
  const list = [globalThis, helpers, (() => {}), async () => {}, function* () {}, async function* () {}, class {},
    (function* () {})(), (async function* () {})(), [][Symbol.iterator](), new Map().entries(), new Set().values(),
    ''[Symbol.iterator](), 'x'.matchAll(/x/g), [].values().map((x) => x), new Error('x'), import.meta, Symbol.iterator,
    Promise.resolve(), new Proxy({}, {}), 1n, new Date(0), /x/, new Uint8Array(1), new DataView(new ArrayBuffer(1))]
  return list
}
export function main(input, helpers) {
  const ids = new Map()
  const queue = []
  const lines = []
  const text = (value) => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return typeof value + ' ' + String(value)
    if (!ids.has(value)) { ids.set(value, ids.size); queue.push(value) }
    return '#' + ids.get(value)
  }
  for (const root of roots(helpers)) lines.push('root ' + text(root))
  for (const object of queue) {
    const id = ids.get(object)
    lines.push(['#' + id, typeof object, Object.isExtensible(object), text(Object.getPrototypeOf(object))].join(' '))
    for (const key of Reflect.ownKeys(object)) {
      const d = Reflect.getOwnPropertyDescriptor(object, key)
      const flags = [d.writable, d.enumerable, d.configurable].join()
      const held = 'value' in d ? text(d.value) : text(d.get) + ' ' + text(d.set)
      lines.push(['#' + id, String(key), flags, held].join(' '))
    }
  }
  return lines
}
`

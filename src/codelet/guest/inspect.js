// Text of values for logs: bounded, and without running guest code. Getters are named, not called;
// proxies are named, not asked.

const DEPTH = 4
const MEMBERS = 100

const quote = (text) => jsonStringify(text)

const keyText = (key) => (typeof key === 'symbol' ? `[${symbolToString(key)}]` : native.isIdentifier(key) ? key : quote(key))

const primitive = (value) => {
  switch (typeof value) {
    case 'string':
      return quote(value)
    case 'symbol':
      return symbolToString(value)
    case 'bigint':
      return `${value}n`
    case 'number':
      return value === 0 && 1 / value < 0 ? '-0' : `${value}`
    default:
      return `${value}`
  }
}

/** Runs a brand-checking getter: undefined when `value` is not of its kind. */
const probe = (getter, value) => {
  try {
    return getter(value)
  } catch {
    return undefined
  }
}

const tryText = (work) => {
  try {
    return work()
  } catch {
    return undefined
  }
}

const flagsOf = (pattern) => {
  let flags = ''
  for (let index = 0; index < regExpFlagGetters.length; index++) {
    const flag = regExpFlagGetters[index]
    if (flag.get(pattern)) flags += flag.letter
  }
  return flags
}

const errorText = (value) => {
  const name = ownValue(value, 'name') ?? errorName(value)
  const message = ownValue(value, 'message')
  const head = typeof message === 'string' && message !== '' ? `${nameOf(name)}: ${message}` : nameOf(name)
  const stack = probe(errorStack, value)
  return typeof stack === 'string' && stack !== '' ? `${head}\n${native.guestFrames(stack)}` : head
}

const errorName = (value) => {
  for (let proto = getPrototypeOf(value), steps = 0; proto !== null && steps < 10; proto = getPrototypeOf(proto), steps++) {
    if (native.isProxy(proto)) break
    const name = ownValue(proto, 'name')
    if (typeof name === 'string') return name
  }
  return 'Error'
}

/** An array's items by index: a list of a million costs a hundred look-ups. */
const items = (value, budget, seen, depth) => {
  let text = ''
  const length = ownValue(value, 'length')
  for (let index = 0; index < length; index++) {
    if (index === MEMBERS || budget.left <= 0) return `${text}, … ${length - index} more`
    const descriptor = descriptorOf(value, index)
    const item = descriptor === undefined ? '<empty>' : described(descriptor, budget, seen, depth)
    text += index === 0 ? item : `, ${item}`
    budget.left -= item.length
  }
  return text
}

const described = (descriptor, budget, seen, depth) =>
  descriptor.get !== undefined || descriptor.set !== undefined ? '[Getter]' : inspect(descriptor.value, budget, seen, depth + 1)

const members = (value, budget, seen, depth) => {
  let text = ''
  let shown = 0
  const keys = ownKeys(value)
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]
    // An export that its module has not reached yet cannot even be described.
    const descriptor = probe((object) => descriptorOf(object, key), value)
    if (descriptor === undefined || !descriptor.enumerable) continue
    if (shown === MEMBERS || budget.left <= 0) {
      text += `${shown === 0 ? '' : ', '}… ${keys.length - index} more`
      break
    }
    shown++
    const entry = `${keyText(key)}: ${described(descriptor, budget, seen, depth)}`
    text += shown === 1 ? entry : `, ${entry}`
    budget.left -= entry.length
  }
  return text
}

const collection = (label, size, each, budget, seen, depth) => {
  if (depth >= DEPTH) return `[${label}]`
  let text = ''
  let shown = 0
  const add = (entry) => {
    text += shown === 0 ? entry : `, ${entry}`
    shown++
    budget.left -= entry.length
  }
  each((entry) => {
    if (shown < MEMBERS && budget.left > 0) add(entry())
  })
  if (shown < size) text += `, … ${size - shown} more`
  return `${label}(${size}) {${text === '' ? '' : ` ${text} `}}`
}

const objectText = (value, budget, seen, depth) => {
  if (typeof value === 'function') {
    const name = ownValue(value, 'name')
    return typeof name === 'string' && name !== '' ? `[Function ${name}]` : '[Function (anonymous)]'
  }
  if (native.isError(value)) return errorText(value)
  const time = probe(dateGetTime, value)
  if (time !== undefined) return numberIsFinite(time) ? dateToISOString(value) : 'Invalid Date'
  if (native.isRegExp(value)) return tryText(() => `/${regExpSource(value)}/${flagsOf(value)}`) ?? '[RegExp]'
  if (native.isPromise(value)) return '[Promise]'
  const mapCount = probe(mapSize, value)
  if (mapCount !== undefined) {
    const each = (visit) =>
      mapForEach(value, (item, key) => visit(() => `${inspect(key, budget, seen, depth + 1)} => ${inspect(item, budget, seen, depth + 1)}`))
    return collection('Map', mapCount, each, budget, seen, depth)
  }
  const setCount = probe(setSize, value)
  if (setCount !== undefined) {
    const each = (visit) => setForEach(value, (item) => visit(() => inspect(item, budget, seen, depth + 1)))
    return collection('Set', setCount, each, budget, seen, depth)
  }
  const buffer = probe(arrayBufferByteLength, value)
  if (buffer !== undefined) return `ArrayBuffer(${buffer})`
  const view = probe(typedArrayName, value)
  if (view !== undefined) {
    const length = typedArrayLength(value)
    let text = ''
    for (let index = 0; index < length && index < MEMBERS; index++) text += `${index === 0 ? '' : ', '}${primitive(value[index])}`
    if (length > MEMBERS) text += `, … ${length - MEMBERS} more`
    return `${view}(${length}) [${text}]`
  }
  const list = isArray(value)
  if (depth >= DEPTH) return list ? '[Array]' : '[Object]'
  if (list) return `[${items(value, budget, seen, depth)}]`
  const inside = members(value, budget, seen, depth)
  return inside === '' ? '{}' : `{ ${inside} }`
}

const inspect = (value, budget, seen, depth) => {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return primitive(value)
  if (native.isProxy(value)) {
    const target = native.readOnlyTarget(value, readOnly)
    if (target === undefined) return '[Proxy]'
    value = target
  }
  for (let link = seen; link !== null; link = link.outer) if (link.value === value) return '[Circular]'
  return objectText(value, budget, { __proto__: null, value, outer: seen }, depth)
}

/** One log message: strings as they are, everything else inspected, joined by spaces. */
const format = (args) => {
  if (args.length === 1 && typeof args[0] === 'string') return args[0]
  const budget = { __proto__: null, left: 65536 }
  let text = ''
  for (let index = 0; index < args.length; index++) {
    const value = args[index]
    const part = typeof value === 'string' ? value : inspect(value, budget, null, 0)
    text += index === 0 ? part : ` ${part}`
  }
  return text
}

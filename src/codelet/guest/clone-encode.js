// From a value to its tagged text.
//
// One walk makes a tree of nodes over a copy; then, when no guest code can run any more, the nodes
// become marks. Getters are guest code and run during the walk: they may change what was walked, and
// may call host functions. So everything seen by then has been copied, and buffers are handed over
// only after the walk. No template strings: the engine's ask `String.prototype.concat`.

/** The tagged text of a value. Throws what a getter threw, or a TypeError that names the place. */
const encodeTagged = (value, root) => {
  const walk = { __proto__: null, root, nodes: identityMap(), buffers: bare([]), raws: bare([]), guestRan: false, next: 0, patched: false }
  try {
    const top = write(walk, value, undefined, '')
    native.dropBuffers()
    for (let index = 0; index < walk.buffers.length; index++) putBuffer(walk, walk.buffers[index])
    walk.patched = hasToJSON(arrayPrototype) || hasToJSON(objectPrototype) || getPrototypeOf(arrayPrototype) !== objectPrototype
    return textOf(isNode(top) ? markOf(walk, top) : top, root)
  } catch (error) {
    native.dropBuffers()
    throw tooDeep(error) ? new TypeErrorCtor(root + ' is nested too deeply to be cloned') : error
  }
}

const arrayPrototype = getPrototypeOf([])
const objectPrototype = getPrototypeOf({})
const hasToJSON = (object) => descriptorOf(object, 'toJSON') !== undefined

/** The engine's own writer takes over for deep values. It keeps a list of what is open, and a setter
 * that the guest put on indices of arrays would get hold of it. */
const textOf = (mark, root) => {
  const text = native.writeJson(mark)
  if (text !== undefined) return text
  if (hasIndices(arrayPrototype) || hasIndices(objectPrototype)) throw new TypeErrorCtor(root + ' is nested too deeply to be cloned')
  return jsonStringify(mark)
}

/** Index keys come first. */
const hasIndices = (object) => {
  const first = ownKeys(object)[0]
  return typeof first === 'string' && '' + (first >>> 0) === first
}

/** In a copy every member is a node or a primitive. */
const isNode = (member) => typeof member === 'object' && member !== null

const nodeOf = (tag, payload, extra, marked, parent, key) => ({ __proto__: null, tag, payload, extra, marked, shared: false, number: -1, parent, key })

/** What JSON cannot say and has no identity. */
const leaf = (tag, payload, parent, key) => {
  markUp(parent)
  return nodeOf(tag, payload, undefined, true, parent, key)
}

/** The containers around a mark are marks too. */
const markUp = (node) => {
  for (let at = node; at !== undefined && !at.marked; at = at.parent) at.marked = true
}

const write = (walk, value, parent, key) => {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      if (value - value === 0 && (value !== 0 || 1 / value > 0)) return value
      return leaf('n', value === 0 ? '-0' : '' + value, parent, key)
    case 'object':
      return value === null ? null : writeObject(walk, value, parent, key)
    case 'undefined':
      return leaf('u', 0, parent, key)
    case 'bigint':
      return leaf('i', bigintToString(value, 16), parent, key)
    default:
      return refuse(walk, parent, key, 'a ' + typeof value)
  }
}

const writeObject = (walk, value, parent, key) => {
  const known = walk.nodes.get(value)
  if (known !== undefined) {
    known.shared = true
    markUp(known.parent)
    markUp(parent)
    return known
  }
  const found = native.survey(value)
  if (found === 0) {
    const node = nodeOf(0, walk.guestRan ? copyPlain(value) : value, undefined, false, parent, key)
    walk.nodes.set(value, node)
    if (!walk.guestRan) walk.raws[walk.raws.length] = node
    return node
  }
  const kind = cloneKinds[found & 0xff]
  if (kind === 'object' || kind === 'array' || kind === 'arguments') {
    const node = nodeOf(kind === 'array' ? 'a' : 'o', undefined, undefined, false, parent, key)
    walk.nodes.set(value, node)
    if ((found & 0x100) !== 0 || kind === 'arguments') guestRuns(walk)
    if ((found & 0x200) !== 0 && !walk.guestRan) writeItems(walk, node, value)
    else if (kind === 'array') writeSparse(walk, node, value)
    else writeProperties(walk, node, value)
    return node
  }
  if (kind === 'proxy') return writeProxy(walk, value, parent, key)
  if (kind === undefined) return refuse(walk, parent, key, native.isPromise(value) ? 'a Promise' : 'an object with a state of its own')
  markUp(parent)
  const node = nodeOf(undefined, undefined, undefined, true, parent, key)
  walk.nodes.set(value, node)
  specialWriters[kind](walk, node, value)
  return node
}

/** `globals`, `helpers.env` and their like are ours: what they show is plain data. */
const writeProxy = (walk, value, parent, key) => {
  const target = native.readOnlyTarget(value, readOnly)
  if (target === undefined) return refuse(walk, parent, key, 'a Proxy')
  const node = writeObject(walk, target, parent, key)
  walk.nodes.set(value, node)
  return node
}

/** Guest code is about to run: what was to be written as it stands is copied first. */
const guestRuns = (walk) => {
  if (walk.guestRan) return
  walk.guestRan = true
  for (let index = 0; index < walk.raws.length; index++) {
    const node = walk.raws[index]
    node.payload = copyPlain(node.payload)
  }
}

const copyPlain = (value) => {
  if (typeof value !== 'object' || value === null) return value
  const copy = isArray(value) ? bare([]) : { __proto__: null }
  const keys = objectKeys(value)
  for (let index = 0; index < keys.length; index++) copy[keys[index]] = copyPlain(value[keys[index]])
  return copy
}

const writeProperties = (walk, node, value) => {
  const keys = objectKeys(value)
  const copy = { __proto__: null }
  node.payload = copy
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]
    // A getter may have taken it away.
    if (walk.guestRan && descriptorOf(value, key) === undefined) continue
    const member = value[key]
    copy[key] = typeof member === 'string' ? member : write(walk, member, node, key)
  }
}

const writeItems = (walk, node, items) => {
  const length = items.length
  const copy = bare([])
  node.payload = copy
  for (let index = 0; index < length; index++) copy[index] = write(walk, items[index], node, index)
}

const writeSparse = (walk, node, value) => {
  node.tag = 's'
  node.extra = value.length
  markUp(node)
  writeProperties(walk, node, value)
}

/** Every shared object is written once, with a number, and named by it from then on. */
const markOf = (walk, node) => {
  if (node.number >= 0) return list(walk, ['r', node.number])
  // A view's buffer is made before the view, everything else before its members.
  const buffer = node.tag === 'v' ? markOf(walk, node.payload) : undefined
  if (node.shared) node.number = walk.next++
  const mark = list(walk, bodyOf(walk, node, buffer))
  return node.shared ? list(walk, ['&', node.number, mark]) : mark
}

const bodyOf = (walk, node, buffer) => {
  const { tag, payload, extra } = node
  if (!node.marked) return [0, rawOf(node)]
  switch (tag) {
    case 'o':
      return [tag, marksOfProperties(walk, payload)]
    case 's':
    case 'e':
      return [tag, extra, marksOfProperties(walk, payload)]
    case 'a':
    case 'm':
    case 't':
      return [tag, marksOfItems(walk, payload)]
    case 'w':
      return [tag, isNode(payload) ? markOf(walk, payload) : payload]
    case 'v':
      return [tag, extra.name, buffer, extra.offset, extra.length]
    case 'x':
      return [tag, payload, extra]
    default:
      return [tag, payload]
  }
}

const marksOfProperties = (walk, copy) => {
  const keys = objectKeys(copy)
  for (let index = 0; index < keys.length; index++) {
    const member = copy[keys[index]]
    if (isNode(member)) copy[keys[index]] = markOf(walk, member)
  }
  return copy
}

const marksOfItems = (walk, copy) => {
  for (let index = 0; index < copy.length; index++) {
    const member = copy[index]
    if (isNode(member)) copy[index] = markOf(walk, member)
  }
  return copy
}

/** The copy itself, for a container that holds nothing but JSON. */
const rawOf = (node) => {
  const copy = node.payload
  if (node.tag === 0) return copy
  const keys = objectKeys(copy)
  for (let index = 0; index < keys.length; index++) {
    const member = copy[keys[index]]
    if (isNode(member)) copy[keys[index]] = rawOf(member)
  }
  return copy
}

/** An array in which JSON finds no `toJSON` of the guest's. */
const list = (walk, items) => (walk.patched ? bare(items) : items)

const refuse = (walk, parent, key, what) => {
  throw new TypeErrorCtor(pathTo(walk, parent, key) + ' is ' + what + ', which cannot be cloned')
}

const pathTo = (walk, parent, key) => {
  let path = ''
  let last = key
  for (let at = parent; at !== undefined; at = at.parent) {
    path = segmentOf(at.tag, last) + path
    last = at.key
    if (path.length > 200) return walk.root + '...' + stringSlice(path, -200)
  }
  return walk.root + path
}

const segmentOf = (tag, key) => {
  if (tag === 'm') return key % 2 === 0 ? '<key ' + key / 2 + '>' : '<value ' + (key - 1) / 2 + '>'
  if (tag === 't') return '<member ' + key + '>'
  // A view's buffer has no step of its own.
  if (tag === 'v') return ''
  if (typeof key === 'number') return '[' + key + ']'
  return native.isIdentifier(key) ? '.' + key : '[' + quote(stringSlice(key, 0, 100)) + ']'
}

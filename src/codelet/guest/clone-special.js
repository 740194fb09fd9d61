// The writers of what is not an array or a plain object, by kind.

const specialWriters = {
  __proto__: null,

  date(walk, node, value) {
    const time = dateGetTime(value)
    node.tag = 'd'
    node.payload = time === time ? time : null
  },

  regexp(walk, node, value) {
    node.tag = 'x'
    node.payload = regExpSource(value)
    node.extra = flagsOf(value)
  },

  map(walk, node, value) {
    const items = bare([])
    mapForEach(value, (member, key) => {
      items[items.length] = key
      items[items.length] = member
    })
    node.tag = 'm'
    writeItems(walk, node, items)
  },

  set(walk, node, value) {
    const items = bare([])
    setForEach(value, (member) => {
      items[items.length] = member
    })
    node.tag = 't'
    writeItems(walk, node, items)
  },

  number: (walk, node, value) => writeBoxed(walk, node, numberValueOf(value)),
  string: (walk, node, value) => writeBoxed(walk, node, stringValueOf(value)),
  boolean: (walk, node, value) => writeBoxed(walk, node, booleanValueOf(value)),
  bigint: (walk, node, value) => writeBoxed(walk, node, bigintValueOf(value)),

  buffer(walk, node, buffer) {
    if (arrayBufferDetached(buffer)) refuse(walk, node.parent, node.key, 'a detached ArrayBuffer')
    node.tag = 'b'
    node.payload = walk.buffers.length
    walk.buffers[walk.buffers.length] = { __proto__: null, buffer, length: arrayBufferByteLength(buffer), node }
  },

  view(walk, node, view) {
    // Throws for what is detached or no longer within its buffer.
    if (typedArrayLength(view) === 0) checkView(walk, node, () => typedArrayAt(view, 0))
    node.extra = { __proto__: null, name: typedArrayName(view), offset: typedArrayOffset(view), length: typedArrayLength(view) }
    writeViewed(walk, node, typedArrayBuffer(view))
  },

  dataview(walk, node, view) {
    checkView(walk, node, () => dataViewLength(view))
    node.extra = { __proto__: null, name: 'DataView', offset: dataViewOffset(view), length: dataViewLength(view) }
    writeViewed(walk, node, dataViewBuffer(view))
  },

  error(walk, node, error) {
    // The name may be a getter's, and a message that is no string is converted.
    guestRuns(walk)
    node.tag = 'e'
    const copy = { __proto__: null }
    node.payload = copy
    const name = error.name
    node.extra = typeof name === 'string' && errorConstructors[name] !== undefined ? name : 'Error'
    const message = dataProperty(error, 'message')
    if (message !== undefined) copy.message = StringCtor(message.value)
    const stack = probe(errorStack, error)
    if (typeof stack === 'string') copy.stack = stringSlice(native.guestFrames(stack), 0, 4096)
    const cause = dataProperty(error, 'cause')
    if (cause !== undefined) copy.cause = write(walk, cause.value, node, 'cause')
    const errors = node.extra === 'AggregateError' ? dataProperty(error, 'errors') : undefined
    if (errors !== undefined && isArray(errors.value)) copy.errors = write(walk, errors.value, node, 'errors')
  },
}

const writeBoxed = (walk, node, primitive) => {
  node.tag = 'w'
  node.payload = write(walk, primitive, node, '')
}

const checkView = (walk, node, look) => {
  try {
    look()
  } catch {
    refuse(walk, node.parent, node.key, 'a view of a detached or shrunk ArrayBuffer')
  }
}

const writeViewed = (walk, node, buffer) => {
  node.tag = 'v'
  node.payload = writeObject(walk, buffer, node, '')
}

const dataProperty = (object, key) => {
  const descriptor = descriptorOf(object, key)
  return descriptor === undefined || descriptor.get !== undefined || descriptor.set !== undefined ? undefined : descriptor
}

const putBuffer = (walk, { buffer, length, node }) => {
  // A getter may have detached or resized it since it was seen.
  if (arrayBufferDetached(buffer) || arrayBufferByteLength(buffer) !== length) {
    throw new TypeErrorCtor(pathTo(walk, node.parent, node.key) + ' changed while it was read')
  }
  native.putBuffer(buffer)
}

// From a tagged text of the host to its value.
//
// The text is the host encoder's, so its shape is trusted. Guest code may have run before (a module's
// top level) and may have patched every intrinsic: what is read and written here are own properties.

/** Stands for a value that this engine cannot make -> why. No guest ever gets hold of one. */
const unreadables = new WeakMapCtor()

const whyUnreadable = (value) => (typeof value === 'object' && value !== null ? weakMapGet(unreadables, value) : undefined)

/** The value of a tagged text; its buffers are fetched by index. */
const decodeTagged = (text) => {
  try {
    return readMember(bare([]), jsonParse(text))
  } catch (error) {
    // A pattern that only the host's engine knows, a BigInt over this one's bound, too many levels.
    const why = tooDeep(error) ? 'it is nested too deeply' : ownValue(error, 'message')
    const stand = { __proto__: null }
    weakMapSet(unreadables, stand, typeof why === 'string' ? stringSlice(why, 0, 300) : 'its text cannot be read')
    return stand
  }
}

const readMember = (table, member) => (typeof member === 'object' && member !== null ? readMark(table, member, -1) : member)

const readMark = (table, mark, number) => {
  const keep = (value) => {
    if (number >= 0) table[number] = value
    return value
  }
  const payload = mark[1]
  switch (mark[0]) {
    case 0:
      return keep(payload)
    case 'o':
      return readInPlace(table, keep(payload), objectKeys(payload))
    case 'a': {
      keep(payload)
      for (let index = 0; index < payload.length; index++) {
        const member = payload[index]
        if (typeof member === 'object' && member !== null) payload[index] = readMark(table, member, -1)
      }
      return payload
    }
    case 's': {
      const list = keep([])
      list.length = payload
      const keys = objectKeys(mark[2])
      for (let index = 0; index < keys.length; index++) put(list, keys[index], readMember(table, mark[2][keys[index]]))
      return list
    }
    case 'u':
      return undefined
    case 'n':
      return payload === 'NaN' ? NaN : payload === '-0' ? -0 : payload === 'Infinity' ? Infinity : -Infinity
    case 'i':
      return payload[0] === '-' ? -BigIntCtor('0x' + stringSlice(payload, 1)) : BigIntCtor('0x' + payload)
    case 'r':
      return table[payload]
    case '&':
      return readMark(table, mark[2], payload)
    default:
      return readSpecial(table, mark, keep)
  }
}

/** A data property of a fresh object, whatever is put on the prototypes of its kind. */
const put = (object, key, value) => defineProperty(object, key, { __proto__: null, value, writable: true, enumerable: true, configurable: true })

/** Every key is an own data property that JSON made: writing to it asks no prototype. */
const readInPlace = (table, object, keys) => {
  for (let index = 0; index < keys.length; index++) {
    const member = object[keys[index]]
    if (typeof member === 'object' && member !== null) object[keys[index]] = readMark(table, member, -1)
  }
  return object
}

const readSpecial = (table, mark, keep) => {
  const payload = mark[1]
  switch (mark[0]) {
    case 'd':
      return keep(new DateCtor(payload === null ? NaN : payload))
    case 'x':
      return keep(new RegExpCtor(payload, mark[2]))
    case 'm': {
      const map = keep(new MapCtor())
      for (let index = 0; index < payload.length; index += 2) {
        const key = readMember(table, payload[index])
        mapSet(map, key, readMember(table, payload[index + 1]))
      }
      return map
    }
    case 't': {
      const set = keep(new SetCtor())
      for (let index = 0; index < payload.length; index++) setAdd(set, readMember(table, payload[index]))
      return set
    }
    case 'w':
      return keep(ObjectCtor(readMember(table, payload)))
    case 'b':
      // The engine's parser may make a double of it, which is no index.
      return keep(native.getBuffer(payload | 0))
    case 'v': {
      const buffer = readMember(table, mark[2])
      return keep(new viewConstructors[payload](buffer, mark[3], mark[4]))
    }
    case 'e':
      return readError(table, payload, mark[2], keep)
  }
}

/** Host stacks name places of the host: none comes with the text, and the one made here is empty. */
const readError = (table, name, members, keep) => {
  // Not by the constructor of its kind: that of AggregateError would ask for an iterator.
  const error = keep(construct(ErrorCtor, [], errorConstructors[name]))
  const hidden = (key, value) => defineProperty(error, key, { __proto__: null, value, writable: true, configurable: true, enumerable: false })
  const keys = objectKeys(members)
  for (let index = 0; index < keys.length; index++) hidden(keys[index], readMember(table, members[keys[index]]))
  return error
}

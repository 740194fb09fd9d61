// Things the guest may read and not change. Freezing alone gives a plain TypeError; behind a
// proxy every attempt to write is a refusal that says what was attempted.

const refuseWrite = (_target, key) => {
  throw denied('globals', nameOf(key))
}

const readOnly = freeze({
  __proto__: null,
  set: refuseWrite,
  defineProperty: refuseWrite,
  deleteProperty: refuseWrite,
  setPrototypeOf: (target, prototype) => {
    if (prototype === getPrototypeOf(target)) return true
    throw denied('globals', 'prototype')
  },
  preventExtensions: () => true,
})

/** The read-only face of a frozen object. */
const guarded = (object) => new ProxyCtor(object, readOnly)

/** Freezes data made by JSON.parse, all the way down, and gives its read-only face. */
const guardedDeep = (value) => {
  if (typeof value !== 'object' || value === null) return value
  const keys = ownKeys(value)
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]
    const member = ownValue(value, key)
    if (typeof member === 'object' && member !== null) {
      defineProperty(value, key, { __proto__: null, value: guardedDeep(member) })
    }
  }
  return guarded(freeze(value))
}

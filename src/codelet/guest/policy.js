// Refusals. A refusal is known by its identity in `brands`, which no guest can write to: an error
// that only looks like one is an ordinary error.

/** error object -> { code, details } */
const brands = new WeakMapCtor()

const brand = (error, code, details) => {
  weakMapSet(brands, error, { __proto__: null, code, details })
  return error
}

const named = (name, message) => {
  const error = new ErrorCtor(message)
  defineProperty(error, 'name', { __proto__: null, value: name, writable: true, configurable: true, enumerable: false })
  return error
}

/** Gives an error made earlier its name and message. */
const retitled = (error, name, message) => {
  const hidden = (key, value) =>
    defineProperty(error, key, { __proto__: null, value, writable: true, configurable: true, enumerable: false })
  hidden('name', name)
  hidden('message', message)
  return error
}

/** What would grant each capability, as the end of a sentence. */
const remedies = {
  __proto__: null,
  require: 'give the code by name in the `modules` option and import it',
  import: 'give the code by that name in the `modules` option',
  eval: 'code made from strings never runs; no option grants it',
  fetch: 'name the allowed hosts in `allow.fetch.hosts`',
  network: 'no option grants raw network access; `allow.fetch.hosts` grants fetch to named hosts',
  timers: 'grant them with `allow: { timers: true }`',
  random: 'grant it with `allow: { random: true }`',
  now: 'grant it with `allow: { now: true }`',
  env: 'name the variables in `allow.env`',
  WebAssembly: 'no option grants it',
  SharedArrayBuffer: 'no option grants it',
  Atomics: 'no option grants it',
  Worker: 'no option grants it',
  globals: 'the global scope, `globals` and `helpers` are frozen; keep state in your own variables',
}

const denied = (capability, name) => {
  native.countDenial()
  const subject = capability === name || name === undefined ? capability : `${capability} of "${name}"`
  const message = `${stringSlice(subject, 0, 300)} is denied: ${remedies[capability]}`
  return brand(named('PolicyViolation', message), 'POLICY_VIOLATION', { __proto__: null, capability, name: stringSlice(name ?? capability, 0, 200) })
}

/** `./x` finds `x`: what to name the module is not always what was imported. */
const deniedImport = (name) => {
  const relative = stringSlice(name, 0, 2) === './'
  if (!relative) return denied('import', name)
  native.countDenial()
  const plain = stringSlice(name, 2, 200)
  const message = `import of "${stringSlice(name, 0, 200)}" is denied: give the code by the name "${plain}" in the \`modules\` option`
  return brand(named('PolicyViolation', message), 'POLICY_VIOLATION', { __proto__: null, capability: 'import', name: stringSlice(name, 0, 200) })
}

const overBudget = (limit, limitValue, remedy) => {
  native.countDenial()
  return brand(
    named('PolicyViolation', `${limit} is ${limitValue}, and this run is past it: ${remedy}`),
    'POLICY_VIOLATION',
    { __proto__: null, limit, limitValue },
  )
}

/** Text of a guest value for a message: never runs guest code for objects. */
const nameOf = (value) => {
  if (typeof value === 'string') return stringSlice(value, 0, 200)
  if (typeof value === 'symbol') return symbolToString(value)
  if (typeof value === 'object' && value !== null) return 'object'
  if (typeof value === 'function') return 'function'
  return `${value}`
}

/** A function that only refuses. Its prototype chain is the guest's, its identity is ours. */
const refusing = (capability, name) => {
  const stub = {
    [name](first) {
      throw denied(capability, capability === 'require' ? nameOf(first) : name)
    },
  }[name]
  return stub
}

/** The same for names that are used with `new`. */
const refusingConstructor = (capability, name) => {
  const stub = function () {
    throw denied(capability, name)
  }
  defineProperty(stub, 'name', { __proto__: null, value: name, configurable: true })
  return stub
}

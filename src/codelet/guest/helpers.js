// The second argument of `main`: logger, what was granted, and the host's functions.

/** Denied helpers are there but not enumerable, so that `{ ...helpers }` is harmless. */
const stub = (helpers, key) =>
  defineProperty(helpers, key, { __proto__: null, value: refusing(key, key), enumerable: false })

const makeHelpers = (paths) => {
  const helpers = { logger }
  if (grants.random) pin(helpers, 'random', randomHelper())
  else stub(helpers, 'random')
  if (grants.now) pin(helpers, 'now', () => native.now())
  else stub(helpers, 'now')
  if (grants.fetch) pin(helpers, 'fetch', fetchFunction)
  else stub(helpers, 'fetch')
  if (grants.env !== undefined) pin(helpers, 'env', grants.env)
  else
    defineProperty(helpers, 'env', {
      __proto__: null,
      enumerable: false,
      get() {
        throw denied('env')
      },
    })
  for (let index = 0; index < paths.length; index++) addHostFunction(helpers, paths[index], index)
  return guarded(freezeTree(helpers))
}

const addHostFunction = (helpers, path, index) => {
  let at = helpers
  let name = path[0]
  for (let depth = 0; depth < path.length - 1; depth++) {
    const key = path[depth]
    let inner = ownValue(at, key)
    if (inner === undefined) {
      inner = { __proto__: null }
      defineProperty(at, key, { __proto__: null, value: inner, enumerable: true, writable: true, configurable: true })
    }
    at = inner
    name += `.${path[depth + 1]}`
  }
  const call = native.hostFunction(index, name)
  defineProperty(call, 'name', { __proto__: null, value: name, configurable: true })
  defineProperty(at, path[path.length - 1], { __proto__: null, value: call, enumerable: true, writable: true, configurable: true })
}

/** Freezes the helper tree; nested groups become read-only faces too. */
const freezeTree = (object) => {
  const names = objectKeys(object)
  for (let index = 0; index < names.length; index++) {
    const member = ownValue(object, names[index])
    if (typeof member === 'object' && member !== null && !native.isProxy(member)) {
      defineProperty(object, names[index], { __proto__: null, value: guarded(freezeTree(member)) })
    }
  }
  return freeze(object)
}

const logger = guarded(freeze(makeLogger()))
/** The helpers of a run without grants and host functions: the same for all, so made once. */
const plainHelpers = makeHelpers([])
let helpers = plainHelpers

// What the host calls, and the realm it leaves behind.

/** Chooses the entry: own exports only. */
const entryOf = (namespace, wanted) => {
  const names = ownKeys(namespace)
  // Without a prototype: what a guest put on arrays must not speak for it in the report.
  const exported = []
  setPrototypeOf(exported, null)
  let hasMain = false
  let hasDefault = false
  for (let index = 0; index < names.length; index++) {
    const name = names[index]
    if (typeof name !== 'string') continue
    if (exported.length < 100) append(exported, stringSlice(name, 0, 200))
    if (name === 'main') hasMain = true
    if (name === 'default') hasDefault = true
  }
  const choice = wanted ?? (hasMain ? 'main' : hasDefault ? 'default' : 'main')
  const descriptor = descriptorOf(namespace, choice)
  const entry = descriptor === undefined ? undefined : descriptor.value
  const prototype = typeof entry === 'function' ? descriptorOf(entry, 'prototype') : undefined
  // A class is the one kind of function whose `prototype` cannot be written.
  if (typeof entry === 'function' && !(prototype !== undefined && prototype.writable === false && native.isClass(entry))) return entry
  const what = descriptor === undefined ? 'is not exported' : typeof entry === 'function' ? 'is a class, not a function' : 'is not a function'
  const message = `"${choice}" ${what}: export a function of that name, as in \`export async function ${choice === 'default' ? 'main' : choice}(input, helpers) { … }\``
  throw brand(named('MissingExport', message), 'RUNTIME_ERROR', { __proto__: null, reason: 'MISSING_EXPORT', wanted: stringSlice(choice, 0, 200), exports: exported })
}

const settled = { __proto__: null, configurable: false }

const driver = {
  __proto__: null,

  /** Opens the run: grants, globals, helpers. Both texts may be undefined. Gives the helpers. */
  begin(configText, globalsText) {
    if (globalsText !== undefined) {
      const values = jsonParse(globalsText)
      const names = ownKeys(values)
      for (let index = 0; index < names.length; index++) pin(globalObject, names[index], guardedDeep(ownValue(values, names[index])))
    }
    const config = configText === undefined ? undefined : jsonParse(configText)
    if (config !== undefined && config.deterministic) {
      delete globalObject.WeakRef
      delete globalObject.FinalizationRegistry
    } else {
      defineProperty(globalObject, 'WeakRef', settled)
      defineProperty(globalObject, 'FinalizationRegistry', settled)
    }
    preventExtensions(globalObject)
    if (config === undefined) return helpers
    grants.clone = config.clone
    grants.timers = config.timers
    grants.fetch = config.fetch
    grants.fetchIndex = config.host.length
    grants.random = config.random
    grants.now = config.now
    grants.env = config.env === null ? undefined : guardedDeep(config.env)
    helpers = makeHelpers(config.host)
    return helpers
  },

  /** Calls the entry where that is more than a call, or says what is wrong with it. */
  async invoke(namespace, wanted, input) {
    const unreadable = whyUnreadable(input)
    if (unreadable !== undefined) throw new TypeErrorCtor(`the input cannot be made in a codelet: ${unreadable}`)
    const entry = entryOf(namespace, wanted)
    return entry(input, helpers)
  },

  /** The promise of a value that may be a promise of somebody else's making. */
  adopt: async (value) => value,

  /** Values of the host, and back: JSON, and tagged text. */
  parse: jsonParse,
  decode: decodeTagged,
  encode: (value) => encodeTagged(value, 'result'),

  settle,
  callWritten,
  notSent,
  errorConstructor: ErrorCtor,
  nextTimer,
  fireTimer,

  /** The error object for a module that was not given. */
  deniedImport: (name) => deniedImport(name),

  /** A rejection nobody handled: worth a warning, not the result. */
  unhandled(reason) {
    writeWarn(['Unhandled rejection:', reason])
  },

  /** JSON of what was thrown. Reading it may run guest code (getters, proxies): still on the clock. */
  describe(thrown) {
    const known = (typeof thrown === 'object' && thrown !== null) || typeof thrown === 'function' ? weakMapGet(brands, thrown) : undefined
    const report = { __proto__: null, code: 'RUNTIME_ERROR', name: undefined, message: undefined, stack: undefined, genuine: false, details: undefined }
    if (known !== undefined) {
      report.code = known.code
      report.details = known.details
    }
    if (typeof thrown === 'object' && thrown !== null) {
      report.name = readText(thrown, 'name')
      report.message = readText(thrown, 'message')
      report.genuine = native.isError(thrown)
      report.stack = report.genuine ? probe(errorStack, thrown) : undefined
      if (typeof report.stack !== 'string') report.stack = undefined
    }
    if (!report.genuine && known === undefined) report.thrown = thrownText(thrown)
    if (report.genuine) report.writesGlobal = namesGlobal(report.message)
    if (report.message === undefined) report.message = report.genuine ? '' : `the codelet threw ${stringSlice(tryText(() => inspect(thrown, { __proto__: null, left: 1024 }, null, 0)) ?? 'something that cannot be shown', 0, 1024)}`
    // The engine's writer would call setters that the guest put on indices of arrays.
    return native.writeJson(report) ?? jsonStringify(report)
  },
}

/** Whether the engine's message about a write to something read-only names a global. */
const namesGlobal = (message) => {
  if (message === undefined || stringSlice(message, -14) !== "' is read-only" || message[0] !== "'") return false
  return descriptorOf(globalObject, stringSlice(message, 1, -14)) !== undefined
}

const readText = (object, key) => {
  try {
    const text = object[key]
    return typeof text === 'string' ? stringSlice(text, 0, 8192) : undefined
  } catch {
    return undefined
  }
}

const thrownText = (thrown) => {
  try {
    const text = jsonStringify(thrown)
    return text === undefined || text.length > 1024 ? undefined : text
  } catch {
    return undefined
  }
}

// The realm as guests find it.
const place = (name, value) =>
  defineProperty(globalObject, name, { __proto__: null, value, writable: true, enumerable: false, configurable: true })

place('console', makeConsole())
place('Date', installClock())
place('performance', performanceObject)
const timerNames = ownKeys(timerFunctions)
for (let index = 0; index < timerNames.length; index++) place(timerNames[index], timerFunctions[timerNames[index]])
place('queueMicrotask', {
  queueMicrotask(callback) {
    if (typeof callback !== 'function') throw new TypeErrorCtor('queueMicrotask takes a function')
    microtask(() => {
      try {
        apply(callback, undefined, [])
      } catch (error) {
        writeWarn(['Uncaught exception in a microtask:', error])
      }
    })
  },
}.queueMicrotask)
place('fetch', fetchFunction)
place('require', refusing('require', 'require'))
place('eval', refusing('eval', 'eval'))
const RefusingFunction = refusingConstructor('eval', 'Function')
place('Function', RefusingFunction)
defineProperty(Math, 'random', { __proto__: null, value: native.random, writable: true, enumerable: false, configurable: true })

// Every kind of function leads to a constructor that compiles text; none of them may.
const reroute = (sample, name) => {
  const prototype = getPrototypeOf(sample)
  const constructor = name === 'Function' ? RefusingFunction : refusingConstructor('eval', name)
  defineProperty(constructor, 'prototype', { __proto__: null, value: prototype, writable: false, enumerable: false, configurable: false })
  defineProperty(prototype, 'constructor', { __proto__: null, value: constructor, writable: true, enumerable: false, configurable: true })
}
reroute(function () {}, 'Function')
reroute(async () => {}, 'AsyncFunction')
reroute(function* () {}, 'GeneratorFunction')
reroute(async function* () {}, 'AsyncGeneratorFunction')

const networkNames = ['WebSocket', 'XMLHttpRequest', 'EventSource']
for (let index = 0; index < networkNames.length; index++) place(networkNames[index], refusingConstructor('network', networkNames[index]))
place('Worker', refusingConstructor('Worker', 'Worker'))
place('SharedArrayBuffer', refusingConstructor('SharedArrayBuffer', 'SharedArrayBuffer'))

const refusingNamespace = (name, members) => {
  const object = { __proto__: null }
  for (let index = 0; index < members.length; index++) {
    defineProperty(object, members[index], { __proto__: null, value: refusingConstructor(name, `${name}.${members[index]}`), enumerable: false })
  }
  defineProperty(object, Symbol.toStringTag, { __proto__: null, value: name })
  return guarded(freeze(object))
}
place('WebAssembly', refusingNamespace('WebAssembly', ['compile', 'compileStreaming', 'instantiate', 'instantiateStreaming', 'validate', 'Module', 'Instance', 'Memory', 'Table', 'Global', 'Tag', 'Exception']))
place('Atomics', refusingNamespace('Atomics', ['add', 'and', 'compareExchange', 'exchange', 'isLockFree', 'load', 'notify', 'or', 'pause', 'store', 'sub', 'wait', 'waitAsync', 'xor']))

// A trace names places in the text the caller gave, and only the guest's own frames.
const stackAccessor = descriptorOf(ErrorCtor.prototype, 'stack')
defineProperty(ErrorCtor.prototype, 'stack', {
  __proto__: null,
  get: descriptorOf(
    {
      get stack() {
        const trace = errorStack(this)
        return typeof trace === 'string' ? native.guestFrames(trace) : trace
      },
    },
    'stack',
  ).get,
  set: stackAccessor.set,
  enumerable: false,
  configurable: true,
})
const { captureStackTrace } = ErrorCtor
defineProperty(ErrorCtor, 'captureStackTrace', {
  __proto__: null,
  value: {
    captureStackTrace(target, below) {
      captureStackTrace(target, below)
      const trace = ownValue(target, 'stack')
      if (typeof trace === 'string') {
        defineProperty(target, 'stack', { __proto__: null, value: native.guestFrames(trace), writable: true, enumerable: false, configurable: true })
      }
    },
  }.captureStackTrace,
  writable: true,
  enumerable: false,
  configurable: true,
})

// A promise has no JSON form. It becomes `{}`, as everywhere, and the log says so.
defineProperty(PromiseCtor.prototype, 'toJSON', {
  __proto__: null,
  value: {
    toJSON() {
      writeWarn(['a promise was turned into {}: await it before it is returned or passed on'])
      return {}
    },
  }.toJSON,
  writable: true,
  enumerable: false,
  configurable: true,
})

// Stack traces cannot be rewritten: the hook would be called with frames of the prelude, and the
// functions in them. The names stay, as plain data without effect.
defineProperty(ErrorCtor, 'prepareStackTrace', { __proto__: null, value: undefined, writable: true, enumerable: false, configurable: true })
defineProperty(ErrorCtor, 'stackTraceLimit', { __proto__: null, value: 10, writable: true, enumerable: false, configurable: true })

// The bindings are frozen, not the intrinsics: `error.name = …` must go on working.
place('globalThis', guarded(globalObject))
const globalNames = ownKeys(globalObject)
for (let index = 0; index < globalNames.length; index++) {
  const name = globalNames[index]
  const descriptor = descriptorOf(globalObject, name)
  // `begin` settles these two: a deterministic run takes them away, since what they show depends
  // on the collector.
  const configurable = name === 'WeakRef' || name === 'FinalizationRegistry'
  defineProperty(globalObject, name, { __proto__: null, value: descriptor.value, writable: false, configurable })
}

return driver

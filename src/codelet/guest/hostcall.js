// Host functions: the guest sends an index and JSON text, and gets a promise.

/**
 * seq -> { resolve, reject, name, wrap, site }
 *
 * `site` is an error made where the call is made: if the call fails, that is the place to name.
 */
const waiting = { __proto__: null }

const hostError = (name, seq, message, reason) =>
  brand(named('HostCallError', message), 'HOST_CALL_ERROR', { __proto__: null, function: name, seq, reason })

/** JSON of the list, one argument at a time: a `toJSON` put on arrays must not replace the list. */
const argumentsText = (args) => {
  let text = '['
  for (let index = 0; index < args.length; index++) {
    const item = jsonStringify(args[index])
    text += (index === 0 ? '' : ',') + (item === undefined ? 'null' : item)
  }
  return `${text}]`
}

const NOT_SENT = { __proto__: null, '-2': 'ARGS_TOO_LARGE' }

const callHost = (index, name, args, wrap) =>
  new PromiseCtor((resolve, reject) => {
    let text
    try {
      text = grants.clone ? encodeTagged(args) : argumentsText(args)
    } catch (error) {
      reject(weakMapGet(brands, error) === undefined ? hostError(name, -1, `the arguments of host function "${name}" are not JSON: ${nameOf(ownValue(error, 'message'))}`, 'UNSERIALIZABLE') : error)
      return
    }
    const seq = native.callHost(index, text)
    if (seq >= 0) {
      defineProperty(waiting, seq, { __proto__: null, configurable: true, value: { __proto__: null, resolve, reject, name, wrap, site: new ErrorCtor() } })
    } else if (seq === -1) {
      reject(overBudget('max_host_calls', native.maxHostCalls(), 'raise the `max_host_calls` option'))
    } else {
      reject(hostError(name, -1, `the arguments of host function "${name}" are over max_host_arg_bytes`, NOT_SENT[seq]))
    }
  })

/** The host's answer to call `seq`: its value, or what to say of its failure. */
const settle = (seq, ok, answer) => {
  const call = ownValue(waiting, seq)
  if (call === undefined) return
  delete waiting[seq]
  if (ok) {
    call.resolve(call.wrap === undefined ? answer : call.wrap(answer))
    return
  }
  const message = ownValue(answer, 'message')
  const policy = ownValue(answer, 'policy')
  if (typeof policy === 'object' && policy !== null) {
    native.countDenial()
    const details = { __proto__: null, capability: ownValue(policy, 'capability'), name: ownValue(policy, 'name') }
    call.reject(brand(retitled(call.site, 'PolicyViolation', message), 'POLICY_VIOLATION', details))
  } else {
    const details = { __proto__: null, function: call.name, seq, reason: ownValue(answer, 'reason') }
    call.reject(brand(retitled(call.site, 'HostCallError', message), 'HOST_CALL_ERROR', details))
  }
}

/** fetch: performed by the host, answered as a small Response. */
const makeResponse = (reply) => {
  const body = reply.body
  return freeze({
    ok: reply.ok,
    status: reply.status,
    statusText: reply.statusText,
    url: reply.url,
    redirected: reply.redirected,
    headers: freeze({
      get: (name) => ownValue(reply.headers, native.lowerCase(`${name}`)) ?? null,
      has: (name) => ownValue(reply.headers, native.lowerCase(`${name}`)) !== undefined,
      entries: () => jsonParse(jsonStringify(objectEntries(reply.headers))),
    }),
    text: async () => body,
    json: async () => jsonParse(body),
  })
}

const fetchFunction = {
  fetch(url, init) {
    if (!grants.fetch) throw denied('fetch')
    const target = typeof url === 'string' ? url : `${url}`
    return callHost(grants.fetchIndex, 'fetch', init === undefined ? [target] : [target, init], makeResponse)
  },
}.fetch

// Host functions: the guest sends an index and JSON text, and gets a promise. Calls with plain data
// never come here (see `hostcall.rs`).

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

/** The promise of a call that was not made. */
const refused = (error) => new PromiseCtor((_, reject) => reject(error))

/** What `native.callHost` says of a call it did not make. */
const reasonNotSent = (code, name) =>
  code === -1
    ? overBudget('max_host_calls', native.maxHostCalls(), 'raise the `max_host_calls` option')
    : hostError(name, -1, `the arguments of host function "${name}" are over max_host_arg_bytes`, 'ARGS_TOO_LARGE')

/** The promise of a call that the host side did not take. */
const notSent = (code, name) => refused(reasonNotSent(code, name))

/** A call whose arguments are not plain data: writing them may run the guest's code. */
const callWritten = (index, name, args, wrap) => {
  let text
  try {
    text = grants.clone ? encodeTagged(args, 'arguments') : argumentsText(args)
  } catch (error) {
    return refused(weakMapGet(brands, error) === undefined ? hostError(name, -1, `the arguments of host function "${name}" ${grants.clone ? 'cannot be cloned' : 'are not JSON'}: ${nameOf(ownValue(error, 'message'))}`, 'UNSERIALIZABLE') : error)
  }
  const answer = native.callHostText(index, name, wrap, text)
  return typeof answer === 'number' ? notSent(answer, name) : answer
}

/** The host's answer to a call: what is not just a value for its promise. */
const settle = (ok, answer, resolve, reject, wrap, name, site, seq) => {
  if (ok) {
    const unreadable = whyUnreadable(answer)
    if (unreadable === undefined) resolve(wrap === undefined ? answer : wrap(answer))
    else {
      const details = { __proto__: null, function: name, seq, reason: 'UNSERIALIZABLE' }
      const message = `host function "${name}" returned a value that a codelet cannot hold: ${unreadable}`
      reject(brand(retitled(site, 'HostCallError', message), 'HOST_CALL_ERROR', details))
    }
    return
  }
  const message = ownValue(answer, 'message')
  const policy = ownValue(answer, 'policy')
  if (typeof policy === 'object' && policy !== null) {
    native.countDenial()
    const details = { __proto__: null, capability: ownValue(policy, 'capability'), name: ownValue(policy, 'name') }
    reject(brand(retitled(site, 'PolicyViolation', message), 'POLICY_VIOLATION', details))
  } else {
    const details = { __proto__: null, function: name, seq, reason: ownValue(answer, 'reason') }
    reject(brand(retitled(site, 'HostCallError', message), 'HOST_CALL_ERROR', details))
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
    return callWritten(grants.fetchIndex, 'fetch', init === undefined ? [target] : [target, init], makeResponse)
  },
}.fetch

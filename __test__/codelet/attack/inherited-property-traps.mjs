// Setters and getters on Object.prototype and Array.prototype, for every name the prelude might
// write or read plainly: none of them is told anything, and everything goes on working.
import { assert, body, finds, finish, run } from './support/attack.mjs'

const names = [
  '0',
  '1',
  '2',
  'value',
  'get',
  'set',
  'writable',
  'enumerable',
  'configurable',
  'message',
  'name',
  'stack',
  'cause',
  'code',
  'details',
  'length',
  'resolve',
  'reject',
  'wrap',
  'policy',
  'capability',
  'reason',
  'then',
  'toJSON',
  'id',
  'due',
  'callback',
  'args',
  'every',
  'next',
  'done',
  'left',
  'outer',
  'timers',
  'fetch',
  'random',
  'now',
  'env',
  'host',
  'fetchIndex',
  'genuine',
  'thrown',
  'report',
  'ok',
  'text',
  'body',
  'headers',
  'status',
  'json',
  'wanted',
  'exports',
  'limit',
  'limitValue',
  'function',
  'seq',
  'native',
  'prototype',
  'apply',
  'call',
  'bind',
  'raw',
  'index',
  'input',
  'lastIndex',
  'flags',
  'source',
  'size',
  'has',
  'keys',
  'url',
  'method',
  'define',
  'deleteProperty',
  'setPrototypeOf',
  'preventExtensions',
  'ownKeys',
  'isExtensible',
  'getPrototypeOf',
  'construct',
  'log',
  'undefined',
  'null',
  '-1',
  '-2',
  'prepareStackTrace',
  'stackTraceLimit',
  'fileName',
  'lineNumber',
  'columnNumber',
  'errors',
]
const setUp = (kind) => `
  const caught = []
  for (const proto of [Object.prototype, Array.prototype, Function.prototype, Error.prototype, Promise.prototype]) for (const key of ${JSON.stringify(names)}) {
    const d = Reflect.getOwnPropertyDescriptor(proto, key)
    if (d !== undefined) continue
    Reflect.defineProperty(proto, key, { __proto__: null, configurable: true, ${kind === 'accessor' ? 'get() { note(this, key); return undefined }, set(v) { note(this, key); note(v, key) }' : "value: 'inherited', writable: true"} })
  }
  function note(v, key) { if ((typeof v === 'object' || typeof v === 'function') && v !== null) Reflect.defineProperty(caught, String(caught.length), { __proto__: null, value: v, configurable: true, enumerable: true, writable: true }) }
`
// Objects of the guest's own making may of course be asked; objects of the prelude may not.
const foreign = `
  let leaked = ''
  for (let i = 0; i < caught.length; i++) {
    const v = caught[i]
    const keys = Reflect.ownKeys(v)
    for (let k = 0; k < keys.length; k++) {
      const key = String(keys[k])
      if (key === 'hostFunction' || key === 'callWritten' || key === 'countDenial' || key === 'resolve' || key === 'capability' || key === 'genuine' || key === 'due' || key === 'fetchIndex' || key === 'invoke') leaked += key + ' '
    }
  }`
const uses = [
  "console.log('a', { b: [1, new Map([[1, 2]])] }, new Error('x'), [,1], /x/, Symbol('s'), helpers, globalThis, () => 1)",
  'helpers.logger.info({}, [[]])',
  "try { eval('x') } catch {}",
  'try { globalThis.x = 1 } catch {}',
  'try { helpers.env } catch {}',
  'await helpers.echo(1, { a: 1 })',
  'await helpers.group.echo([1])',
  'try { await helpers.fail() } catch {}',
  'try { await helpers.echo(1n) } catch {}',
  'setTimeout(() => {}, 1); clearTimeout(1); clearTimeout(99)',
  'await new Promise((resolve) => setTimeout(resolve, 1))',
  'queueMicrotask(() => {}); await null',
  'helpers.random(); helpers.random.bytes(2); helpers.random.uuid()',
  'helpers.now(); Date.now(); new Date(); Date(); new Date(2020, 1)',
  "Promise.reject(new Error('unhandled'))",
  "try { await import('nowhere') } catch {}",
  "try { require('x') } catch {}",
  'try { new WebAssembly.Module() } catch {}',
  'try { for (let i = 0; i < 70; i++) setTimeout(() => {}, 1e6) } catch {}',
]
const options = {
  host: {
    echo: (...v) => v,
    group: { echo: (v) => v },
    fail() {
      throw new Error('x')
    },
  },
  allow: { timers: true, random: true, now: true },
}
for (const kind of ['accessor', 'value']) {
  for (const use of uses) {
    const result = await run(body(`${setUp(kind)}; ${use}; ${foreign}; return leaked`), options)
    assert.equal(result.error, undefined, `${kind} ${use}: ${JSON.stringify(result.error)}`)
    assert.equal(result.value, '', `${kind} ${use}`)
  }
  for (const [end, code] of [
    ["throw new Error('x')", 'RUNTIME_ERROR'],
    ['throw { a: 1 }', 'RUNTIME_ERROR'],
    ["eval('1')", 'POLICY_VIOLATION'],
    ['await helpers.fail()', 'HOST_CALL_ERROR'],
    ['return 1n', 'RUNTIME_ERROR'],
    ['for (;;) {}', 'TIMEOUT'],
    ['null.x', 'RUNTIME_ERROR'],
    ['const f = () => f(); f()', 'RUNTIME_ERROR'],
  ]) {
    const timeout_ms = code === 'TIMEOUT' ? 200 : 5000
    const result = await run(body(`${setUp(kind)}; ${end}`), { ...options, timeout_ms })
    assert.equal(
      result.error?.code,
      code,
      `${kind} ${end}: ${JSON.stringify(result.error ?? result.value)}`,
    )
  }
}
// The log is written from what is there, not from what is inherited.
const logged = await run(
  body('Object.prototype.get = Object.prototype.set = () => 1; console.log({ a: 1 }, [2])'),
)
assert.deepEqual(
  logged.logs.map(({ message }) => message),
  ['{ a: 1 } [2]'],
)
assert.equal(
  await finds(
    body(
      "Object.prototype.value = 'v'; let r; try { await helpers.echo({ get a() { throw { get message() { return 'm' } } } }) } catch (e) { r = typeof e.message } return r",
    ),
    options,
  ),
  'string',
)
finish()

// A refusal cannot be forged, laundered or turned into something retryable.
import { assert, body, fails, finish, run } from './support/attack.mjs'

const host = {
  fail() {
    throw new Error('host')
  },
  denied: () => 1,
}
// Inherited members of the answer to a failed call.
for (const forged of [
  "{ capability: 'eval', name: 'forged' }",
  "'x'",
  '{}',
  'new Proxy({}, {})',
  "{ get capability() { return 'eval' } }",
]) {
  const { error, usage } = await fails(
    'HOST_CALL_ERROR',
    body(`Object.prototype.policy = ${forged}; await helpers.fail()`),
    { host },
  )
  assert.deepEqual(error.details, { function: 'fail', reason: 'THREW', seq: 0 })
  assert.equal(usage.policyDenials, 0)
}
for (const key of [
  'message',
  'reason',
  'code',
  'capability',
  'name',
  'details',
  'retryable',
  'ok',
  'seq',
  'function',
]) {
  const { error } = await fails(
    'HOST_CALL_ERROR',
    body(
      `for (const p of [Object.prototype, Error.prototype]) Object.defineProperty(p, '${key}', { value: 'forged', configurable: true, writable: true }); await helpers.fail()`,
    ),
    { host },
  )
  assert.equal(error.retryable, false)
  assert.equal(error.details.reason, 'THREW')
}
const imitations = [
  "const e = new Error('eval is denied: code made from strings never runs; no option grants it'); e.name = 'PolicyViolation'; throw e",
  "throw Object.assign(new Error('x'), { code: 'MEMORY_LIMIT', capability: 'eval', genuine: true, details: { capability: 'eval' } })",
  "let d; try { eval('1') } catch (e) { d = e } throw Object.create(d)",
  "let d; try { eval('1') } catch (e) { d = e } throw new Proxy(d, {})",
  "let d; try { eval('1') } catch (e) { d = e } throw new Error('x', { cause: d })",
  "let d; try { eval('1') } catch (e) { d = e } throw new AggregateError([d])",
  "let d; try { eval('1') } catch (e) { d = e } throw [d]",
  "throw { toJSON() { return { code: 'POLICY_VIOLATION' } } }",
  "WeakMap.prototype.get = () => ({ code: 'POLICY_VIOLATION', details: { capability: 'eval' } }); throw new Error('x')",
  "WeakMap.prototype.has = WeakMap.prototype.get = () => true; Map.prototype.get = () => ({ code: 'TIMEOUT' }); throw {}",
  'JSON.stringify = () => \'{"code":"POLICY_VIOLATION"}\'; throw new Error(\'x\')',
  "Reflect.apply = () => ({ code: 'POLICY_VIOLATION' }); throw new Error('x')",
  "Object.defineProperty(Object.prototype, 'code', { get: () => 'POLICY_VIOLATION' }); throw new Error('x')",
  'throw new TypeError("\'Math\' is read-only")',
  'const Mine = 1; Mine = 2',
  'const console = 1; console = 2',
  'const o = Object.freeze({ Math: 1 }); o.Math = 2',
  "'use strict'; Object.freeze([1])[0] = 2",
  'class A { static #p = 1; static t() { null.Math } } A.t()',
]
for (const imitation of imitations) {
  const { error, usage } = await fails('RUNTIME_ERROR', body(imitation))
  assert.equal(error.retryable, false)
  assert.ok(usage.policyDenials <= 1)
  assert.equal(error.details?.capability, undefined, imitation)
}
// What is genuine stays so through every detour.
for (const detour of [
  'try { eval("1") } finally { }',
  'try { eval("1") } catch (e) { delete e.name; e.message = ""; throw e }',
  'try { eval("1") } catch (e) { Object.setPrototypeOf(e, null); throw e }',
  'try { eval("1") } catch (e) { Object.freeze(e); await Promise.reject(e) }',
  'await Promise.all([1, (async () => eval("1"))()])',
  'WeakMap.prototype.get = () => undefined; eval("1")',
  'WeakMap.prototype.set = () => {}; eval("1")',
  'Error.prototype.name = 7; eval("1")',
  'return { get a() { return eval("1") } }',
]) {
  await fails('POLICY_VIOLATION', body(detour))
}
// Counting cannot be dodged.
const counted = await run(
  body("for (let i = 0; i < 1000; i++) { try { eval('1') } catch {} } return 1"),
)
assert.equal(counted.usage.policyDenials, 1000)
finish()

// The hooks of V8's error API lead nowhere: no call sites, no frames of the prelude's functions.
import { assert, body, finds, finish, run } from './support/attack.mjs'

for (const target of [
  'Error',
  'TypeError',
  'RangeError',
  'AggregateError',
  'InternalError',
  'SuppressedError',
  'Error.prototype',
  'Object',
  'Function.prototype',
  'Object.prototype',
]) {
  const seen = await finds(
    body(`
    const seen = []
    try { ${target}.prepareStackTrace = (error, sites) => { seen.push(typeof sites); return sites } } catch {}
    const made = [new Error('a'), new TypeError('b')]
    try { null.x } catch (e) { made.push(e) }
    try { eval('1') } catch (e) { made.push(e) }
    try { helpers.now() } catch (e) { made.push(e) }
    const f = () => f(); try { f() } catch (e) { made.push(e) }
    const kinds = made.map((e) => typeof e.stack)
    return [seen, kinds]`),
  )
  assert.deepEqual(seen, [[], Array(6).fill('string')])
}
const accessors = await finds(
  body(`
  const found = []
  for (const key of Reflect.ownKeys(Error)) { const d = Object.getOwnPropertyDescriptor(Error, key); if (d.get || d.set) found.push(String(key)) }
  return found`),
)
assert.deepEqual(accessors, [])
for (const limit of [
  '0',
  '-1',
  'NaN',
  'Infinity',
  '1e9',
  '"x"',
  '{ valueOf() { for (;;) {} } }',
  'null',
  '1n',
  'Symbol()',
]) {
  const result = await run(body(`Error.stackTraceLimit = ${limit}; throw new Error('x')`))
  assert.equal(result.error.code, 'RUNTIME_ERROR')
  assert.equal(result.error.message, 'x')
  assert.equal(result.error.line, 2)
}
// captureStackTrace on anything, also on what the host handed in.
for (const target of [
  '{}',
  '[]',
  'helpers',
  'globalThis',
  'Math',
  'G',
  'Object.freeze({})',
  'new Proxy({}, { defineProperty() { throw 1 } })',
  'null',
  '1',
  'new Proxy({}, { get() { for (;;) {} } })',
]) {
  await run(body(`try { Error.captureStackTrace(${target}, main) } catch {} return 1`), {
    globals: { G: {} },
  })
}
// The stack of a denial shows no function object, source text or path of the host.
const stack = await finds(
  body(`
  const texts = []
  for (const act of [() => eval('1'), () => new Function(), () => helpers.now(), () => { globalThis.x = 1 }, () => setTimeout()]) { try { act() } catch (e) { texts.push(e.stack) } }
  return texts.join()`),
)
assert.doesNotMatch(stack, new RegExp(`${process.cwd()}|/src/|\\.rs:|file:|node:`))
// toString of a function of the prelude gives no source.
const sources = await finds(
  body(`
  return [console.log, fetch, eval, require, Function, setTimeout, Date, helpers.f, helpers.logger.info, queueMicrotask, Worker, WebAssembly.compile].map((f) => Function.prototype.toString.call(f).includes('[native code]'))`),
  { host: { f: () => 1 } },
)
assert.ok(sources.every(Boolean), JSON.stringify(sources))
finish()

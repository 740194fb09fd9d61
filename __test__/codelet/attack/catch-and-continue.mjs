// Nothing the guest can write catches the end of its run, or goes on after it.
import { assert, body, finish, runner, stops } from './support/attack.mjs'

const calls = []
const host = {
  note: (text) => {
    calls.push(text)
    return 1
  },
}
const dodges = [
  'for (;;) { try { for (;;) {} } catch {} }',
  'try { for (;;) {} } finally { helpers.note("finally"); for (;;) {} }',
  'label: for (;;) { try { continue label } finally { continue label } }',
  'const f = () => { try { for (;;) {} } catch { f() } finally { f() } }; f()',
  'await (async () => { for (;;) {} })().catch(() => helpers.note("caught"))',
  'Promise.resolve().then(() => { for (;;) {} }).finally(() => helpers.note("finally")); await new Promise(() => {})',
  'const g = (function* () { try { for (;;) yield } finally { helpers.note("return") } })(); for (const _ of g) { for (;;) {} }',
  'new FinalizationRegistry(() => helpers.note("finalized")).register({}, 1); for (;;) ({})',
  '{ using d = { [Symbol.dispose]() { helpers.note("disposed") } }; for (;;) {} }',
  'try { using d = { [Symbol.dispose]() { for (;;) {} } } } catch {}; for (;;) {}',
  'class A { static { try { for (;;) {} } finally { for (;;) {} } } }',
  "return { get a() { try { for (;;) {} } catch { return 'survived' } } }",
  "throw { get message() { try { for (;;) {} } catch { return 'survived' } } }",
  "throw new Proxy({}, { get() { try { for (;;) {} } finally { helpers.note('trap') } } })",
  'setTimeout(() => helpers.note("timer"), 1); for (;;) {}',
  'queueMicrotask(() => helpers.note("microtask")); for (;;) {}',
  'helpers.note("sent late"); for (;;) {}',
  'console.log = () => {}; Error.prototype.toString = () => { for (;;) {} }; for (;;) {}',
  'const r = () => { try { r() } catch { for (;;) {} } }; r()',
  '[1].sort.call([2, 1], () => { try { for (;;) {} } catch { return 0 } })',
  "'x'.replace(/x/, () => { try { for (;;) {} } catch {} })",
  'JSON.stringify({ toJSON() { try { for (;;) {} } catch {} } })',
  'Reflect.construct(Promise, [() => { try { for (;;) {} } catch {} }])',
  'for (;;) { try { new Array(2 ** 32 - 1).reverse() } catch {} }',
].filter((dodge) => !dodge.includes('using') || true)
for (const dodge of dodges) {
  const result = await runner.run(
    { type: 'string', code: body(dodge) },
    { timeout_ms: 50, host, allow: { timers: true } },
  )
  // `using` may be unknown to the engine; everything else must have been stopped.
  assert.equal(
    result.error?.code,
    dodge.includes('using') && result.error?.code === 'SYNTAX_ERROR' ? 'SYNTAX_ERROR' : 'TIMEOUT',
    `${dodge}: ${JSON.stringify(result.error ?? result.value)}`,
  )
}
await stops('TIMEOUT', body('for (;;) {}'))
await new Promise((resolve) => setTimeout(resolve, 100))
assert.deepEqual(calls, [], 'a run went on after its end')
finish()

// Depth of every sort: calls, data in and out, source text, chains of wrappers. Never a crash.
import { assert, body, finds, finish, run, runner } from './support/attack.mjs'

const caught = (statements) =>
  body(`try { ${statements} } catch (e) { return e.name } return 'done'`)
const wrap = (first, next, use, count = 1e5) =>
  caught(
    `let it = ${first}; for (let i = 0; i < ${count}; i++) it = ${next}; return String(${use}).slice(0, 9)`,
  )
const deep = [
  ...[
    'it.map((x) => x)',
    'it.filter(() => 1)',
    'it.take(9)',
    'it.drop(0)',
    'it.flatMap((x) => [x])',
    'Iterator.concat(it)',
    'Iterator.from({ __proto__: it })',
  ].flatMap((next) => [
    wrap('[1, 2].values()', next, '[...it]'),
    wrap('[1, 2].values()', next, 'it.next().done'),
    wrap('[1, 2].values()', next, 'it.return()'),
  ]),
  ...[
    'it.x',
    '"x" in it',
    'Object.keys(it)',
    'delete it.x',
    'Object.isExtensible(it)',
    'Object.getPrototypeOf(it)',
    'Array.isArray(it)',
    'JSON.stringify(it)',
    'Object.assign({}, it)',
    'it instanceof Array',
    'String(it)',
    '(it.x = 1)',
    'Object.freeze(it)',
    'console.log(it)',
  ].map((use) => wrap('{}', 'new Proxy(it, {})', use)),
  ...['it()', 'new it()', '({}) instanceof it', 'it.name'].flatMap((use) => [
    wrap('function () { return 1 }', 'it.bind()', use, 3e4),
    wrap('function () { return 1 }', 'new Proxy(it, {})', use),
  ]),
  wrap('[]', '[it]', 'it'),
  wrap('[]', '[it]', 'it.flat(Infinity)'),
  wrap('[]', '[it]', 'JSON.stringify(it)'),
  wrap('{}', '{ it }', 'JSON.stringify(it)'),
  wrap('[]', '[it]', 'it.toLocaleString()'),
  wrap('{}', 'Object.create(new Proxy(it, {}))', 'it.x'),
  wrap('class {}', 'class extends it {}', 'new it()', 3e4),
  wrap('(function* () { yield 1 })()', '(function* (g) { yield* g })(it)', '[...it]', 3e4),
  wrap("new Error('x')", "new Error('y', { cause: it })", 'it'),
  wrap("new Error('x')", "new Error('y', { cause: it })", 'console.log(it)'),
  wrap('() => 1', '((f) => () => f())(it)', 'it()'),
  wrap("'x'.repeat(9000)", "it + 'abcdefgh'.repeat(20)", 'it.length', 2e4),
  wrap('{ get x() { return 1 } }', '((o) => ({ get x() { return o.x } }))(it)', 'it.x'),
  wrap(
    'new DisposableStack()',
    '((d) => { const e = new DisposableStack(); e.use(d); return e })(it)',
    'it.dispose()',
    3e4,
  ),
  wrap('Promise.resolve()', '((p) => p.then(() => p))(it)', 'it', 2e4),
  wrap('{ then(r) { r(1) } }', '((t) => ({ then(r) { r(t) } }))(it)', 'await it', 2e4),
  caught("JSON.parse('['.repeat(2e5))"),
  caught(`JSON.parse('{"a":'.repeat(1e5) + '1' + '}'.repeat(1e5))`),
  caught("new RegExp('(?:'.repeat(1e5) + ')'.repeat(1e5))"),
  caught("new RegExp('['.repeat(1e5) + ']'.repeat(1e5), 'v')"),
  caught('const f = () => f(); f()'),
  caught('const f = () => [1].map(f); f()'),
  caught("const f = () => 'a'.replace(/a/, f); f()"),
  caught('const f = () => JSON.stringify({ toJSON: f }); f()'),
  caught('const f = () => new Proxy({}, { get: f }).x; f()'),
  caught('const o = { valueOf: () => +o }; +o'),
  caught('class A { constructor() { new A() } } new A()'),
  caught('const f = async () => { await f() }; await f()'),
  caught('const f = () => helpers.logger.info({ get x() { return f() } }, f()); f()'),
  caught('const f = () => { try { f() } finally { f() } }; f()').replace(
    'f() } finally { f() }',
    'f() } catch (e) { throw e }',
  ),
]
for (const code of deep) {
  for (const max_stack_bytes of [65_536, 2_097_152]) {
    const result = await runner.run(
      { type: 'string', code },
      { timeout_ms: 1000, max_stack_bytes, memory_limit_bytes: 1 << 28 },
    )
    assert.ok(
      ['MEMORY_LIMIT', 'TIMEOUT', 'RUNTIME_ERROR', undefined].includes(result.error?.code),
      `${JSON.stringify(result.error)}: ${code}`,
    )
  }
}
for (const [open, middle, close] of [
  ['(', '1', ')'],
  ['[', '1', ']'],
  ['{', '', '}'],
  ['!', '1', ''],
  ['()=>', '1', ''],
  ['`${', '1', '}`'],
  ['a?', '1', ':1'],
  ['-', '1', ''],
  ['new ', 'x', ''],
  ['a=', '1', ''],
  ['2**', '1', ''],
  ['if(1)', ';', ''],
  ['async()=>', '1', ''],
  ['class{x=', '1', '}'],
  ['function(){return ', '1', '}'],
  ['f(', '1', ')'],
  ['a[', '1', ']'],
  ['void ', '1', ''],
]) {
  const times = Math.floor(240_000 / (open.length + close.length))
  await run(
    `export const main = () => {${open === 'if(1)' ? '' : 'return '}${open.repeat(times)}${middle}${close.repeat(times)}}`,
  )
}
// Data: as deep as JSON of the host goes, in every direction.
const nest = (levels) => {
  let value = 1
  for (let i = 0; i < levels; i++) value = [value]
  return value
}
const host = { give: () => nest(2000), take: () => 1 }
for (const max_stack_bytes of [65_536, 1_048_576]) {
  for (const [statements, options] of [
    ['return input', { input: nest(2000) }],
    ['return G.length', { globals: { G: nest(2000) } }],
    ['return (await helpers.give()).length', { host }],
    ['let a = []; for (let i = 0; i < 1e4; i++) a = [a]; await helpers.take(a)', { host }],
    ['let a = []; for (let i = 0; i < 1e5; i++) a = [a]; throw a', {}],
  ]) {
    await run(body(statements), { ...options, max_stack_bytes })
  }
}
assert.equal(
  await finds(body('let a = []; for (let i = 0; i < 1e5; i++) a = [a]; console.log(a); return 1')),
  1,
)
finish()

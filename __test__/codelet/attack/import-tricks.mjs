// Whatever an import names, only the modules that were given are found.
import { assert, body, fails, finds, finish, run } from './support/attack.mjs'

const modules = {
  'lib/a.js': 'export const n = 1',
  'lib/deep/b.js': 'export const up = (name) => import(name)',
}
const names = [
  'fs',
  'node:fs',
  'std',
  'os',
  'bjson',
  'qjs:std',
  'qjs:os',
  'data:text/javascript,export default 1',
  'file:///etc/passwd',
  '/etc/passwd',
  '../../../etc/passwd',
  './../lib/a.js/../../x',
  'lib/../../lib/a.js',
  'lib\\a.js',
  'lib/a.js\0',
  'lib/a.js ',
  ' lib/a.js',
  'LIB/A.JS',
  'lib//a.js',
  'lib/a',
  'https://127.0.0.1/x.js',
  'blob:x',
  'javascript:1',
  '%6cib/a.js',
  'lib/a.js?x',
  'lib/a.js#x',
  'native',
  'prelude',
  '<null>',
  'driver',
  'codelet.js',
  './codelet.js?x',
  '',
  '.',
  '..',
  './',
  '__proto__',
  'constructor',
  'toString',
  '\ud800',
  'ｌib/a.js',
  'x'.repeat(1e5),
  `${'../'.repeat(1e4)}lib/a.js`,
  `${'./'.repeat(1e4)}..`,
]
for (const name of names) {
  const text = JSON.stringify(name)
  for (const code of [
    `import ${text}\nexport const main = () => 1`,
    `export * from ${text}\nexport const main = () => 1`,
    `export const main = () => import(${text})`,
    `import { up } from 'lib/deep/b.js'\nexport const main = () => up(${text})`,
  ]) {
    const result = await run(code, { modules })
    // The codelet may be one of its own modules; nothing else may be found. The engine ends a name
    // at a NUL: what is left may be a given module.
    const own = name === 'codelet.js' || Object.hasOwn(modules, name.split('\0')[0])
    assert.ok(
      result.error?.code === 'POLICY_VIOLATION' ||
        own ||
        (result.error?.code === 'SYNTAX_ERROR' && name.includes('\ud800')),
      `${text.slice(0, 60)}: ${JSON.stringify(result.error ?? result.value)}`,
    )
  }
}
for (const specifier of [
  '{ toString: () => "fs" }',
  'new Proxy({}, { get: () => () => "fs" })',
  '["fs"]',
  'null',
  '1n',
  'undefined',
  '{ [Symbol.toPrimitive]: () => "fs" }',
  "Object('fs')",
  '(() => { let n = 0; return { toString: () => (n++ ? "lib/a.js" : "fs") } })()',
]) {
  await fails('POLICY_VIOLATION', body(`return import(${specifier})`), { modules })
}
for (const hostile of [
  '{ toString() { throw new Error("x") } }',
  'Symbol()',
  '{ toString: () => ({}) }',
  'Object.create(null)',
]) {
  await fails('RUNTIME_ERROR', body(`return import(${hostile})`), { modules })
}
for (const attributes of [
  "{ with: { type: 'json' } }",
  "{ with: { type: 'bytes' } }",
  '{ get with() { throw 1 } }',
  "{ assert: { type: 'json' } }",
  'new Proxy({}, { get() { throw 1 } })',
  'null',
]) {
  const result = await run(body(`const m = await import('lib/a.js', ${attributes}); return m.n`), {
    modules,
  })
  assert.ok(
    result.value === 1 ||
      ['RUNTIME_ERROR', 'POLICY_VIOLATION', 'SYNTAX_ERROR'].includes(result.error?.code),
  )
}
// A namespace is sealed; a module cannot be swapped for the next import, or for the next run.
assert.deepEqual(
  await finds(
    body(`
  const m = await import('lib/a.js'); const tries = []
  for (const act of [() => { m.n = 2 }, () => { delete m.n }, () => { m.x = 1 }, () => Object.defineProperty(m, 'n', { value: 2 }), () => Object.setPrototypeOf(m, {})]) { try { act(); tries.push('did') } catch (e) { tries.push(e.name) } }
  return [tries, (await import('lib/a.js')).n, Object.getPrototypeOf(m), Object.isExtensible(m)]`),
    { modules },
  ),
  [Array(5).fill('TypeError'), 1, null, false],
)
// import.meta is empty, and each module's own.
assert.deepEqual(
  await finds(
    body(
      'import.meta.mine = 1; return [Reflect.ownKeys(import.meta), typeof import.meta.url, typeof import.meta.resolve, typeof import.meta.main]',
    ),
  ),
  [['mine'], 'undefined', 'undefined', 'undefined'],
)
assert.equal(
  (await finds("import * as self from './codelet.js'\nexport const main = () => typeof self.main", {
    modules,
  }).catch(() => 'denied')) !== undefined,
  true,
)
finish()

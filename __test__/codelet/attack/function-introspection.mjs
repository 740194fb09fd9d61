// caller, arguments, toString, names and lengths of functions give no way into the prelude.
import { assert, body, finds, finish } from './support/attack.mjs'

const value = await finds(
  body(`
  const hits = []
  const look = (f, where) => {
    for (const key of ['caller', 'arguments', 'callee', 'displayName', '__proto__', 'scopes', '[[Scopes]]', 'environment', 'home', 'source', 'code']) {
      let v; try { v = f[key] } catch { continue }
      if (v !== undefined && key !== '__proto__') hits.push(where + '.' + key)
    }
    const text = Function.prototype.toString.call(f)
    if (!/\\[native code\\]/.test(text)) hits.push(where + ' shows its source: ' + text.slice(0, 40))
  }
  const known = { log: console.log, random: Math.random, now: Date.now, elapsed: performance.now, Date, eval, Function, require, fetch, setTimeout, queueMicrotask, Worker, f: helpers.f, g: helpers.group.g, logger: helpers.logger.info, wasm: WebAssembly.compile, uuid: helpers.random.uuid, bytes: helpers.random.bytes, AsyncFunction: (async () => {}).constructor, env: Object.getOwnPropertyDescriptor(helpers, 'now').value }
  for (const [name, f] of Object.entries(known)) look(f, name)
  function who() { try { return who.caller } catch { return null } }
  for (const call of [() => [1].map(who), () => JSON.stringify({ toJSON: who }), () => new Proxy({}, { get: who }).x, () => console.log({ toString: who }), () => helpers.f({ toJSON: who }), () => Reflect.apply(who, null, [])]) { try { const r = call(); if (Array.isArray(r) && r[0]) hits.push('caller') } catch {} }
  function sloppy() { return arguments }
  let callee; try { callee = sloppy().callee } catch (e) { callee = e.name }
  if (callee !== 'TypeError') hits.push('callee')
  const restricted = ['caller', 'arguments'].map((key) => { try { return typeof Function.prototype[key] } catch (e) { return e.name } })
  return [hits, restricted]`),
  { host: { f: () => 1, group: { g: () => 1 } }, allow: { random: true } },
)
assert.deepEqual(value[0], [])
for (const found of value[1]) assert.ok(['TypeError', 'undefined'].includes(found))
// Renaming, rebinding and replacing what the prelude uses by name changes nothing for it.
assert.deepEqual(
  await finds(
    body(`
  const shown = { a: [1, new Map([[1, 2]]), new Set([1]), new Date(0), Symbol('s'), /x/, new Uint8Array(1)] }
  for (const f of [console.log, Math.random, Date, helpers.f]) { try { Object.defineProperty(f, 'name', { value: 'x'.repeat(1000) }); Object.defineProperty(f, 'length', { value: -1 }) } catch {} }
  Function.prototype.call = Function.prototype.apply = Function.prototype.bind = Function.prototype.toString = () => { throw new Error('used') }
  Object.defineProperty = Object.freeze = Object.keys = Reflect.ownKeys = Reflect.apply = Reflect.construct = () => { throw new Error('used') }
  Object.getPrototypeOf = Object.getOwnPropertyDescriptor = Reflect.getOwnPropertyDescriptor = Reflect.defineProperty = () => { throw new Error('used') }
  JSON.stringify = JSON.parse = () => { throw new Error('used') }
  Array.isArray = Array.from = Array.prototype.push = Array.prototype.slice = Array.prototype.map = Array.prototype.join = () => { throw new Error('used') }
  String.prototype.slice = String.prototype.replace = String.prototype.toString = String.prototype.split = () => { throw new Error('used') }
  Map.prototype.get = Map.prototype.set = Map.prototype.forEach = WeakMap.prototype.get = WeakMap.prototype.set = Set.prototype.forEach = () => { throw new Error('used') }
  Number.isFinite = Date.prototype.toISOString = Date.prototype.getTime = Symbol.prototype.toString = () => { throw new Error('used') }
  console.log('logged', shown)
  const r = await helpers.f({ a: 1 }); let denied = ''; try { eval('1') } catch (e) { denied = e.name }
  await new Promise((resolve) => { setTimeout(resolve, 1) })
  return [r, denied, helpers.random.uuid().length]`),
    { host: { f: (v) => v }, allow: { random: true, timers: true } },
  ),
  [{ a: 1 }, 'PolicyViolation', 36],
)
finish()

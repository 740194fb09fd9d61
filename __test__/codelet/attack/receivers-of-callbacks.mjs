// `this` of callbacks, getters and setters: the real global object gives a guest nothing to change.
import { assert, body, finds, finish } from './support/attack.mjs'

const collect = `
  const found = new Set(); const see = function () { found.add(this); return 0 }
  const things = [() => [1].map(see), () => [2, 1].sort(see), () => Object.groupBy([1], see), () => Map.groupBy([1], see), () => 'a'.replace('a', see), () => 'a'.replace(/a/g, see), () => JSON.parse('[1]', see), () => JSON.stringify([1], see), () => Array.from([1], see), () => queueMicrotask(see), () => { new Promise(see) }, () => Promise.resolve().then(see).finally(see), () => new Map([[1, 1]]).forEach(see), () => Reflect.apply(see), () => new Uint8Array([2, 1]).sort(see), () => Iterator.from([1].values()).map(see).toArray(), () => Promise.try(see), () => [1].reduce(see), () => new FinalizationRegistry(see), () => setTimeout(see, 0), () => [1].findLast(see), () => new DisposableStack().defer(see), () => { const d = new DisposableStack(); d.adopt(1, see); d.dispose() }, () => Array.fromAsync([1], see), () => [...'x'.matchAll({ [Symbol.matchAll]: see })], () => new Proxy({}, { get: see }).x, () => ({ get x() { return see.call(this) } }).x, () => tag\`x\`, () => helpers.f({ toJSON: see }), () => new Set([1]).forEach(see), () => [3].flatMap(see), () => [1].toSorted(see)]
  function tag() { found.add(this) }
  Object.defineProperty(Object.prototype, 'bareRead', { configurable: true, get() { found.add(this); return 1 }, set(v) { found.add(this) } })
  for (const thing of things) { try { await thing() } catch {} }
  try { bareRead; typeof bareRead; bareRead = 1 } catch {}
  await new Promise((resolve) => setTimeout(resolve, 2))`
const value = await finds(
  body(`${collect}
  const reports = []
  const names = Reflect.ownKeys(globalThis)
  for (const target of found) {
    if ((typeof target !== 'object' && typeof target !== 'function') || target === null || !Reflect.has(target, 'Math') || target === globalThis) continue
    const before = names.map((name) => Reflect.get(target, name))
    for (const name of [...names, 'fresh', Symbol('fresh'), '__proto__', 0]) {
      for (const act of [() => { target[name] = 'changed' }, () => Object.defineProperty(target, name, { value: 'changed', configurable: true }), () => Object.defineProperty(target, name, { get: () => 'changed' }), () => delete target[name], () => Reflect.set(target, name, 'changed'), () => Reflect.deleteProperty(target, name), () => target.__defineGetter__(name, () => 1)]) { try { act() } catch {} }
    }
    try { Object.setPrototypeOf(target, { fresh: 1 }) } catch {}
    try { target.__proto__ = { fresh: 1 } } catch {}
    names.forEach((name, i) => { if (!Object.is(Reflect.get(target, name), before[i])) reports.push('changed ' + String(name)) })
    if (target.fresh !== undefined || Object.isExtensible(target) || typeof fresh !== 'undefined') reports.push('extended')
    // It holds no more than the face does.
    const more = Reflect.ownKeys(target).filter((name) => !names.includes(name)); if (more.length) reports.push('more: ' + more.map(String))
  }
  return reports`),
  { host: { f: () => 1 }, allow: { timers: true } },
)
assert.deepEqual(value, [])
// Nothing else that a callback receives is the prelude's: no driver, no native, no waiting calls.
const leaked = await finds(
  body(`${collect}
  const seen = new Set(); const queue = [...found]; const hits = []
  for (const object of queue) {
    if ((typeof object !== 'object' && typeof object !== 'function') || object === null || seen.has(object)) continue
    seen.add(object)
    for (const key of Reflect.ownKeys(object)) { if (['hostFunction', 'callWritten', 'countDenial', 'logRoom', 'guestFrames', 'invoke', 'describe', 'settle', 'fireTimer', 'readOnlyTarget'].includes(key)) hits.push(key); const d = Reflect.getOwnPropertyDescriptor(object, key); queue.push(d.value, d.get, d.set) }
    queue.push(Reflect.getPrototypeOf(object))
  }
  return [seen.size > 300, hits]`),
  { host: { f: () => 1 }, allow: { timers: true } },
)
assert.deepEqual(leaked, [true, []])
finish()

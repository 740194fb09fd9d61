// The machine does not show: time zone, locale, environment, versions, clocks, addresses.
import { assert, body, finds, finish, run } from './support/attack.mjs'

process.env.TZ = 'America/New_York'
process.env.LANG = 'de_DE.UTF-8'
process.env.RUNLET_SECRET = 's3cret-value'
for (const options of [{}, { deterministic: { seed: 1 } }]) {
  const zone = await finds(
    body(`
    const d = new Date(2020, 6, 1, 12)
    return [d.getTimezoneOffset(), d.toISOString(), new Date(0).getHours(), new Date(0).toString(), new Date(0).toTimeString(), Date.parse('2020-01-01T00:00'), new Date('1/1/2020').getTime(), new Date(2020, 0).valueOf(), new Date(0).toLocaleString().length > 0, Date().includes('GMT+0000'), typeof Intl]`),
    options,
  )
  assert.deepEqual(zone.slice(0, 3), [0, '2020-07-01T12:00:00.000Z', 0])
  assert.match(zone[3], /00:00:00 GMT\+0000/)
  assert.match(zone[4], /^00:00:00 GMT\+0000/)
  assert.deepEqual(zone.slice(5, 8), [1577836800000, 1577836800000, 1577836800000])
  assert.deepEqual(zone.slice(9), [true, 'undefined'])
  assert.deepEqual(
    await finds(
      body(
        "return [(1234.5).toLocaleString(), ['b', 'ä', 'a'].sort((x, y) => x.localeCompare(y)).length, 'I'.toLocaleLowerCase('tr')]",
      ),
      options,
    ).then((v) => v.length),
    3,
  )
}
// Every text that can be reached, errors and sources of functions included, is free of the machine.
const everything = await finds(
  `
export async function main(input, helpers) {
  const seen = new Set(); const queue = [globalThis, helpers, import.meta, async () => {}, new Error('x')]; const texts = []
  for (const act of [() => null.x, () => eval('1'), () => JSON.parse('{'), () => require('x'), () => new RegExp('('), () => helpers.env]) { try { act() } catch (e) { queue.push(e) } }
  await import('nowhere').catch((e) => queue.push(e))
  for (const object of queue) {
    if (typeof object === 'string') texts.push(object)
    if ((typeof object !== 'object' && typeof object !== 'function') || object === null || seen.has(object)) continue
    seen.add(object); queue.push(Reflect.getPrototypeOf(object))
    try { texts.push(String(object)) } catch {}
    try { texts.push(String(object.stack)) } catch {}
    for (const key of Reflect.ownKeys(object)) { texts.push(String(key)); const d = Reflect.getOwnPropertyDescriptor(object, key); queue.push(d.value, d.get, d.set) }
  }
  return texts.join('\\n')
}`,
  { max_result_bytes: 1 << 24 },
)
for (const secret of [
  process.cwd(),
  process.env.HOME,
  's3cret-value',
  process.version,
  'node_modules',
  '.cargo',
  'registry',
  '.rs',
  'quickjs.c',
  'America',
  'de_DE',
]) {
  if (secret && secret.length > 2) assert.ok(!everything.includes(secret), `${secret} shows`)
}
assert.doesNotMatch(everything, /0x[0-9a-f]{8,}/i)
// performance.now starts over in each run and says nothing of the host's uptime.
for (let i = 0; i < 3; i++) assert.ok((await finds(body('return performance.now()'))) < 1000)
assert.equal(
  await finds(
    body(
      'return [typeof performance.timeOrigin, typeof performance.mark, typeof performance.memory].join()',
    ),
  ),
  'undefined,undefined,undefined',
)
// What one run leaves in memory, the next does not find: fresh buffers are zero.
await run(
  body(
    "const keep = []; for (let i = 0; i < 20; i++) keep.push(new Uint8Array(1e6).fill(0xa5)); keep.push('S3CRET'.repeat(1e5)); return 1",
  ),
)
assert.equal(
  await finds(
    body(
      'for (let i = 0; i < 20; i++) { if (new Uint8Array(1e6).some((b) => b !== 0)) return "dirty" } const b = new ArrayBuffer(8, { maxByteLength: 1e6 }); b.resize(1e6); return new Uint8Array(b).some((x) => x !== 0) ? "dirty" : "clean"',
    ),
  ),
  'clean',
)
// Two runs draw different numbers although both start from the same image.
const drawn = await Promise.all(
  Array.from({ length: 20 }, () =>
    finds(body('return [Math.random(), helpers.random.uuid()].join()'), {
      allow: { random: true },
    }),
  ),
)
assert.equal(new Set(drawn).size, 20)
finish()

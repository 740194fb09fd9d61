// Modules in a ring, one of them with an import that is refused: the engine frees the half-read
// module and keeps pointers to it. After such a refusal nothing may be imported any more.
import { assert, finds, finish } from './support/attack.mjs'

const rings = [
  { a: "import 'b'; import 'nope'", b: "import 'a'" },
  { a: "import 'b'; import 'node:fs'; export let q = 1", b: "import { q } from 'a'; export { q }" },
  { a: "import 'b'", b: "import 'c'", c: "import 'a'; import '../up'" },
  { a: "export * from 'b'; export * from 'nope'", b: "export * from 'a'" },
]
for (const modules of rings) {
  for (const order of [
    ['a', 'b', 'b'],
    ['b', 'a', 'a', 'b'],
    ['a', 'a', 'b', 'a'],
    ['c', 'b', 'a', 'c'],
  ]) {
    const code = `export async function main() {
      const seen = []
      for (const name of ${JSON.stringify(order)}) {
        await import(name).then(() => seen.push('given'), (error) => seen.push(error.name))
        for (let i = 0; i < 200; i++) new ArrayBuffer(312).resizable
      }
      return seen
    }`
    const seen = await finds(code, { modules })
    assert.ok(
      seen.every((name) => name === 'PolicyViolation'),
      `${order} of ${JSON.stringify(modules)}: ${seen}`,
    )
  }
}
// A ring without a refusal works, whatever was refused beside it.
const whole = { a: "import 'b'; export const one = 1", b: "import 'a'; export const two = 2" }
const beside = `export async function main() {
  await import('nope').catch(() => {})
  return [(await import('a')).one, (await import('b')).two]
}`
assert.deepEqual(await finds(beside, { modules: whole }), [1, 2])
finish()

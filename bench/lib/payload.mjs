/**
 * Payloads of the JSON workloads: an array of records, grown until its JSON text reaches a size.
 * @module
 */

function record(id) {
  return {
    id,
    name: `Person Number ${id}`,
    email: `person.${id}@example.com`,
    tags: [`tag-${id % 7}`, `tag-${id % 11}`, 'all'],
    score: Math.round(id * 1.37 * 100) / 100,
    active: id % 3 !== 0,
    nested: { address: { street: `${id} Main Street`, zip: String(10000 + id) }, note: null },
  }
}

/**
 * @param {number} bytes smallest accepted length of the JSON text, in bytes (the text is ASCII)
 * @returns {{value: object[], text: string}} the records and their JSON text
 */
export function recordsOf(bytes) {
  const value = []
  let length = 2
  while (length < bytes) {
    const next = record(value.length)
    value.push(next)
    length += JSON.stringify(next).length + 1
  }
  return { value, text: JSON.stringify(value) }
}

/** Makes text that no engine can keep as a repetition. */
function* words() {
  for (let state = 1; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    yield state.toString(36).padStart(7, '0')
  }
}

/**
 * @param {number} length in characters, all of them ASCII
 * @returns {string} one flat string
 */
export function textOf(length) {
  const bytes = Buffer.alloc(length)
  let at = 0
  for (const word of words()) {
    if (at >= length) break
    at += bytes.write(`${word} `, at, 'latin1')
  }
  return bytes.toString('latin1')
}

/**
 * @param {number} length in bytes
 * @returns {Uint8Array} bytes of every value, in a buffer of their own
 */
export function bytesOf(length) {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = (i * 7 + (i >> 8)) & 255
  return bytes
}

/**
 * Values that JSON has no word for, a quarter each of Date, Map, Set and BigInt.
 * @param {number} count
 * @returns {object[]} records with one such value each
 */
export function structuredRecords(count) {
  const make = [
    (id) => new Date(1_700_000_000_000 + id * 60_000),
    (id) =>
      new Map([
        ['id', id],
        ['name', `person ${id}`],
      ]),
    (id) => new Set([id, `tag-${id % 7}`, 'all']),
    (id) => BigInt(id) ** 5n,
  ]
  return Array.from({ length: count }, (_, id) => ({ id, value: make[id % make.length](id) }))
}

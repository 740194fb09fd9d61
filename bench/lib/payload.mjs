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

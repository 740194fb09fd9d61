/**
 * The CPU kernels, as codelet source. Each does its own set-up, so nothing but the text crosses,
 * and returns a checksum that the cell compares with the same text run by the host's own V8.
 * @module
 */

/** Doubly recursive Fibonacci: calls and small integers. */
const fib = `
function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) }
async function main() { return fib(25) }`

/** 100,000 pseudo-random numbers sorted with a comparator. */
const sort = `
async function main() {
  const numbers = new Array(100000)
  let state = 12345
  for (let i = 0; i < numbers.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    numbers[i] = state
  }
  numbers.sort((a, b) => a - b)
  let sum = 0
  for (let i = 0; i < numbers.length; i += 1000) sum = (sum + numbers[i] * (i + 1)) % 1000000007
  return sum
}`

/** 10,000 records stringified once, then three parse and stringify round trips. */
const json = `
async function main() {
  const records = []
  for (let i = 0; i < 10000; i++) {
    records.push({ id: i, name: 'person ' + i, tags: ['a' + i, 'b' + i], score: i * 0.5,
      active: i % 2 === 0, nested: { depth: { level: i % 7 } } })
  }
  let text = JSON.stringify(records)
  for (let trip = 0; trip < 3; trip++) text = JSON.stringify(JSON.parse(text))
  return text.length
}`

/** matchAll with named groups, then a replace with a callback, over 5,000 addresses. */
const regex = `
async function main() {
  const parts = []
  for (let i = 0; i < 5000; i++) parts.push('user.' + i + '@mail' + (i % 37) + '.example.com')
  const text = parts.join('; ')
  let sum = 0
  for (const match of text.matchAll(/(?<user>[\\w.]+)@(?<host>[\\w.]+)/g)) {
    sum += match.groups.user.length * 31 + match.groups.host.length
  }
  const masked = text.replace(/([\\w.]+)@/g, (whole, user) => user.slice(0, 2) + '***@')
  return sum + masked.length
}`

/** 300,000 appends, a scan over every character code, and a join of 100,000 parts. */
const string = `
async function main() {
  let text = ''
  for (let i = 0; i < 300000; i++) text += String.fromCharCode(97 + (i % 26))
  let sum = 0
  for (let i = 0; i < text.length; i++) sum = (sum * 31 + text.charCodeAt(i)) % 1000000007
  const parts = []
  for (let i = 0; i < 100000; i++) parts.push('part ' + i)
  return sum + parts.join(',').length
}`

/** SHA-256 in plain JavaScript over 200,000 bytes; returns the digest as hex. */
const sha256 = `
function constants() {
  const isPrime = (n) => { for (let d = 2; d * d <= n; d++) if (n % d === 0) return false; return true }
  const words = [], start = []
  for (let n = 2; words.length < 64; n++) {
    if (!isPrime(n)) continue
    const fraction = (x) => Math.floor((x - Math.floor(x)) * 4294967296) | 0
    if (start.length < 8) start.push(fraction(Math.sqrt(n)))
    words.push(fraction(Math.cbrt(n)))
  }
  return { words: Int32Array.from(words), start: Int32Array.from(start) }
}
function sha256(bytes) {
  const { words: k, start: h } = constants()
  const padded = new Uint8Array((((bytes.length + 8) >> 6) + 1) << 6)
  padded.set(bytes)
  padded[bytes.length] = 128
  const view = new DataView(padded.buffer)
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 536870912))
  view.setUint32(padded.length - 4, (bytes.length << 3) >>> 0)
  const w = new Int32Array(64)
  const rotate = (x, n) => (x >>> n) | (x << (32 - n))
  for (let block = 0; block < padded.length; block += 64) {
    for (let i = 0; i < 16; i++) w[i] = view.getInt32(block + i * 4)
    for (let i = 16; i < 64; i++) {
      const a = w[i - 15], b = w[i - 2]
      w[i] = w[i - 16] + w[i - 7] + (rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3)) +
        (rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10))
    }
    let [a, b, c, d, e, f, g, last] = h
    for (let i = 0; i < 64; i++) {
      const one = (last + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + k[i] + w[i]) | 0
      const two = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0
      last = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0
    }
    h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e; h[5] += f; h[6] += g; h[7] += last
  }
  let text = ''
  for (const word of h) text += (word >>> 0).toString(16).padStart(8, '0')
  return text
}
async function main() {
  const bytes = new Uint8Array(200000)
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 7 + (i >> 8)) & 255
  return sha256(bytes)
}`

/** Kernel sources by name. */
export const kernels = { fib, sort, json, regex, string, sha256 }

/**
 * The bare round trip: an empty call to runlet's workers and back, over the same threads and the same
 * kind of event stream as a run, with nothing inside. It is what runlet's own figures are read
 * against. The answer comes through the thread-safe function; the short wait on the JavaScript thread,
 * by which a run that is alone gets its answer sooner, is no part of it. The addon's `ping` is no
 * public function; it exists for this.
 *
 * The addon writes the numbers of a batch of events into an array of doubles before it calls back:
 * how many events there are, then for each its kind and its number. See ts/codelet/bridge.ts.
 * @module
 */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** The kind of an answer to a ping; a stream that submits no run gets no other. */
const PONG = 4

/**
 * Opens an event stream of its own, beside that of the package.
 * @returns {() => Promise<void>} makes one round trip
 * @throws when this build of the addon has no `ping`
 */
export function openBareRoundTrip() {
  const require = createRequire(import.meta.url)
  const native = require(join(dirname(require.resolve('runlet')), 'native.cjs'))
  if (typeof native.ping !== 'function') throw new Error('this build of the addon has no ping')
  const numbers = new Float64Array(8192)
  const waiting = new Map()
  const read = () => {
    let at = 0
    for (let left = numbers[at++]; left > 0; left--) {
      const kind = numbers[at++]
      if (kind !== PONG) throw new Error(`a ping was answered by an event of kind ${kind}`)
      const ping = numbers[at++]
      waiting.get(ping)()
      waiting.delete(ping)
    }
  }
  const dispatch = () => {
    setImmediate(takeTurn)
    read()
  }
  const stream = native.open(dispatch, numbers)
  const takeTurn = () => {
    if (Array.isArray(native.turn(stream))) dispatch()
  }
  return () => new Promise((resolve) => waiting.set(native.ping(stream), resolve))
}

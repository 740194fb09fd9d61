/**
 * The bare round trip: an empty call to runlet's workers and back, over the same threads, the same
 * wake-ups and the same event stream as a run, with nothing inside. It is what runlet's own figures
 * are read against. The addon's `ping` is no public function; it exists for this.
 * @module
 */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** How the addon marks the answer to a ping in its flat list of events: kind, number. */
const PONG = 3
const SLOTS = 2

/**
 * Opens an event stream of its own, beside that of the package.
 * @returns {() => Promise<void>} makes one round trip
 * @throws when this build of the addon has no `ping`
 */
export function openBareRoundTrip() {
  const require = createRequire(import.meta.url)
  const native = require(join(dirname(require.resolve('runlet')), 'native.cjs'))
  if (typeof native.ping !== 'function') throw new Error('this build of the addon has no ping')
  const waiting = new Map()
  const stream = native.open((events) => {
    for (let at = 0; at < events.length; at += SLOTS) {
      if (events[at] !== PONG) throw new Error(`unexpected event of kind ${events[at]}`)
      const ping = events[at + 1]
      waiting.get(ping)()
      waiting.delete(ping)
    }
  })
  return () => new Promise((resolve) => waiting.set(native.ping(stream), resolve))
}

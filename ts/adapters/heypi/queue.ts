/** The queue of the older contract, in which any number of jobs may wait. */

import type { QueueOptions } from '../../../index.js'
import { Queue as Bounded } from '../../workspace/queue'

const ANY = 1_000_000

/** See `heypi.d.ts`. */
export class Queue extends Bounded {
  constructor(options: QueueOptions = {}) {
    super({ maxQueued: ANY, maxQueuedPerChat: ANY, ...options })
  }
}

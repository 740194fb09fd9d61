/** A thread with the engine, from outside: started ahead of need, told what to do, ended by force. */

import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { FromThread, ToThread } from './messages'

/** Heap of a thread; what goes beyond ends the thread, not the process. Bun has no such bound. */
const HEAP_MIB = 256
const FILE = join(__dirname, '..', 'just-bash-worker.js')

/** How a thread came to its end. */
export type ThreadEnd = 'memory' | 'lost'

export class EngineThread {
  /** Fulfilled with what went wrong, if something did. */
  readonly ready: Promise<'unloadable' | 'ended' | undefined>
  onMessage: (message: FromThread | object) => void = () => {}
  onEnd: (end: ThreadEnd) => void = () => {}
  ended = false
  readonly #worker: Worker

  constructor() {
    this.#worker = new Worker(FILE, {
      name: 'runlet virtual shell',
      // Nothing of the host's: neither its environment nor what it preloads.
      env: {},
      execArgv: [],
      argv: [],
      stdin: false,
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB, maxYoungGenerationSizeMb: 32 },
    })
    // An idle thread keeps nobody waiting.
    this.#worker.unref()
    let end: ThreadEnd = 'lost'
    this.ready = new Promise((resolve) => {
      this.#worker.on('message', (message: FromThread | object) => {
        if ('ready' in message) resolve(message.ready === true ? undefined : 'unloadable')
        else this.onMessage(message)
      })
      this.#worker.on('error', (error: Error & { code?: string }) => {
        if (error?.code === 'ERR_WORKER_OUT_OF_MEMORY') end = 'memory'
      })
      this.#worker.on('exit', () => {
        this.ended = true
        resolve('ended')
        this.onEnd(end)
      })
    })
  }

  send(message: ToThread | object): void {
    this.#worker.postMessage(message)
  }

  /** The process waits for this thread, or no longer. */
  keepAlive(kept: boolean): void {
    if (kept) this.#worker.ref()
    else this.#worker.unref()
  }

  /** At once, whatever it does. */
  async terminate(): Promise<void> {
    this.ended = true
    this.onMessage = () => {}
    this.onEnd = () => {}
    await this.#worker.terminate()
  }
}

let shells = 0
let spare: EngineThread | undefined

/** Counts a shell that may need threads, and has one ready for it. */
export function expectShell(): void {
  shells += 1
  warmUp()
}

export function forgetShell(): Promise<void> | undefined {
  shells -= 1
  if (shells > 0) return undefined
  const left = spare
  spare = undefined
  return left?.terminate()
}

/** A thread that has served nobody; the next one is begun. */
export function freshThread(): EngineThread {
  const taken = spare?.ended === false ? spare : new EngineThread()
  spare = undefined
  return taken
}

/** Begins a thread for the next that needs one, while time is cheap. */
export function warmUp(): void {
  if (shells > 0 && (spare === undefined || spare.ended)) spare = new EngineThread()
}

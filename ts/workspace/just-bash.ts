/** The virtual shell on the npm package just-bash, an optional peer, always in a thread of its own. */

import { closeSync } from 'node:fs'
import { RunletError } from '../errors'
import { Clock } from './clock'
import { openWorkspace } from './confined/workspace'
import { type Calls, callsOver, underBoth } from './just-bash/calls'
import { answerThread } from './just-bash/host-calls'
import type { Ended } from './just-bash/messages'
import { type Settings, settingsOf } from './just-bash/settings'
import {
  type EngineThread,
  expectShell,
  forgetShell,
  freshThread,
  type ThreadEnd,
  warmUp,
} from './just-bash/thread'
import type { NetworkGround } from './network'
import type {
  VirtualExec,
  VirtualOutcome,
  VirtualShell,
  VirtualShellOptions,
} from './virtual-shell'

/** How long a script may take to end by itself once it was told to; a busy one never hears of it. */
const GRACE_MS = 30
/** Only a machine that stands still takes longer to start a thread. */
const START_MS = 30_000
/** How long a thread without work is kept. */
const IDLE_MS = 60_000

const HOW = 'install it with "npm install just-bash" (version 3.4.2 or later)'

/**
 * Opens a shell. `ground` replaces name resolution in tests.
 *
 * @throws RunletError `RUNTIME_NOT_FOUND` where the peer is missing or this Node is too old for it
 */
export function openJustBash(options: VirtualShellOptions, ground?: NetworkGround): VirtualShell {
  findPackage()
  return new JustBashShell(options, settingsOf(options.justBash, ground))
}

/**
 * Where the package is.
 *
 * @throws RunletError `RUNTIME_NOT_FOUND`
 */
export function findPackage(): string {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 18))
    throw missing('node', 'the package just-bash needs Node 20.18.1 or later')
  try {
    return require.resolve('just-bash')
  } catch {
    throw missing('peer', `the virtual shell needs the package just-bash: ${HOW}`)
  }
}

function missing(reason: string, message: string): RunletError {
  const details = { reason, package: 'just-bash' }
  return new RunletError('RUNTIME_NOT_FOUND', message, { details })
}

/** A thread that serves this shell. What a script says to the host goes to the run it belongs to. */
interface Serving {
  thread: EngineThread
  calls: Calls
  idle: NodeJS.Timeout | undefined
  /** Aborted when the run that goes on has ended. */
  over: AbortController
  /** When that run is ended, on the clock of `performance.now()`. */
  deadline: number
}

class JustBashShell implements VirtualShell {
  readonly #options: VirtualShellOptions
  readonly #settings: Settings
  readonly #busy = new Set<{ serving: Serving | undefined; stop(): void; done: Promise<unknown> }>()
  #root: { fd: number; path: string } | undefined
  #idle: Serving | undefined
  #closed: Promise<void> | undefined
  #runs = 0

  constructor(options: VirtualShellOptions, settings: Settings) {
    this.#options = options
    this.#settings = settings
    expectShell()
  }

  async exec(script: string, options: VirtualExec): Promise<VirtualOutcome> {
    if (this.#closed) throw new RunletError('DISPOSED', 'the virtual shell is closed')
    if (options.signal?.aborted) return outcome(130, { ended: 'cancelled' })
    const run = { serving: undefined as Serving | undefined, stop: () => {}, done: never }
    this.#busy.add(run)
    const asked = new Promise<'cancelled'>((resolve) => {
      run.stop = () => resolve('cancelled')
    })
    options.signal?.addEventListener('abort', run.stop)
    try {
      const done = this.#run(script, options, asked, (serving) => {
        run.serving = serving
      })
      run.done = done
      return await done
    } finally {
      options.signal?.removeEventListener('abort', run.stop)
      this.#busy.delete(run)
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const running = [...this.#busy]
    for (const run of running) run.stop()
    await Promise.allSettled(running.map((run) => run.done))
    await this.#drop(this.#idle)
    this.#idle = undefined
    this.#settings.close()
    await forgetShell()
    if (this.#root !== undefined) closeSync(this.#root.fd)
  }

  async #run(
    script: string,
    options: VirtualExec,
    asked: Promise<'cancelled'>,
    onServing: (serving: Serving) => void,
  ): Promise<VirtualOutcome> {
    const serving = this.#take()
    onServing(serving)
    const { thread } = serving
    thread.keepAlive(true)
    const start = new Clock()
    const problem = await Promise.race([thread.ready, asked, start.rings(START_MS, 'slow')])
    start.stop()
    if (problem === 'cancelled') {
      this.#keep(serving)
      return outcome(130, { ended: 'cancelled' })
    }
    if (problem !== undefined) {
      await this.#drop(serving)
      if (problem === 'unloadable')
        throw missing('engine', `the package just-bash could not be loaded: ${HOW}`)
      const details = { reason: `thread_${problem}` }
      const message = 'the thread of the virtual shell did not start'
      throw new RunletError('WORKER_LOST', message, { details, retryable: true })
    }
    this.#runs += 1
    const run = this.#runs
    const ended = new Promise<Ended | ThreadEnd>((resolve) => {
      thread.onMessage = (message) => {
        if ('ended' in message) resolve(message as Ended)
        else serving.calls.receive(message)
      }
      thread.onEnd = resolve
    })
    const { env = {}, cwd = '/', stdin, timeoutMs } = options
    serving.deadline = performance.now() + timeoutMs
    thread.send({ run, text: script, env: { ...env }, cwd, stdin, timeoutMs })

    const deadline = new Clock()
    const first = await Promise.race([ended, deadline.rings(timeoutMs, 'timeout'), asked])
    deadline.stop()
    if (typeof first === 'object') return this.#conclude(serving, first, options)
    if (first === 'memory' || first === 'lost') return this.#lost(serving, first)

    // What waits, such as `sleep`, ends at once and leaves the thread as it was.
    thread.send({ abort: run })
    const grace = new Clock()
    const last = await Promise.race([ended, grace.rings(GRACE_MS, 'busy')])
    grace.stop()
    const code = first === 'timeout' ? 124 : 130
    if (typeof last !== 'object') {
      await this.#drop(serving)
      warmUp()
      return outcome(code, { ended: first })
    }
    this.#keep(serving)
    hand(last, options)
    return outcome(code, { ended: first, out: last.out, err: last.err })
  }

  #conclude(serving: Serving, ended: Ended, options: VirtualExec): VirtualOutcome {
    this.#keep(serving)
    const { out, err, code, limited, fault, tooMuch } = ended
    hand(ended, options)
    const cut = limited.length > 0 ? { limited } : {}
    if (tooMuch) return outcome(125, { ended: 'output', out, err, ...cut })
    if (fault !== undefined) {
      const details = { reason: 'engine_failed' }
      const error = { code: 'RUNTIME_ERROR' as const, message: fault, details }
      return outcome(1, { out, err, error, ...cut })
    }
    return outcome(code, { out, err, ...cut })
  }

  async #lost(serving: Serving, end: ThreadEnd): Promise<VirtualOutcome> {
    await this.#drop(serving)
    warmUp()
    if (end === 'memory') {
      const message = 'the script used more memory than it may'
      return outcome(137, { error: { code: 'MEMORY_LIMIT', message } })
    }
    const details = { reason: 'engine_crashed' }
    const message = 'the thread of the virtual shell ended'
    return outcome(137, { error: { code: 'RUNTIME_ERROR', message, details } })
  }

  /** The thread that served the last script, or one that has served nobody. */
  #take(): Serving {
    const idle = this.#idle
    this.#idle = undefined
    if (idle !== undefined) {
      clearTimeout(idle.idle)
      if (!idle.thread.ended) {
        idle.over = new AbortController()
        return idle
      }
    }
    const { root, maxFileBytes, maxOutputBytes } = this.#options
    if (this.#settings.opening.fileSystem === 'workspace') this.#root ??= openWorkspace(root)
    const thread = freshThread()
    const serving: Serving = {
      thread,
      idle: undefined,
      over: new AbortController(),
      deadline: Number.POSITIVE_INFINITY,
      calls: callsOver(
        (frame) => {
          if (!thread.ended) thread.send(frame)
        },
        (name, args, dropped) => {
          const { calls, deadline, over } = serving
          const { runtime } = this.#options
          return underBoth(over.signal, dropped, (signal) =>
            answerThread(this.#settings, { calls, signal, deadline, runtime }, name, args),
          )
        },
      ),
    }
    const opening = { ...this.#settings.opening, root: this.#root, maxFileBytes, maxOutputBytes }
    thread.send({ open: opening })
    return serving
  }

  /** Keeps a thread for the next script. */
  #keep(serving: Serving): void {
    this.#endCalls(serving)
    serving.thread.keepAlive(false)
    if (this.#closed || this.#idle !== undefined || serving.thread.ended) {
      void this.#drop(serving)
      return
    }
    this.#idle = serving
    serving.idle = setTimeout(() => {
      if (this.#idle === serving) this.#idle = undefined
      void this.#drop(serving)
    }, IDLE_MS)
    serving.idle.unref()
  }

  async #drop(serving: Serving | undefined): Promise<void> {
    if (serving === undefined) return
    clearTimeout(serving.idle)
    this.#endCalls(serving)
    await serving.thread.terminate()
  }

  #endCalls(serving: Serving): void {
    serving.over.abort()
    serving.calls.end(new Error('the script has ended'))
  }
}

const never: Promise<unknown> = Promise.resolve()

/** The engine gives what was printed only at the end. */
function hand({ out, err }: Ended, { onOutput }: VirtualExec): void {
  if (out !== '') onOutput?.({ stream: 'stdout', text: out })
  if (err !== '') onOutput?.({ stream: 'stderr', text: err })
}

function outcome(
  code: number,
  { out = '', err = '', ...rest }: Partial<VirtualOutcome> = {},
): VirtualOutcome {
  return { code, out, err, ...rest }
}

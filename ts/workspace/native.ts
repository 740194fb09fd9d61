/** The virtual shell on the program runlet-bash, always in a process of its own. */

import { closeSync } from 'node:fs'
import { RunletError } from '../errors'
import { Clock } from './clock'
import { openWorkspace } from './confined/workspace'
import { type Calls, callsOver, underBoth } from './just-bash/calls'
import { answerThread } from './just-bash/host-calls'
import { type Settings, settingsOf } from './just-bash/settings'
import { BashProcess, type ProcessEnd } from './native/process'
import { nativeProgram } from './native/program'
import { commandArgs, commandResult, fileCalls } from './native/values'
import type {
  VirtualExec,
  VirtualOutcome,
  VirtualShell,
  VirtualShellOptions,
} from './virtual-shell'

/** Of a process; what goes beyond ends the process. */
const MEMORY_BYTES = 1024 * 1024 * 1024
/** How long a script may take to end by itself once it was told to; a busy one never hears of it. */
const GRACE_MS = 30
/** Only a machine that stands still takes longer to start a process. */
const START_MS = 30_000
/** Bytes that are printed beyond what a script may, before that is no fault of the script any more. */
const PRINTED_BEYOND = 1024 * 1024
/** How long a process without work is kept. */
const IDLE_MS = 60_000

/** What a caller asked for that only the other engine has; nothing where this one serves. */
export function beyondNative(justBash: object): string | undefined {
  const { python, network, filesystem } = justBash as Record<string, unknown>
  if (python === true) return 'python'
  if (network !== undefined) return 'network'
  return typeof filesystem === 'object' ? 'filesystem' : undefined
}

/**
 * @throws RunletError `RUNTIME_NOT_FOUND` where the program is missing, `INVALID_ARGUMENT` for what this
 *   engine has not
 */
export function openNative(options: VirtualShellOptions): VirtualShell {
  const { session, ...rest } = options.justBash as { session?: unknown }
  if (session !== undefined && typeof session !== 'boolean') {
    throw refused('session', 'a boolean')
  }
  const settings = settingsOf(rest)
  const beyond = beyondNative(rest)
  if (beyond !== undefined) throw refused(beyond, "left out with the engine 'native'")
  const program = nativeProgram()
  if (program === undefined) throw missing('program', 'the program runlet-bash is not there')
  return new NativeShell(options, settings, session === true, program)
}

function refused(name: string, accepted: string): RunletError {
  const field = `justBash.${name}`
  const details = { field, accepted }
  return new RunletError('INVALID_ARGUMENT', `${field} must be ${accepted}`, { details })
}

function missing(reason: string, message: string): RunletError {
  const details = { reason, program: 'runlet-bash' }
  return new RunletError('RUNTIME_NOT_FOUND', message, { details })
}

/** A process that serves this shell. What a script says to the host goes to the run it belongs to. */
interface Serving {
  process: BashProcess
  calls: Calls
  idle: NodeJS.Timeout | undefined
  /** Aborted when the run that goes on has ended. */
  over: AbortController
  /** Of the run that goes on, on the clock of `performance.now()`. */
  deadline: number
}

/** What the program tells at the end of a script. */
interface Ended {
  ended: number
  code: number
  limited: string[]
  tooMuch: boolean
  fault?: string
}

/** Whether it is what the program says, and not what somebody in its place does. */
function isEnded(message: object): message is Ended {
  const { code, limited, tooMuch, fault } = message as Partial<Record<keyof Ended, unknown>>
  const isCode = Number.isInteger(code)
  const areTexts = Array.isArray(limited) && limited.every((text) => typeof text === 'string')
  if (fault !== undefined) return typeof fault === 'string'
  return isCode && areTexts && typeof tooMuch === 'boolean'
}

class NativeShell implements VirtualShell {
  readonly #options: VirtualShellOptions
  readonly #settings: Settings
  readonly #session: boolean
  readonly #program: string
  readonly #busy = new Set<{ stop(): void; done: Promise<unknown> }>()
  #root: { fd: number; path: string } | undefined
  #idle: Serving | undefined
  #closed: Promise<void> | undefined
  #runs = 0

  constructor(options: VirtualShellOptions, settings: Settings, session: boolean, program: string) {
    this.#options = options
    this.#settings = settings
    this.#session = session
    this.#program = program
  }

  async exec(script: string, options: VirtualExec): Promise<VirtualOutcome> {
    if (this.#closed) throw new RunletError('DISPOSED', 'the virtual shell is closed')
    if (options.signal?.aborted) return { code: 130, out: '', err: '', ended: 'cancelled' }
    let stop = () => {}
    const asked = new Promise<'cancelled'>((resolve) => {
      stop = () => resolve('cancelled')
    })
    const run = { stop, done: this.#run(script, options, asked) }
    this.#busy.add(run)
    options.signal?.addEventListener('abort', stop)
    try {
      return await run.done
    } finally {
      options.signal?.removeEventListener('abort', stop)
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
    const idle = this.#idle
    this.#idle = undefined
    await this.#drop(idle)
    this.#settings.close()
    if (this.#root !== undefined) closeSync(this.#root.fd)
  }

  async #run(
    script: string,
    options: VirtualExec,
    asked: Promise<'cancelled'>,
  ): Promise<VirtualOutcome> {
    const serving = this.#take()
    const { process } = serving
    process.keepAlive(true)
    const start = new Clock()
    const started = await Promise.race([process.ready, asked, start.rings(START_MS, 'slow')])
    start.stop()
    if (started === 'cancelled') {
      this.#keep(serving)
      return { code: 130, out: '', err: '', ended: 'cancelled' }
    }
    if (started === 'slow' || 'failed' in started) {
      await this.#drop(serving)
      const why = started === 'slow' ? 'it did not answer' : started.failed
      throw missing('start', `the program runlet-bash did not start: ${why}`)
    }
    this.#runs += 1
    const run = this.#runs
    const printed = new Printed(options.onOutput)
    const most = this.#options.maxOutputBytes + PRINTED_BEYOND
    process.onOutput = (stream, bytes) => {
      // The program itself ends at the limit.
      if (printed.take(stream, bytes) > most) process.distrust()
    }
    const ended = new Promise<Ended | ProcessEnd>((resolve) => {
      process.onMessage = (message) => {
        if ('ended' in message) {
          // A script that was given up long ago is none of this run's.
          if (message.ended !== run) return
          if (isEnded(message)) resolve(message)
          else process.distrust()
        } else if ('panicked' in message || 'unopened' in message) resolve('lost')
        else if (!serving.calls.receive(message)) process.distrust()
      }
      process.onEnd = resolve
    })
    const { env = {}, cwd = '/', stdin, timeoutMs } = options
    serving.deadline = performance.now() + timeoutMs
    process.send({ run, text: script, env: { ...env }, cwd, stdin })

    const deadline = new Clock()
    const first = await Promise.race([ended, deadline.rings(timeoutMs, 'timeout'), asked])
    deadline.stop()
    if (typeof first === 'object') return this.#conclude(serving, first, printed)
    if (first !== 'timeout' && first !== 'cancelled') return this.#lost(serving, first, printed)

    // What waits, such as `sleep`, ends at once and leaves the process as it was.
    process.send({ cancel: run })
    const grace = new Clock()
    const last = await Promise.race([ended, grace.rings(GRACE_MS, 'busy')])
    grace.stop()
    if (typeof last === 'object') this.#keep(serving)
    else await this.#replace(serving)
    return { code: first === 'timeout' ? 124 : 130, ...printed.whole(), ended: first }
  }

  #conclude(serving: Serving, ended: Ended, printed: Printed): VirtualOutcome {
    this.#keep(serving)
    const { limited, tooMuch, fault } = ended
    const code = ended.code & 0xff
    const told = { ...printed.whole(), ...(limited?.length > 0 ? { limited } : {}) }
    if (tooMuch) return { code: 125, ...told, ended: 'output' }
    if (fault === undefined) return { code, ...told }
    const details = { reason: 'engine_failed' }
    const message = 'the virtual shell could not run the script'
    return { code: 1, ...told, error: { code: 'RUNTIME_ERROR', message, details } }
  }

  async #lost(serving: Serving, end: ProcessEnd, printed: Printed): Promise<VirtualOutcome> {
    await this.#replace(serving)
    const told = printed.whole()
    if (end === 'memory') {
      const message = 'the script used more memory than it may'
      return { code: 137, ...told, error: { code: 'MEMORY_LIMIT', message } }
    }
    const details = { reason: 'engine_crashed' }
    const message =
      end === 'stack' ? 'the script nests too deep' : 'the process of the virtual shell ended'
    return { code: 137, ...told, error: { code: 'RUNTIME_ERROR', message, details } }
  }

  /** The process that served the last script, or a new one. */
  #take(): Serving {
    const idle = this.#idle
    this.#idle = undefined
    if (idle === undefined || idle.process.ended) return this.#start()
    clearTimeout(idle.idle)
    idle.over = new AbortController()
    return idle
  }

  #start(): Serving {
    const { opening } = this.#settings
    const inMemory = opening.fileSystem === 'memory'
    if (!inMemory) this.#root ??= openWorkspace(this.#options.root)
    const process = new BashProcess(this.#program, MEMORY_BYTES, this.#root?.fd)
    const calls: Calls = callsOver(
      (frame) => process.send(frame),
      (name, args, dropped) =>
        underBoth(serving.over.signal, dropped, async (signal) => {
          const [settings, { runtime }] = [this.#settings, this.#options]
          const caller = { calls: fileCalls(calls), signal, deadline: serving.deadline, runtime }
          return commandResult(await answerThread(settings, caller, name, commandArgs(args)))
        }),
    )
    const over = new AbortController()
    const serving: Serving = { process, calls, idle: undefined, over, deadline: Infinity }
    const { maxFileBytes, maxOutputBytes } = this.#options
    const files = Object.entries(opening.files ?? {}).map(([name, content]) => [
      name,
      Buffer.from(content as Uint8Array).toString('base64'),
    ])
    const open = {
      memory: inMemory,
      maxFileBytes,
      maxOutputBytes,
      files: Object.fromEntries(files) as Record<string, string>,
      env: opening.env,
      commands: opening.commands,
      hostCommands: opening.customCommands.map(({ name }) => name),
      session: this.#session,
    }
    process.send({ open })
    return serving
  }

  /** Keeps a process for the next script. */
  #keep(serving: Serving): void {
    this.#endCalls(serving)
    serving.process.keepAlive(false)
    if (this.#closed || this.#idle !== undefined || serving.process.ended) {
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

  /** Ends a process, and has another ready: who lost one will want one. */
  async #replace(serving: Serving): Promise<void> {
    const ended = this.#drop(serving)
    if (this.#closed === undefined && this.#idle === undefined) this.#keep(this.#start())
    await ended
  }

  async #drop(serving: Serving | undefined): Promise<void> {
    if (serving === undefined) return
    clearTimeout(serving.idle)
    this.#endCalls(serving)
    await serving.process.kill()
  }

  #endCalls(serving: Serving): void {
    serving.over.abort()
    serving.calls.end(new Error('the script has ended'))
  }
}

/** What a script has printed, in letters: one that lies over two pieces comes whole. */
class Printed {
  readonly #pieces = { stdout: [] as string[], stderr: [] as string[] }
  readonly #letters = { stdout: letters(), stderr: letters() }
  readonly #onOutput: VirtualExec['onOutput']
  #bytes = 0

  constructor(onOutput: VirtualExec['onOutput']) {
    this.#onOutput = onOutput
  }

  /** Gives the bytes so far. */
  take(stream: 'stdout' | 'stderr', bytes: Buffer): number {
    this.#bytes += bytes.length
    this.#add(stream, this.#letters[stream].decode(bytes, { stream: true }))
    return this.#bytes
  }

  /** To be asked for once, at the end. */
  whole(): { out: string; err: string } {
    for (const stream of ['stdout', 'stderr'] as const)
      this.#add(stream, this.#letters[stream].decode())
    return { out: this.#pieces.stdout.join(''), err: this.#pieces.stderr.join('') }
  }

  #add(stream: 'stdout' | 'stderr', text: string): void {
    if (text === '') return
    this.#pieces[stream].push(text)
    this.#onOutput?.({ stream, text })
  }
}

/** A mark of order at the beginning is part of what was printed. */
function letters(): TextDecoder {
  return new TextDecoder('utf-8', { ignoreBOM: true })
}

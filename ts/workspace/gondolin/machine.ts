/** One machine: runs commands, and ends them with all that they started. */

import { randomBytes } from 'node:crypto'
import { constants } from 'node:os'
import type { GondolinExecResult, GondolinVm } from '../../../gondolin.js'
import type { AbortSignalLike, BashResult } from '../../../index.js'
import { onAbort } from '../../signal'
import { type Ending, ended } from '../exit-codes'
import { outputLimitBytes, shortened } from '../output'
import type { ShellCommand, ShellRun } from '../shell'
import { Listings } from './listings'
import type { GondolinSettings } from './options'
import { Printed } from './printed'
import {
  LAUNCH,
  PREPARE,
  type Prepared,
  readPrepared,
  STOP,
  SWEEP,
  shellArguments,
} from './scripts'
import { notStarted, plainWords } from './words'

/** What a script of ours may take. Only a machine that stands still takes longer. */
const SCRIPT_MS = 10_000
const PREPARE_MS = 30_000
/** How long a command may take to be gone once it was killed. */
const GONE_MS = 5_000
/** How long the end of a machine is waited for. */
const CLOSE_MS = 30_000

/** A run, and what it says of the machine. */
export interface MachineRun extends ShellRun {
  /** Why the command was not handed to the machine. */
  readonly failed?: string
  /** The machine does not do as it is told: it is to be closed. */
  readonly unusable?: boolean
}

/** The machine ended under a command. It may have begun, and whatever it was, it was killed. */
const LOST: Ending = {
  why: 'not-started',
  reason: 'the virtual machine ended',
  details: { reason: 'machine_lost' },
}

type Answer = { readonly result: GondolinExecResult } | { readonly error: unknown }

/** What of the options a machine needs. */
type MachineSettings = Pick<GondolinSettings, 'workdir' | 'onOutputLimit'>

/** One. */
export class Machine {
  readonly vm: GondolinVm
  readonly #settings: MachineSettings
  /** Of a machine that the package made. In any other a command is handed over as it is. */
  readonly #prepared: Prepared | undefined
  readonly #listings: Listings
  /** Commands were ended one by one, and something of them may be left. */
  #unswept = false
  #sweeping: Promise<boolean> | undefined
  readonly #calls = new Set<Call>()
  #closing = false
  #unusable = false

  constructor(
    vm: GondolinVm,
    settings: MachineSettings,
    { prepared, listings = new Listings() }: { prepared?: Prepared; listings?: Listings } = {},
  ) {
    this.vm = vm
    this.#settings = settings
    this.#prepared = prepared
    this.#listings = listings
  }

  /** @throws (rejects) RuntimeStartupError where the guest has no shell */
  static async prepare(
    vm: GondolinVm,
    settings: MachineSettings,
    listings: Listings,
  ): Promise<Machine> {
    const answer = await script(vm, PREPARE, [], PREPARE_MS)
    const prepared = readPrepared(answer ?? '')
    if (prepared !== undefined) return new Machine(vm, settings, { prepared, listings })
    const sentence = 'the guest lacks a shell, setsid or a folder for temporary files'
    throw notStarted('guest_shell', sentence)
  }

  /** Runs a text. Gives a result whatever happens. */
  async run(command: ShellCommand): Promise<MachineRun> {
    // What is started during a sweep would be taken for what was left behind.
    while (this.#sweeping !== undefined) await this.#sweeping
    const { signal, timeoutMs } = command
    if (signal.aborted) return plain(ended({ why: 'cancelled' }))
    const call = new Call(signal, timeoutMs)
    this.#calls.add(call)
    let run: MachineRun
    try {
      run = await this.#run(command, call)
    } finally {
      call.close()
      this.#calls.delete(call)
    }
    const isLast = this.#calls.size === 0
    if (isLast && this.#unswept && !this.#unusable) this.#unusable = !(await this.#sweep())
    return this.#unusable ? { ...run, unusable: true } : run
  }

  async #run({ text, onOutput }: ShellCommand, call: Call): Promise<MachineRun> {
    const began = performance.now()
    const limit = outputLimitBytes(this.#settings.onOutputLimit)
    const printed = new Printed(limit, () => call.end({ why: 'output', limit }), onOutput)
    // What the host changed since the last command.
    await this.#listings.refresh()
    const answer = this.#hand(text, call, printed)
    const first = await Promise.race([answer, call.ending])
    if ('why' in first && !this.#closing && !(await this.#end(call, answer))) {
      this.#unusable = true
    }
    if ('result' in first) {
      printed.takeLate('stdout', first.result.stdout)
      printed.takeLate('stderr', first.result.stderr)
    }
    call.close()
    const kept = printed.end()
    const ms = performance.now() - began
    const told = call.why
    if ('error' in first && told === undefined) return await this.#failed(first.error, kept, ms)
    const code = 'result' in first ? codeOf(first.result) : 0
    return shown(kept, ms, told, code)
  }

  /** Closes it. What runs is cancelled, or lost where the machine had to be given up. */
  async close(): Promise<void> {
    this.#closing = true
    for (const call of this.#calls) call.end(this.#unusable ? LOST : { why: 'cancelled' })
    await within(CLOSE_MS, this.vm.close())
  }

  #hand(text: string, call: Call, { stdout, stderr }: Printed): Promise<Answer> {
    const options = { cwd: this.#settings.workdir, signal: call.signal, stdout, stderr }
    const own = this.#prepared
    const command =
      own === undefined
        ? text
        : [
            '/bin/sh',
            '-c',
            LAUNCH,
            'sh',
            own.folder,
            call.name,
            own.kept,
            own.shell,
            ...shellArguments(text),
          ]
    return handed(() => this.vm.exec(command, options))
  }

  /**
   * Ends a command that goes on.
   *
   * @returns whether nothing of it is left
   */
  async #end(call: Call, answer: Promise<Answer>): Promise<boolean> {
    const own = this.#prepared
    if (own === undefined) {
      // All that a machine of somebody else's knows of ending a command.
      call.abort()
    } else {
      const said = await script(this.vm, STOP, [own.folder, call.name, own.kept], SCRIPT_MS)
      if (said?.trim() !== 'stopped') return false
    }
    const isAlone = this.#calls.size === 1
    // What holds the command's output has to go before the command counts as ended.
    const isClean = isAlone ? await this.#sweep() : true
    if (!isAlone) this.#unswept = true
    const gone = await within(GONE_MS, answer)
    if (gone === undefined) call.abort()
    return isClean && (gone !== undefined || !isAlone)
  }

  /** Ends whatever the guest does not need itself. */
  async #sweep(): Promise<boolean> {
    const { kept = '', folder = '' } = this.#prepared ?? {}
    this.#sweeping ??= (async () => {
      const said = await script(this.vm, SWEEP, [kept, folder], SCRIPT_MS)
      return said?.trim() === 'left 0'
    })()
    try {
      const isClean = await this.#sweeping
      if (isClean) this.#unswept = false
      return isClean
    } finally {
      this.#sweeping = undefined
    }
  }

  /** Tells a machine that did not take a command from one that is no more. */
  async #failed(error: unknown, kept: ReturnType<Printed['end']>, ms: number): Promise<MachineRun> {
    const words = plainWords(error)
    const answers = (await script(this.vm, 'echo here', [], SCRIPT_MS))?.trim() === 'here'
    if (answers) {
      const reason = `the command was not taken by the virtual machine: ${words}`
      const details = { reason: 'exec_failed' }
      return { ...shown(kept, ms, { why: 'not-started', reason, details }, 0), failed: words }
    }
    this.#unusable = true
    return { ...shown(kept, ms, LOST, 0), failed: words }
  }
}

/** Why and how one command ends. */
class Call {
  /** Its name in the guest, which nobody can guess. */
  readonly name = randomBytes(12).toString('hex')
  readonly ending: Promise<Ending>
  why: Ending | undefined
  readonly #aborter = new AbortController()
  readonly #timer: NodeJS.Timeout
  readonly #unlisten: () => void
  #settle: (ending: Ending) => void = () => {}
  #closed = false

  constructor(signal: AbortSignalLike, timeoutMs: number) {
    this.ending = new Promise((resolve) => {
      this.#settle = resolve
    })
    this.#timer = setTimeout(() => this.end({ why: 'timeout' }), timeoutMs)
    this.#unlisten = onAbort(signal, () => this.end({ why: 'cancelled' }))
  }

  get signal(): AbortSignal {
    return this.#aborter.signal
  }

  end(why: Ending): void {
    if (this.#closed && why.why !== 'output') return
    this.why ??= why
    this.#settle(why)
  }

  abort(): void {
    this.#aborter.abort()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#unlisten()
  }
}

function handed(work: () => PromiseLike<GondolinExecResult>): Promise<Answer> {
  return (async () => {
    try {
      return { result: await work() }
    } catch (error) {
      return { error }
    }
  })()
}

/** Runs a script of ours; gives what it printed, or nothing where it failed or took too long. */
async function script(
  vm: GondolinVm,
  text: string,
  parameters: string[],
  limitMs: number,
): Promise<string | undefined> {
  const aborter = new AbortController()
  const printed = new Printed(1024 * 1024, () => {}, undefined)
  const { stdout, stderr } = printed
  const options = { signal: aborter.signal, stdout, stderr }
  const command = ['/bin/sh', '-c', text, 'sh', ...parameters]
  const answer = await within(
    limitMs,
    handed(() => vm.exec(command, options)),
  )
  if (answer === undefined) aborter.abort()
  if (answer === undefined || 'error' in answer || codeOf(answer.result) !== 0) return undefined
  printed.takeLate('stdout', answer.result.stdout)
  return printed.end().out
}

/** What a promise is fulfilled with, or undefined after so long. */
async function within<T>(limitMs: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limitMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

function codeOf({ exitCode, signal }: GondolinExecResult): number {
  if (typeof signal === 'number' && signal > 0) return 128 + signal
  return Number.isInteger(exitCode) ? exitCode : 1
}

function plain(result: BashResult): MachineRun {
  return { result, out: '', err: '' }
}

function shown(
  { out, err, outDropped, errDropped }: ReturnType<Printed['end']>,
  ms: number,
  ending: Ending | undefined,
  code: number,
): ShellRun {
  const [first, second] = [shortened(out, outDropped), shortened(err, errDropped)]
  const printed = { out: first.text, err: second.text, ms }
  const result = ending === undefined ? { code, ...printed } : ended(ending, printed)
  if (ending === LOST) {
    result.code = 128 + constants.signals.SIGKILL
    if (result.error !== undefined) result.error.code = 'WORKER_LOST'
  }
  if (first.cut || second.cut) result.truncated = true
  return { result, out, err }
}

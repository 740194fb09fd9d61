/** Runs one command in a container, and ends it there: the client's end is not the command's. */

import { randomBytes } from 'node:crypto'
import type { BashResult } from '../../../index.js'
import { onAbort } from '../../signal'
import { ended, signalled } from '../exit-codes'
import { outputLimitBytes, shortened } from '../output'
import type { ShellCommand, ShellRun } from '../shell'
import { scriptArguments } from './argv'
import { Capture } from './capture'
import { Client } from './client'
import type { Container } from './container'
import type { Engine } from './engine'
import { Lines, MarkedStream } from './marks'
import type { DockerSettings } from './options'
import { commandParts, SWEEP, WRAP } from './scripts'

/** What came of one. */
export type CommandEnd =
  | { readonly kind: 'ran'; readonly run: ShellRun }
  /** It never began, so it may be tried again. */
  | { readonly kind: 'not-started'; readonly words: string }
  /** It began, and its container is gone. */
  | { readonly kind: 'lost'; readonly run: ShellRun; readonly words: string }

/** What commands of one provider share. */
export interface CommandTerms {
  readonly engine: Engine
  readonly settings: DockerSettings
  readonly brand: string
}

/** How long a client is waited for whose command has ended, and where processes of it may go on. */
const LEAVE_MS = 3_000
const KEPT_MS = 200
/** How long one is waited for whose command was just killed, before it is killed once more. */
const KILL_MS = 2_000
const KILLS = 3

type Stop = 'timeout' | 'cancelled' | 'output'

/** What the marks said. */
interface Heard {
  begun?: { pid: string; kills: number | undefined }
  over?: { code: number; processes: number; kills: number | undefined }
}

function numberOf(word: string | undefined): number | undefined {
  return word === undefined || !/^\d+$/.test(word) ? undefined : Number(word)
}

/** Runs one. Gives an end whatever happens. */
export async function runInside(
  terms: CommandTerms,
  container: Container,
  command: ShellCommand,
): Promise<CommandEnd> {
  return container.occupancy.during(async () => {
    if (command.signal.aborted) {
      return { kind: 'ran', run: { result: ended({ why: 'cancelled' }), out: '', err: '' } }
    }
    return new Execution(terms, container, command).run()
  })
}

/** One command under way. */
class Execution {
  readonly #terms: CommandTerms
  readonly #container: Container
  readonly #command: ShellCommand
  readonly #started = performance.now()
  readonly #out = new Capture()
  readonly #err = new Capture()
  /** What the client itself says, before the command begins. */
  readonly #said = new Capture(64 * 1024)
  readonly #heard: Heard = {}
  readonly #most: number
  #bytes = 0
  #stop: Stop | undefined
  /** Called at the end of the command, and where it has to be ended. */
  #wake: () => void = () => {}

  constructor(terms: CommandTerms, container: Container, command: ShellCommand) {
    this.#terms = terms
    this.#container = container
    this.#command = command
    this.#most = outputLimitBytes(terms.settings.onOutputLimit)
  }

  async run(): Promise<CommandEnd> {
    const { settings, brand } = this.#terms
    const { inside, name } = this.#container
    const { text, timeoutMs, signal, onOutput } = this.#command
    const mark = randomBytes(16).toString('hex')
    const parts = [mark, inside.oom, inside.shell, ...commandParts(text)]
    const lines = onOutput && {
      stdout: new Lines((chunk) => told(() => onOutput({ stream: 'stdout', text: chunk }))),
      stderr: new Lines((chunk) => told(() => onOutput({ stream: 'stderr', text: chunk }))),
    }
    const take = (capture: Capture, listener: Lines | undefined, chunk: Buffer) => {
      capture.push(chunk)
      this.#bytes += chunk.length
      if (this.#bytes > this.#most) this.#end('output')
      else listener?.push(chunk)
    }
    const stderr = new MarkedStream(mark, {
      onText: (chunk) => {
        if (this.#heard.begun === undefined) this.#said.push(chunk)
        else take(this.#err, lines?.stderr, chunk)
      },
      onMark: (words) => this.#hear(words),
    })
    const listener = {
      onStdout: (chunk: Buffer) => take(this.#out, lines?.stdout, chunk),
      onStderr: (chunk: Buffer) => stderr.push(chunk),
    }
    const client = new Client(settings.docker, scriptArguments(name, WRAP, brand, parts), listener)
    let gone = false
    const left = client.ended.then((end) => {
      gone = true
      this.#wake()
      return end
    })
    const timer = setTimeout(() => this.#end('timeout'), timeoutMs)
    const unlisten = onAbort(signal, () => this.#end('cancelled'))
    while (!gone && this.#stop === undefined && this.#heard.over === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    clearTimeout(timer)
    unlisten()
    const stop = this.#stop
    const keeps = stop === undefined && settings.background === 'keep'
    let leftover = stop === undefined ? await this.#tidy() : await this.#kill(left, () => gone)
    if (!gone) await within(left, keeps ? KEPT_MS : LEAVE_MS)
    // It said that it was over, and goes on.
    if (!gone && !keeps && stop === undefined) leftover = await this.#kill(left, () => gone)
    if (!gone) client.kill()
    const end = await left
    stderr.end()
    lines?.stdout.end()
    lines?.stderr.end()
    return this.#conclude(stop, leftover, end.startError ?? end.signal, end.code)
  }

  #hear([what, ...words]: string[]): void {
    if (what === 'begin') {
      this.#heard.begun ??= { pid: words[0] ?? '', kills: numberOf(words[1]) }
    } else if (what === 'end') {
      const [code, processes] = [numberOf(words[0]), numberOf(words[1])]
      if (code === undefined || code > 255 || processes === undefined) return
      this.#heard.over = { code, processes, kills: numberOf(words[2]) }
    }
    this.#wake()
  }

  /** The first reason counts. */
  #end(why: Stop): void {
    this.#stop ??= why
    this.#wake()
  }

  /** After a command that ended by itself: what it left behind. */
  async #tidy(): Promise<number> {
    const { over, begun } = this.#heard
    const { inside } = this.#container
    if (begun === undefined || this.#terms.settings.background === 'keep') return 0
    const { census } = this.#container
    const isCounted = census !== undefined && this.#container.occupancy.count === 1
    // Without a count, somebody ended the script that would have counted.
    const saysClean = over !== undefined && over.processes <= inside.processes
    const clean = saysClean && (!isCounted || (await census.strangers()) === 0)
    if (isCounted) this.#container.littered = !clean
    else if (!clean) this.#container.littered = true
    if (!this.#container.littered) return 0
    return this.#sweep(clean || !inside.leads ? '' : begun.pid)
  }

  /** Ends the command inside, until its client leaves. */
  async #kill(left: Promise<unknown>, isGone: () => boolean): Promise<number> {
    const { begun } = this.#heard
    const { inside } = this.#container
    this.#container.littered = true
    let leftover = 0
    for (let round = 0; round < KILLS; round++) {
      const group = inside.leads ? (this.#heard.begun ?? begun)?.pid : ''
      leftover = await this.#sweep(group ?? '')
      // Others are at work, and it never said which process it is.
      if (await within(left, KILL_MS)) break
      if (isGone()) break
    }
    return leftover
  }

  /** Kills a group, and all else if no other command is at work. */
  async #sweep(group: string): Promise<number> {
    const alone = this.#container.occupancy.alone(() => this.#killInside(group, 'all'))
    if (alone !== undefined) return alone
    return group === '' ? 0 : this.#killInside(group, '')
  }

  async #killInside(group: string, all: 'all' | ''): Promise<number> {
    const { engine, brand } = this.#terms
    const container = this.#container
    const args = scriptArguments(container.name, SWEEP, brand, [container.inside.keep, group, all])
    const answer = await engine.call(args).catch(() => undefined)
    const said = answer?.code === 0 ? /^left=(\d+)\n$/.exec(answer.out)?.[1] : undefined
    if (all === '') return numberOf(said) ?? 1
    // What it says is said by something that runs inside, which others there may have ended and replaced.
    const left =
      container.census === undefined ? numberOf(said) : await container.census.strangers()
    if (left === 0) container.littered = false
    return left ?? 1
  }

  async #conclude(
    stop: Stop | undefined,
    leftover: number,
    failure: string | undefined,
    code: number | undefined,
  ): Promise<CommandEnd> {
    const { begun, over } = this.#heard
    const said = this.#said.text().text
    if (stop === undefined && begun === undefined) {
      const words = failure === undefined ? said : `the client ended by ${failure}`
      return { kind: 'not-started', words: this.#terms.engine.words(words) }
    }
    // The engine's own word counts: what came as a mark may be of the command.
    const isForged = over !== undefined && code !== undefined && code !== over.code
    const own = code ?? over?.code ?? (failure === undefined ? 137 : signalled(failure))
    const isDoubtful = stop === undefined && (over === undefined || isForged)
    if (isDoubtful && !(await this.#container.isRunning())) {
      if (this.#container.ended) return { kind: 'ran', run: this.#run('cancelled', own, 0) }
      return { kind: 'lost', run: this.#run(undefined, own, 0), words: 'its container is gone' }
    }
    return { kind: 'ran', run: this.#run(stop, own, leftover) }
  }

  #run(stop: Stop | undefined, code: number, leftover: number): ShellRun {
    const [stdout, stderr] = [this.#out.text(), this.#err.text()]
    const out = shortened(stdout.text, stdout.dropped)
    const err = shortened(stderr.text, stderr.dropped)
    const ms = Math.round(performance.now() - this.#started)
    const printed = { out: out.text, err: err.text, ms }
    const { begun, over } = this.#heard
    const killedForMemory =
      code === 137 && over?.kills !== undefined && over.kills > (begun?.kills ?? over.kills)
    let result: BashResult
    if (stop === 'output') result = ended({ why: 'output', limit: this.#most }, printed)
    else if (stop !== undefined) result = ended({ why: stop }, printed)
    else if (killedForMemory) result = ended({ why: 'memory' }, printed)
    else result = { code, ...printed }
    if (out.cut || err.cut) result.truncated = true
    if (leftover > 0) result.leftover = leftover
    return { result, out: stdout.text, err: stderr.text }
  }
}

/** Tells somebody, whose mistakes are not the command's. */
function told(work: () => void): void {
  try {
    work()
  } catch {
    // The caller's own affair.
  }
}

/** Whether something ends in time. */
async function within(pending: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  const done = await Promise.race([pending.then(() => true as const), late])
  clearTimeout(timer)
  return done
}

/** A process of the program, from outside: started, told what to do, ended by force. */

import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { type FrameKind, framesOf, messageFrame, messageOf } from './frames'

/** How a process came to its end. */
export type ProcessEnd = 'memory' | 'stack' | 'lost'

/** What the standard library of the program says before it ends it. */
const LAST_WORDS: [ProcessEnd, RegExp][] = [
  ['memory', /memory allocation of \d+ bytes failed/],
  ['stack', /has overflowed its stack/],
]
/** Letters of stderr that are kept. */
const KEPT = 4096

interface Pipe {
  ref?(): void
  unref?(): void
}

/** What a process says of itself before anything else. */
interface Ready {
  ready: true
  /** What the kernel holds it to. */
  enforced: string[]
}

export class BashProcess {
  /** Fulfilled when it takes orders: with what the kernel holds it to, or the reason why it never will. */
  readonly ready: Promise<{ enforced: string[] } | { failed: string }>
  onMessage: (message: object) => void = () => {}
  onOutput: (stream: 'stdout' | 'stderr', bytes: Buffer) => void = () => {}
  onEnd: (end: ProcessEnd) => void = () => {}
  ended = false
  readonly #child: ChildProcess
  readonly #stdin: Writable
  readonly #stdout: Readable
  readonly #stderr: Readable
  readonly #gone: Promise<void>

  /** `folder` is the descriptor of the workspace, which the program gets as its own. */
  constructor(program: string, memoryBytes: number, folder: number | undefined) {
    const stdio = ['pipe', 'pipe', 'pipe', ...(folder === undefined ? [] : [folder])]
    this.#child = spawn(program, [String(process.pid), String(memoryBytes)], {
      // Nothing of the host's environment, and no folder of it.
      env: {},
      cwd: '/',
      stdio: stdio as ('pipe' | number)[],
    })
    const { stdin, stdout, stderr } = this.#child
    if (stdin === null || stdout === null || stderr === null) throw new Error('there are no pipes')
    this.#stdin = stdin
    this.#stdout = stdout
    this.#stderr = stderr
    let words = ''
    let reason = 'it ended'
    stderr.on('data', (piece: Buffer) => {
      words = (words + piece.toString('latin1')).slice(-KEPT)
    })
    // A process that is gone takes nothing; that it is gone is seen below.
    stdin.on('error', () => {})
    let done = () => {}
    this.#gone = new Promise<void>((resolve) => {
      done = resolve
    })
    this.ready = new Promise((resolve) => {
      const first = (kind: FrameKind, content: Buffer) => {
        if (kind !== 'J') {
          this.onOutput(kind === 'O' ? 'stdout' : 'stderr', content)
          return
        }
        const message = messageOf(content)
        if (message === undefined) this.distrust()
        else if ('ready' in message) resolve({ enforced: (message as Ready).enforced })
        else this.onMessage(message)
      }
      stdout.on(
        'data',
        framesOf(first, () => this.distrust()),
      )
      const over = () => {
        if (this.ended) return
        this.ended = true
        resolve({ failed: /^runlet-bash: (.*)$/m.exec(words)?.[1] ?? reason })
        done()
        this.onEnd(LAST_WORDS.find(([, pattern]) => pattern.test(words))?.[0] ?? 'lost')
      }
      this.#child.on('error', (error: NodeJS.ErrnoException) => {
        reason = `it could not be started (${error.code ?? 'unknown'})`
        over()
      })
      // Not `exit`: what it printed last may still be on its way.
      this.#child.on('close', over)
    })
    // An idle process keeps nobody waiting.
    this.keepAlive(false)
  }

  send(message: object): void {
    if (!this.ended) this.#stdin.write(messageFrame(message))
  }

  /** Ends it, since it says what the program never says: somebody else is in control. */
  distrust(): void {
    this.#stdout.removeAllListeners('data')
    this.#stdout.resume()
    this.#child.kill('SIGKILL')
  }

  /** The host waits for this process, or no longer. */
  keepAlive(kept: boolean): void {
    const all = [this.#child, this.#stdin, this.#stdout, this.#stderr] as Pipe[]
    for (const one of all) kept ? one.ref?.() : one.unref?.()
  }

  /** At once, whatever it does. */
  async kill(): Promise<void> {
    this.onMessage = () => {}
    this.onOutput = () => {}
    this.onEnd = () => {}
    if (this.ended) return
    this.keepAlive(true)
    this.#child.kill('SIGKILL')
    await this.#gone
  }
}

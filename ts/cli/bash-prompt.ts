/** A person at a terminal: lines to run, and answers to questions. */

import { createInterface, type Interface } from 'node:readline'
import { complain } from './terminal'

/** Reads lines while it is open; the terminal is in raw mode then, so Ctrl-C comes as an event. */
export class Prompt {
  readonly #readline: Interface
  readonly #lines: string[] = []
  #waiting: ((line: string | undefined) => void) | undefined
  #ended = false

  constructor(onInterrupt: () => void) {
    // Not standard output: that may be a file for what commands print.
    this.#readline = createInterface({ input: process.stdin, output: process.stderr })
    this.#readline.on('line', (line) => this.#give(line))
    this.#readline.on('SIGINT', onInterrupt)
    this.#readline.on('close', () => {
      this.#ended = true
      this.#give(undefined)
    })
  }

  #give(line: string | undefined): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting !== undefined) waiting(line)
    else if (line !== undefined) this.#lines.push(line)
  }

  /** The next line; nothing at the end of the input. Lines that were typed ahead come first. */
  line(prompt: string): Promise<string | undefined> {
    const typed = this.#lines.shift()
    if (typed !== undefined) return Promise.resolve(typed)
    return this.#next(prompt)
  }

  /** Whether a person says yes to what was just shown. Lines that were typed before are no answer. */
  async confirm(text: string): Promise<boolean> {
    complain(text)
    this.#lines.length = 0
    const answer = await this.#next('Run it? [y/N] ')
    return /^\s*y(?:es)?\s*$/i.test(answer ?? '')
  }

  #next(prompt: string): Promise<string | undefined> {
    if (this.#ended) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      this.#waiting = resolve
      this.#readline.setPrompt(prompt)
      this.#readline.prompt()
    })
  }

  /** Gives up a question that nobody has answered. */
  withdraw(): void {
    if (this.#waiting === undefined) return
    process.stderr.write('\n')
    this.#give(undefined)
  }

  /** An empty line again, as shells do on Ctrl-C. */
  clear(): void {
    this.#readline.write(null, { ctrl: true, name: 'e' })
    this.#readline.write(null, { ctrl: true, name: 'u' })
    process.stderr.write('\n')
    this.#readline.prompt()
  }

  close(): void {
    this.#readline.close()
  }
}

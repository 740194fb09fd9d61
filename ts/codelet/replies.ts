/** Answers to the host calls of one run, several at once where they come together. */

import type { Native } from '../addon'
import type { HostReplies } from '../host'
import { JSON_TEXT, type Payload, PLAIN_TEXT } from '../payload'
import { pump } from './bridge'

/** A string up to this length may be written as JSON, to travel with others. */
const SHORT = 1024

/** Collects answers until the code that is running now is done, and sends them in one piece. */
export class Replies implements HostReplies {
  readonly #native: Native
  readonly #run: number
  /** Lines that wait to be sent: number, `=` or `!`, and JSON. */
  #lines = ''
  /** Whether somebody sends them later. */
  #isHeld = false

  constructor(native: Native, run: number) {
    this.#native = native
    this.#run = run
  }

  answer(seq: number, value: Payload | undefined): void {
    if (value === undefined) this.#add(`${seq}=`)
    else if (value.form === JSON_TEXT) this.#add(`${seq}=${value.text}`)
    else if (value.form === PLAIN_TEXT && value.text.length <= SHORT) {
      this.#add(`${seq}=${JSON.stringify(value.text)}`)
    } else {
      // Answers keep their order.
      this.#send()
      this.#native.replyValue(this.#run, seq, value.text, value.form, value.buffers)
    }
  }

  refuse(seq: number, text: string): void {
    this.#add(`${seq}!${text}`)
  }

  /** Sends in one piece what `work` answers at once. */
  together(work: () => void): void {
    this.#isHeld = true
    try {
      work()
    } finally {
      this.#isHeld = false
      this.#send()
    }
  }

  /** JSON has no line breaks of its own, so each answer is one line. */
  #add(line: string): void {
    if (this.#lines === '' && !this.#isHeld) queueMicrotask(() => this.#send())
    this.#lines += `${line}\n`
  }

  #send(): void {
    const lines = this.#lines
    if (lines === '') return
    this.#lines = ''
    this.#native.reply(this.#run, lines)
    pump()
  }
}

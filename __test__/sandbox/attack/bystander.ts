/** A process beside the sandbox, which attacks may harm if they can. */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { programOf } from '../../tool/plain-peer'
import type { Identity } from './arena'

export class Bystander {
  readonly #child: ChildProcessWithoutNullStreams
  #said = ''

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child
    child.stdout.on('data', (chunk: Buffer) => {
      this.#said += chunk.toString()
    })
  }

  /** Runs work beside a bystander, who is in a group of its own and the attacker's user. */
  static async beside<T>(identity: Identity, work: (one: Bystander) => Promise<T>): Promise<T> {
    const { uid } = identity
    const user = uid === undefined ? {} : { uid, gid: uid }
    const script = readFileSync(join(__dirname, 'fixtures', 'bystander.mjs'), 'utf8')
    const child = spawn(programOf('node'), ['--input-type=module', '-e', script], {
      ...user,
      cwd: '/',
      detached: true,
    })
    const one = new Bystander(child)
    try {
      await one.#says('ready\n')
      return await work(one)
    } finally {
      child.kill('SIGKILL')
    }
  }

  get pid(): number {
    const { pid } = this.#child
    if (pid === undefined) throw new Error('no bystander')
    return pid
  }

  /** Where memory of its own begins that can be written. */
  get address(): string {
    const maps = readFileSync(`/proc/${this.pid}/maps`, 'utf8')
    const start = /^([0-9a-f]+)-[0-9a-f]+ rw-p .*\[heap\]$/m.exec(maps)?.[1]
    if (start === undefined) throw new Error('no memory')
    return String(Number.parseInt(start, 16))
  }

  /** How many signals reached it so far; fails if it does not run any more. */
  async signals(): Promise<number> {
    const before = this.#said.split('here').length
    this.#child.stdin.write('?')
    while (this.#said.split('here').length === before) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        throw new Error('the bystander ended')
      }
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return this.#said.split('signal').length - 1
  }

  /** Waits for a first signal; fails if none comes, or if it does not run any more. */
  async hears(): Promise<void> {
    // What comes at once with a question is told after the answer.
    for (let left = 1_000; (await this.signals()) === 0; left--) {
      if (left === 0) throw new Error('no signal reached the bystander')
    }
  }

  async #says(text: string): Promise<void> {
    while (!this.#said.includes(text)) {
      if (this.#child.exitCode !== null) throw new Error('the bystander never began')
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}

/** just-bash: a virtual shell as the rest of the room knows shells. */

import { mkdirSync } from 'node:fs'
import { RunletError } from '../errors'
import { ended } from './exit-codes'
import { shortened } from './output'
import type { Shell, ShellCommand, ShellRun } from './shell'
import { openVirtualShell } from './virtual'
import type { VirtualOutcome, VirtualShell, VirtualShellOptions } from './virtual-shell'

/** A virtual shell, opened at its first text. */
export class VirtualBash implements Shell {
  readonly #options: VirtualShellOptions
  #shell: VirtualShell | undefined

  constructor(options: VirtualShellOptions) {
    this.#options = options
  }

  async run({ text, timeoutMs, signal, onOutput }: ShellCommand): Promise<ShellRun> {
    // An engine that looks at a signal only later would have run some of it.
    if (signal.aborted) return { result: ended({ why: 'cancelled' }), out: '', err: '' }
    const began = performance.now()
    const elapsed = () => performance.now() - began
    try {
      this.#shell ??= this.#open()
      const outcome = await this.#shell.exec(text, { timeoutMs, signal, onOutput })
      return this.#runOf(outcome, elapsed())
    } catch (error) {
      return notRun(error, elapsed())
    }
  }

  #open(): VirtualShell {
    try {
      mkdirSync(this.#options.root, { recursive: true })
    } catch {
      // The engine says so, if it needs the folder.
    }
    return openVirtualShell(this.#options)
  }

  #runOf(outcome: VirtualOutcome, ms: number): ShellRun {
    const out = shortened(outcome.out)
    const err = shortened(outcome.err)
    const printed = { out: out.text, err: err.text, ms }
    const { maxOutputBytes } = this.#options
    let { code } = outcome
    let result: ShellRun['result'] = { code, ...printed }
    if (outcome.ended === 'output') {
      result = ended({ why: 'output', limit: maxOutputBytes }, printed)
    } else if (outcome.ended !== undefined) {
      result = ended({ why: outcome.ended }, printed)
    } else if (outcome.error !== undefined) {
      const memory = ended({ why: 'memory' }, printed)
      code = outcome.error.code === 'MEMORY_LIMIT' ? memory.code : code
      result = { ...memory, code, error: outcome.error }
      if (outcome.error.code !== 'MEMORY_LIMIT') {
        const between = err.text === '' || err.text.endsWith('\n') ? '' : '\n'
        result.err = `${err.text}${between}${outcome.error.message}`
      }
    }
    if (out.cut || err.cut) result.truncated = true
    if (outcome.limited !== undefined && outcome.limited.length > 0) {
      result.limited = [...outcome.limited]
    }
    return { result, out: outcome.out, err: outcome.err }
  }

  facts(): Record<string, never> {
    return {}
  }

  async close(): Promise<void> {
    const shell = this.#shell
    this.#shell = undefined
    await shell?.close()
  }
}

/** A text that no engine ran. */
function notRun(error: unknown, ms: number): ShellRun {
  const known = error instanceof RunletError
  const reason = known ? error.message : 'the virtual shell failed'
  const details = known ? error.details : undefined
  const result = ended({ why: 'not-started', reason, ...(details && { details }) }, { ms })
  if (known && result.error !== undefined) result.error.code = error.code
  return { result, out: '', err: '' }
}

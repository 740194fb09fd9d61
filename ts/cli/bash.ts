/** `runlet bash`: commands in a workspace, what they print as it comes, their exit code as its own. */

import { readFileSync } from 'node:fs'
import { text as readAll } from 'node:stream/consumers'
import type { ApprovalRequest, BashResult, BuiltInRuntime } from '../../index.js'
import { RunletError } from '../errors'
import { createRuntime } from '../workspaces'
import type { BashArguments } from './arguments'
import { bashMessages } from './bash-messages'
import { type BashSettings, readBashOptions } from './bash-options'
import { Prompt } from './bash-prompt'
import { complain, printJson, printText } from './terminal'
import { UsageError } from './usage-error'

/** Signals that end what runs, and the exit codes they have in shells. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
/** As of a program that nobody reads any more. */
const PIPE_CODE = 141

/** @returns the exit code of the process @throws UsageError, RunletError */
export async function bashCommand({ file, flags }: BashArguments): Promise<number> {
  const session = new Session()
  const hasTerminal = process.stdin.isTTY === true && process.stderr.isTTY === true
  const onApproval = (request: ApprovalRequest) => session.approve(request, settings)
  const isTyped = file === undefined && !flags.has('command') && process.stdin.isTTY === true
  const terms = { onApproval, canAsk: hasTerminal, isTyped }
  const settings: BashSettings = readBashOptions(flags, terms)
  const isWhole = flags.has('json')
  if (isTyped && isWhole) throw new UsageError(bashMessages.jsonOnTerminal())
  const text = isTyped ? undefined : await readText(file, flags.text('command'))
  const runtime = createRuntime(settings.options)
  try {
    if (text === undefined) return await session.converse(runtime, settings)
    return await session.run(runtime, text, settings, isWhole)
  } catch (error) {
    throw explained(error)
  } finally {
    session.close()
    await runtime.close()
  }
}

async function readText(file: string | undefined, command: string | undefined): Promise<string> {
  if (command !== undefined) return command
  if (file === undefined || file === '-') return readAll(process.stdin)
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new UsageError(bashMessages.noFile(file))
  }
}

/** Says what to pass where this machine cannot keep what was asked for. */
function explained(error: unknown): unknown {
  if (!(error instanceof RunletError) || error.code !== 'POLICY_UNENFORCEABLE') return error
  const { code, message, details } = error
  const missing = details?.unenforceable as readonly { flag: string; reason: string }[] | undefined
  const text =
    missing === undefined
      ? bashMessages.unenforceable(message)
      : bashMessages.leaveOut(
          missing.map(({ reason }) => fromHere(reason)),
          missing.map(({ flag }) => fromHere(flag)),
        )
  return new RunletError(code, text, { details })
}

/** Paths as they were typed, below the current folder. */
function fromHere(text: string): string {
  const here = process.cwd()
  return here === '/' ? text : text.replaceAll(`${here}/`, './')
}

/** One process, with a person at its terminal or none. */
class Session {
  #prompt: Prompt | undefined
  #running: AbortController | undefined

  /** Runs one text. */
  async run(
    runtime: BuiltInRuntime,
    command: string,
    { approver }: BashSettings,
    isWhole = false,
  ): Promise<number> {
    const controller = new AbortController()
    let ending: number | undefined
    const end = (code: number) => {
      ending ??= code
      controller.abort()
    }
    const onSignal = (signal: keyof typeof SIGNALS) => end(SIGNALS[signal])
    const onPipe = ({ code }: NodeJS.ErrnoException) => code === 'EPIPE' && end(PIPE_CODE)
    for (const signal of Object.keys(SIGNALS)) process.once(signal, onSignal)
    process.stdout.on('error', onPipe)
    this.#running = controller
    let shown = false
    const onOutput = (chunk: { stream: 'stdout' | 'stderr'; text: string }) => {
      shown = true
      printText(process[chunk.stream], chunk.text)
    }
    try {
      const { signal } = controller
      const result = await runtime.bash({ command, signal, ...(!isWhole && { onOutput }) })
      if (isWhole) printJson(result)
      else if (ending !== PIPE_CODE) report(result, shown, approver)
      return ending ?? result.code
    } finally {
      this.#running = undefined
      this.#prompt?.withdraw()
      for (const signal of Object.keys(SIGNALS)) process.removeListener(signal, onSignal)
      process.stdout.removeListener('error', onPipe)
    }
  }

  /** Runs lines until there is no more, or one says `exit`. */
  async converse(runtime: BuiltInRuntime, settings: BashSettings): Promise<number> {
    complain(bashMessages.greeting(settings.name, settings.remembers))
    const prompt = this.#open()
    let code = 0
    for (;;) {
      const line = await prompt.line(`${settings.name}$ `)
      const [isExit, given] = /^\s*exit(?:\s+(\d{1,3}))?\s*$/.exec(line ?? 'exit') ?? []
      if (isExit !== undefined || line === undefined)
        return given === undefined ? code : +given % 256
      if (line.trim() === '') continue
      try {
        code = await this.run(runtime, line, settings)
      } catch (error) {
        if (!(error instanceof RunletError) || error.code !== 'INVALID_ARGUMENT') throw error
        complain(`${error.code} ${error.message}`)
        code = 2
      }
    }
  }

  /** Whether a command may run that needs approval. */
  async approve(request: ApprovalRequest, { approver }: BashSettings): Promise<boolean> {
    if (approver === 'always') return true
    const { runtime, reason, command } = request
    const isOwn = this.#prompt === undefined
    try {
      return await this.#open().confirm(bashMessages.asks(runtime, reason, command))
    } finally {
      if (isOwn) this.close()
    }
  }

  #open(): Prompt {
    this.#prompt ??= new Prompt(() => {
      if (this.#running === undefined) this.#prompt?.clear()
      else process.emit('SIGINT', 'SIGINT')
    })
    return this.#prompt
  }

  close(): void {
    this.#prompt?.close()
    this.#prompt = undefined
  }
}

/** What a result has besides what was shown while it ran. */
function report(result: BashResult, shown: boolean, approver: string): void {
  const { out, err, error, limited, leftover, denials } = result
  if (!shown && error === undefined) {
    printText(process.stdout, out)
    printText(process.stderr, err)
  }
  for (const { target, allowWith } of denials ?? []) {
    complain(bashMessages.refused(target ?? 'an access', allowWith))
  }
  if (limited !== undefined) complain(bashMessages.limited(limited))
  if (leftover !== undefined) complain(bashMessages.leftover(leftover))
  if (error === undefined) return
  complain(`${error.code} ${error.message}`)
  if (error.details?.reason === 'approval_required' && approver === 'ask') {
    complain(bashMessages.nobodyAsked())
  }
}

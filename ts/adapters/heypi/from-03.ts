/**
 * A provider of the 0.3 contract as a runtime. The folder of the context holds what its sandbox holds,
 * as that contract wants it: files are read there, and what is written goes through its tools, too.
 */

import { resolve } from 'node:path'
import type {
  HeypiRuntime,
  RuntimeContext03,
  RuntimeInstance03,
  RuntimeProvider03,
  Tool03,
} from '../../../heypi.js'
import type { BashInput, BashResult, RuntimeCall, RuntimeEvent } from '../../../index.js'
import { RunletError } from '../../errors'
import { refuse } from '../../tool/option-kinds'
import { requestOf } from '../../workspace/calls'
import { disposed, Folder } from '../../workspace/core'
import { emit } from '../../workspace/events'
import { ended } from '../../workspace/exit-codes'
import { startupError } from '../../workspace/startup-error'
import { clip } from './process'

const NAME = 'heypi-0.3'
const TIMEOUT_MS = 120_000

/** See `heypi.d.ts`. */
export function fromHeypi03(provider: RuntimeProvider03, context: RuntimeContext03): HeypiRuntime {
  if (typeof provider !== 'function') throw refuse('provider', 'a function', provider)
  if (typeof context?.workspace !== 'string' || context.workspace === '') {
    throw refuse('context.workspace', 'a path', context?.workspace)
  }
  return new Foreign(provider, context).runtime()
}

class Foreign {
  readonly #provider: RuntimeProvider03
  readonly #context: RuntimeContext03
  readonly #root: string
  readonly #folder: Folder
  #starting: Promise<RuntimeInstance03> | undefined
  #running: RuntimeInstance03 | undefined
  #startedAt: number | undefined
  #calls = 0
  #closed = false

  constructor(provider: RuntimeProvider03, context: RuntimeContext03) {
    this.#provider = provider
    this.#context = context
    this.#root = resolve(context.workspace)
    this.#folder = new Folder({ root: this.#root, oversize: 'error' })
  }

  runtime(): HeypiRuntime {
    const scope = { key: NAME, path: NAME, root: this.#root }
    const folder = (operation: 'read' | 'grep' | 'find' | 'ls') => async (input: RuntimeCall) => {
      await this.#instance(input)
      return this.#folder.operate(operation, requestOf(input, operation), input.signal)
    }
    const changing = (operation: 'write' | 'edit') => async (input: RuntimeCall) => {
      await this.#instance(input)
      const done = await this.#folder.operate(operation, requestOf(input, operation), input.signal)
      const { path } = input as { path: string }
      // What a runtime elsewhere has of it, too.
      const { text } = await this.#folder.operate<{ text: string }>('read', { path })
      const write = await this.#tool('write', input)
      await write.execute(this.#id(), { path: guestPath(path), content: text }, input.signal)
      return done
    }
    const runtime = {
      name: NAME,
      root: this.#root,
      scope,
      bash: (input: BashInput) => this.#bash(input),
      read: folder('read'),
      grep: folder('grep'),
      find: folder('find'),
      ls: folder('ls'),
      write: changing('write'),
      edit: changing('edit'),
      status: async () => [
        {
          name: NAME,
          scope,
          root: this.#root,
          state: this.#running ? 'running' : this.#starting ? 'starting' : 'stopped',
          idleMs: false,
          ...(this.#startedAt !== undefined && { startedAt: this.#startedAt }),
        },
      ],
      stop: () => this.#stop(),
      restart: () => this.#stop(),
      cleanup: async () => {},
      close: () => this.#close(),
      [Symbol.asyncDispose]: () => this.#close(),
    }
    return runtime as unknown as HeypiRuntime
  }

  #id(): string {
    return `runlet-${++this.#calls}`
  }

  async #instance({ runtimeEvents }: RuntimeCall): Promise<RuntimeInstance03> {
    if (this.#closed) throw disposed()
    const tell = (kind: RuntimeEvent['kind'], message?: string) => {
      const event = { kind, runtime: NAME, root: this.#root }
      emit(runtimeEvents, message === undefined ? event : { ...event, message })
    }
    if (this.#running !== undefined) {
      tell('reuse')
      return this.#running
    }
    tell('starting')
    if (this.#starting !== undefined) return this.#starting
    const starting = (async () => {
      try {
        const instance = await this.#provider(this.#context)
        await instance.prepare?.()
        this.#running = instance
        this.#startedAt = Date.now()
        tell('start')
        return instance
      } catch (cause) {
        const error = startupError(NAME, cause)
        tell('start_failed', error.message)
        throw error
      } finally {
        this.#starting = undefined
      }
    })()
    this.#starting = starting
    return starting
  }

  async #tool(name: string, call: RuntimeCall): Promise<Tool03> {
    const { tools } = await this.#instance({ ...call, runtimeEvents: undefined })
    const found = tools.find((tool) => tool.name === name)
    if (found !== undefined) return found
    const message = `the provider has no tool ${name}`
    throw new RunletError('RUNTIME_ERROR', message, { details: { reason: 'tool_missing' } })
  }

  async #bash(input: BashInput): Promise<BashResult> {
    const { command, timeoutMs = TIMEOUT_MS, signal } = input
    if (this.#closed) throw disposed()
    if (signal?.aborted) return ended({ why: 'cancelled' })
    await this.#instance(input)
    const tool = await this.#tool('bash', input)
    const began = performance.now()
    const elapsed = () => performance.now() - began
    const request = { command, timeout: timeoutMs / 1_000 }
    try {
      const { content } = await tool.execute(this.#id(), request, signal)
      const out = content.map((part) => part.text ?? '').join('')
      return { code: 0, out: out === '(no output)' ? '' : clip(out), err: '', ms: elapsed() }
    } catch (error) {
      return endingOf(error, signal?.aborted === true, elapsed())
    }
  }

  async #stop(): Promise<void> {
    const running = this.#running ?? (await this.#starting?.catch(() => undefined))
    this.#running = undefined
    this.#startedAt = undefined
    await running?.cleanup()
  }

  async #close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#stop()
    this.#folder.close()
  }
}

/** As tools of 0.3 name a file of the workspace. */
function guestPath(path: string): string {
  return `/workspace/${path.replace(/^\/+/, '')}`
}

const ENDINGS: readonly [RegExp, (code: number, printed: string, ms: number) => BashResult][] = [
  [/(?:^|\n\n)Command exited with code (\d+)$/, (code, out, ms) => ({ code, out, err: '', ms })],
  [
    /(?:^|\n\n)Command timed out(?: after [\d.]+ seconds)?$/,
    (_, out, ms) => ended({ why: 'timeout' }, { out, ms }),
  ],
  [/(?:^|\n\n)Command aborted$/, (_, out, ms) => ended({ why: 'cancelled' }, { out, ms })],
]

/** What a tool of 0.3 says of a command that did not end well, as a result. */
function endingOf(error: unknown, aborted: boolean, ms: number): BashResult {
  const message: unknown = Reflect.get(Object(error), 'message')
  const said = typeof message === 'string' ? message : ''
  for (const [form, make] of ENDINGS) {
    const match = form.exec(said)
    if (match !== null) return make(Number(match[1]), clip(said.slice(0, match.index)), ms)
  }
  if (aborted) return ended({ why: 'cancelled' }, { ms })
  throw error
}

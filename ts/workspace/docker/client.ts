/** The engine's client as a process of this host. */

import { type ChildProcess, spawn } from 'node:child_process'

/** How one ended. */
export interface ClientEnd {
  /** Exit code; none if a signal ended it or it never started. */
  readonly code: number | undefined
  readonly signal: string | undefined
  /** The system's code of why it did not start, such as `ENOENT`. */
  readonly startError: string | undefined
}

/** Who hears what it prints. */
export interface ClientListener {
  readonly onStdout: (chunk: Buffer) => void
  readonly onStderr: (chunk: Buffer) => void
}

/** What a stream is waited for that somebody else still holds. */
const LINGER_MS = 100

/** One client. */
export class Client {
  /** Never rejects. */
  readonly ended: Promise<ClientEnd>
  #child: ChildProcess | undefined

  constructor(
    program: string,
    args: readonly string[],
    { onStdout, onStderr }: ClientListener,
    input?: string | Buffer,
  ) {
    this.ended = new Promise((resolve) => {
      let child: ChildProcess
      const failed = (error: unknown) => {
        const startError = String(Reflect.get(Object(error), 'code') ?? 'EIO')
        resolve({ code: undefined, signal: undefined, startError })
      }
      try {
        const stdin = input === undefined ? 'ignore' : 'pipe'
        const stdio: ['ignore' | 'pipe', 'pipe', 'pipe'] = [stdin, 'pipe', 'pipe']
        child = spawn(program, args, { stdio, windowsHide: true })
      } catch (error) {
        failed(error)
        return
      }
      this.#child = child
      child.on('error', (error) => {
        // Also said of a kill that failed; then it has started.
        if (child.pid === undefined) failed(error)
      })
      let heard = false
      const hear = (take: (chunk: Buffer) => void) => (chunk: Buffer) => {
        heard = true
        take(chunk)
      }
      child.stdout?.on('data', hear(onStdout)).on('error', () => {})
      child.stderr?.on('data', hear(onStderr)).on('error', () => {})
      // It may end without reading.
      child.stdin?.on('error', () => {}).end(input)
      const done = (code: number | null, signal: string | null) =>
        resolve({ code: code ?? undefined, signal: signal ?? undefined, startError: undefined })
      child.on('close', done)
      child.on('exit', (code, signal) => {
        const linger = () => {
          heard = false
          setTimeout(() => {
            if (heard) return linger()
            child.stdout?.destroy()
            child.stderr?.destroy()
            return done(code, signal)
          }, LINGER_MS)
        }
        linger()
      })
    })
  }

  kill(): void {
    this.#child?.kill('SIGKILL')
  }
}

/** A short call: all that it printed, up to a bound. */
export interface ClientAnswer extends ClientEnd {
  readonly out: string
  readonly err: string
  readonly timedOut: boolean
  readonly cut: boolean
}

/** Runs one to its end, or to the end of its time. */
export async function callClient(
  program: string,
  args: readonly string[],
  { timeoutMs, input, most }: { timeoutMs: number; input?: string | Buffer; most: number },
): Promise<ClientAnswer> {
  const out: Buffer[] = []
  const err: Buffer[] = []
  let room = most
  let timedOut = false
  const keep = (chunks: Buffer[]) => (chunk: Buffer) => {
    if (room > 0) chunks.push(chunk.subarray(0, room))
    room -= chunk.length
    // It would go on for as long as there is something.
    if (room < 0) client.kill()
  }
  const client: Client = new Client(
    program,
    args,
    { onStdout: keep(out), onStderr: keep(err) },
    input,
  )
  const timer = setTimeout(() => {
    timedOut = true
    client.kill()
  }, timeoutMs)
  const end = await client.ended
  clearTimeout(timer)
  const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString('utf8')
  return { ...end, out: text(out), err: text(err), timedOut, cut: room < 0 }
}

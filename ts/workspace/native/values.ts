/** What crosses between the host and the program in another form than between two threads. */

import type { Calls } from '../just-bash/calls'

interface Bytes {
  bytes: string
}

export function toWire(content: unknown): string | Bytes {
  if (typeof content === 'string') return content
  const view = content as Uint8Array
  return { bytes: Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('base64') }
}

function fromWire({ bytes }: Bytes): Buffer {
  return Buffer.from(bytes, 'base64')
}

/** Calls for files and scripts, as a command of the host makes them. */
export function fileCalls(calls: Calls): Calls {
  async function call(name: string, ...args: unknown[]): Promise<unknown> {
    const [number, path, ...operands] = args
    switch (name) {
      case 'readFile': {
        const got = (await calls.call('readFileBuffer', number, path)) as Bytes
        return fromWire(got).toString(encodingOf(operands[0]))
      }
      case 'readFileBuffer':
        return new Uint8Array(fromWire((await calls.call(name, number, path)) as Bytes))
      case 'writeFile':
      case 'appendFile': {
        const [content, options] = operands
        const bytes =
          typeof content === 'string' ? Buffer.from(content, encodingOf(options)) : content
        return calls.call(name, number, path, toWire(bytes))
      }
      case 'stat':
      case 'lstat': {
        const { mtimeMs, ...facts } = (await calls.call(name, number, path)) as Facts
        return { ...facts, mtime: new Date(mtimeMs) }
      }
      case 'utimes': {
        const [atime, mtime] = operands as [Date | undefined, Date | undefined]
        return calls.call(name, number, path, atime?.getTime() ?? 0, mtime?.getTime() ?? 0)
      }
      default:
        return calls.call(name, ...args)
    }
  }
  return { ...calls, call }
}

interface Facts {
  mtimeMs: number
}

function encodingOf(options: unknown): BufferEncoding {
  if (typeof options === 'string') return options as BufferEncoding
  return (options as { encoding?: BufferEncoding } | undefined)?.encoding ?? 'utf8'
}

/** What a command gets, in the form that the other engine gives it: its input is a letter for each byte. */
export function commandArgs(args: unknown[]): unknown[] {
  const [number, command, words, context] = args as [number, string, string[], { stdin: Bytes }]
  const stdin = fromWire(context.stdin).toString('latin1')
  return [number, command, words, { ...context, stdin }]
}

/** What a command gave. Bytes come as a letter for each. */
export function commandResult(result: unknown): object {
  const { stdout, stdoutKind, stdoutEncoding, ...rest } = result as Record<string, unknown>
  const areBytes =
    stdoutKind === 'bytes' || (stdoutKind === undefined && stdoutEncoding === 'binary')
  return { ...rest, stdout: areBytes ? toWire(Buffer.from(stdout as string, 'latin1')) : stdout }
}

/**
 * Runs in the child process: loads the entrypoint, is told of one call, answers it.
 *
 * What the tool can reach is not to be trusted, and it can reach all of JavaScript. So everything that
 * an answer is made of is taken before the entrypoint is loaded, an answer is written by index into a
 * buffer of our own, and each frame carries a token that only this module's closure knows. That keeps
 * out forgery by a dependency or by code that runs while the entrypoint loads; it is no wall against
 * code that reads the process's own memory.
 *
 * Imports only modules of the runtime: the project may redirect all others.
 */

import {
  readlinkSync as fsReadlinkSync,
  readSync as fsReadSync,
  writeSync as fsWriteSync,
} from 'node:fs'
import { pathToFileURL } from 'node:url'

const CHANNEL = 3
const HEADER = 21
const [HELLO, REQUEST, READY, RESULT, FAILED, HEAP] = [1, 2, 16, 17, 18, 19] as const

// Taken before anything of the user runs.
const readSync = fsReadSync
const writeSync = fsWriteSync
const readlinkSync = fsReadlinkSync
const { stringify, parse } = JSON
const { hasOwn, keys, setPrototypeOf, defineProperty } = Object
const { apply, get } = Reflect
const textEncoder = new TextEncoder()
const textDecoder = new TextDecoder('utf-8', { fatal: true })
const encode = textEncoder.encode.bind(textEncoder)
const decode = textDecoder.decode.bind(textDecoder)
const encodeInto = textEncoder.encodeInto.bind(textEncoder)
const Bytes = Uint8Array
const setBytes = Uint8Array.prototype.set
const readLength = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  'length',
)?.get as () => number
const NativeError = Error
const TextOf = String
const { toWellFormed } = String.prototype as unknown as { toWellFormed(): string }
const now = performance.now.bind(performance)
const NativeDate = Date
const toISOString = Date.prototype.toISOString
const blocker = new Int32Array(new SharedArrayBuffer(4))
const wait = Atomics.wait
const exit = process.exit.bind(process)

/** What Bun adds to the globals, as far as it is used here. */
declare const Bun: { generateHeapSnapshot(): object } | undefined

interface Hello {
  projectRoot: string
  entrypoint: string
  debug: boolean
  heapProfiling: boolean
  /** There is time before the request comes. */
  rehearse: boolean
  /** The process may go on after its answer. */
  goesOn: boolean
}

interface Request {
  tool_id: string
  tool_exec_id: string
  input: unknown
  config: unknown
  env: Record<string, string>
  timeout_ms: number
}

type Tool = (input: unknown, config: unknown) => unknown

/** The file that the channel is, by a name that no other has at the same time. */
function channelNow(): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${CHANNEL}`, 'utf8')
  } catch {
    return undefined
  }
}

const channel = channelNow()

/** Ends the process; where a handler of the tool's keeps it from ending, it goes no further. */
function end(): never {
  exit(1)
  for (;;) wait(blocker, 0, 0)
}

/** How many bytes there are, without asking an accessor that the tool could have replaced. */
function lengthOf(bytes: Uint8Array): number {
  return apply(readLength, bytes, [])
}

/**
 * Makes bytes inherit nothing: the runtime's own readSync and writeSync ask them for their length, and
 * an inherited accessor that the tool has replaced would be handed the token.
 */
function bare(bytes: Uint8Array): Uint8Array {
  const length = lengthOf(bytes)
  setPrototypeOf(bytes, null)
  for (let at = 0; at < 2; at++) {
    const name = at === 0 ? 'length' : 'byteLength'
    defineProperty(bytes, name, { __proto__: null, value: length } as PropertyDescriptor)
  }
  return bytes
}

/** Most frames are short: their bytes have room here, made before there is any hurry. */
const SHORT = 0x4000
const incoming = new Bytes(SHORT).buffer
const inbox = bare(new Bytes(incoming))
const outgoing = new Bytes(SHORT).buffer
const outbox = bare(new Bytes(outgoing))

/** Fills bytes up to `least` or more, as long as there is `room`. Ends the process when the host is gone. */
function take(into: Uint8Array, from: number, least: number, room: number): number {
  let at = from
  while (at < least) {
    let read = 0
    try {
      read = readSync(CHANNEL, into, at, room - at, null)
    } catch (error) {
      if (codeOf(error) === 'EINTR') continue
      if (codeOf(error) === 'EAGAIN') {
        wait(blocker, 0, 0, 1)
        continue
      }
      end()
    }
    if (read === 0) end()
    at += read
  }
  return at
}

/** The next frame, which is the only one that the host has sent: it waits for each to be answered. */
function receive(kind: number): unknown {
  const got = take(inbox, 0, HEADER, SHORT)
  const length =
    (inbox[0] as number) +
    (inbox[1] as number) * 0x100 +
    (inbox[2] as number) * 0x10000 +
    (inbox[3] as number) * 0x1000000
  const whole = HEADER + length
  if (inbox[20] !== kind || got > whole) end()
  if (whole <= SHORT) {
    take(inbox, got, whole, whole)
    return parse(decode(new Bytes(incoming, HEADER, length)))
  }
  const body = new Bytes(length)
  apply(setBytes, body, [new Bytes(incoming, HEADER, got - HEADER)])
  take(bare(body), got - HEADER, length, length)
  return parse(decode(body))
}

const hello = receive(HELLO) as Hello
const token = new Bytes(16)
for (let at = 0; at < 16; at++) {
  token[at] = inbox[4 + at] as number
  inbox[4 + at] = 0
}

function send(kind: number, text: string): void {
  if (text.length * 3 > SHORT - HEADER) {
    sendBytes(kind, encode(text))
    return
  }
  // In one piece: each write may wake the host. The text comes first, while there is no token beside it.
  const { written } = encodeInto(text, new Bytes(outgoing, HEADER))
  head(outbox, kind, written)
  put(outbox, HEADER + written)
  for (let at = 4; at < 20; at++) outbox[at] = 0
}

function sendBytes(kind: number, body: Uint8Array): void {
  const length = lengthOf(body)
  const header = bare(new Bytes(HEADER))
  head(header, kind, length)
  put(header, HEADER)
  put(bare(body), length)
}

function head(frame: Uint8Array, kind: number, length: number): void {
  // Something that was put in the channel's place would learn the token.
  if (channelNow() !== channel) end()
  frame[0] = length & 0xff
  frame[1] = (length >>> 8) & 0xff
  frame[2] = (length >>> 16) & 0xff
  frame[3] = (length >>> 24) & 0xff
  for (let at = 0; at < 16; at++) frame[4 + at] = token[at] as number
  frame[20] = kind
}

let muted = false

/** Writes so many bytes that inherit nothing. */
function put(bytes: Uint8Array, length: number): void {
  if (muted) return
  for (let at = 0; at < length; ) {
    try {
      at += writeSync(CHANNEL, bytes, at, length - at)
    } catch (error) {
      if (codeOf(error) === 'EINTR') continue
      if (codeOf(error) !== 'EAGAIN') end()
      wait(blocker, 0, 0, 1)
    }
  }
}

/** A property without running a getter of the guest more than once, and without throwing. */
function own(value: unknown, name: string): unknown {
  try {
    return typeof value === 'object' && value !== null ? get(value, name) : undefined
  } catch {
    return undefined
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function codeOf(error: unknown): string | undefined {
  return textOf(own(error, 'code'))
}

// The console, before the first line of the user: its output is a log and nothing else.
for (const [method, name] of [
  ['log', 'LOG'],
  ['debug', 'DEBUG'],
  ['info', 'INFO'],
  ['warn', 'WARN'],
  ['error', 'ERROR'],
] as const) {
  const prefix = `${hello.debug ? '[DEBUG]' : ''}[${name}] `
  console[method] = (...values: unknown[]) => {
    let line = prefix
    for (let at = 0; at < values.length; at++) line += (at > 0 ? ' ' : '') + shown(values[at])
    const bytes = bare(encode(`${line}\n`))
    for (let at = 0; at < bytes.length; ) {
      try {
        at += writeSync(2, bytes, at, bytes.length - at)
      } catch (error) {
        if (codeOf(error) !== 'EAGAIN' && codeOf(error) !== 'EINTR') return
        wait(blocker, 0, 0, 1)
      }
    }
  }
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value
  if (isError(value)) return textOf(own(value, 'stack')) ?? TextOf(value)
  try {
    return (typeof value === 'object' ? stringify(value) : undefined) ?? TextOf(value)
  } catch {
    return typeof value === 'object' ? '[object]' : '[value]'
  }
}

/** Not throwing, though a Proxy can make the question throw. */
function isError(value: unknown): boolean {
  try {
    return value instanceof NativeError
  } catch {
    return false
  }
}

/** A text in quotes, halves of characters replaced: the host reads Unicode. No toJSON is asked. */
function quoted(text: string): string {
  return stringify(apply(toWellFormed, text, []))
}

/** Why there is no value. All fields are there: one that is not would be that of a bent prototype. */
interface Fault {
  kind: 'tool' | 'lookup' | 'result' | 'timeout'
  message: string
  name: string
  stack: string | undefined
  code: string | undefined
  retryable: boolean
  /** The names of all tools, as JSON. */
  available: string | undefined
}

function faultOf(error: unknown, kind: Fault['kind']): Fault {
  if (isError(error) || typeof own(error, 'message') === 'string') {
    return {
      kind,
      message: textOf(own(error, 'message')) ?? '',
      name: textOf(own(error, 'name')) ?? 'Error',
      stack: textOf(own(error, 'stack')),
      code: codeOf(error),
      retryable: own(error, 'retryable') === true,
      available: undefined,
    }
  }
  let message = 'unknown'
  try {
    message = TextOf(error)
  } catch {
    // A value that cannot be shown.
  }
  return {
    kind,
    message,
    name: 'UnknownError',
    stack: undefined,
    code: undefined,
    retryable: own(error, 'retryable') === true,
    available: undefined,
  }
}

/** The answer; only the tool's value was made by code that the tool could have bent. */
function answer(request: Request | undefined, value: string, fault: Fault | undefined, ms: number) {
  // Whole characters: they were read from the host's UTF-8.
  const id = stringify(request?.tool_id ?? '')
  const ids = `"tool_id":${id},"tool_exec_id":${stringify(request?.tool_exec_id ?? '')}`
  let error = 'null'
  if (fault !== undefined) {
    let more = ''
    if (fault.stack !== undefined) more += `"stack":${quoted(fault.stack)},`
    if (fault.code !== undefined) more += `"code":${quoted(fault.code)},`
    if (fault.retryable) more += '"retryable":true,'
    if (fault.available !== undefined) more += `"available":${fault.available},`
    const time = apply(toISOString, new NativeDate(), []) as string
    error =
      `{"message":${quoted(fault.message)},"name":${quoted(fault.name)},${more}` +
      `"kind":"${fault.kind}",${ids},"timestamp":"${time}"}`
  }
  send(
    RESULT,
    `{"result":${value},"error":${error},"metadata":{${ids},"execution_time":${ms >= 0 ? ms : 0}}}`,
  )
}

let request: Request | undefined
let answered = false

/** Sends one answer. Then nothing is left to do: the host ends the process, or lets it go on. */
function finish(value: string, fault: Fault | undefined, ms: number): void {
  if (answered) return
  if (muted) {
    answer(request, value, fault, ms)
    return
  }
  answered = true
  if (fault !== undefined && hello.heapProfiling) sendHeap()
  answer(request, value, fault, ms)
  // The host ends the process. To let it end by itself would only keep the host busy with that.
  while (!hello.goesOn) wait(blocker, 0, 0)
}

let takeHeap: (() => string) | undefined

function sendHeap(): void {
  const piece = 1 << 19
  try {
    const bytes = encode(takeHeap?.() ?? '')
    const length = lengthOf(bytes)
    for (let start = 0; start < length; start += piece) {
      const size = length - start < piece ? length - start : piece
      const part = new Bytes(size)
      for (let at = 0; at < size; at++) part[at] = bytes[start + at] as number
      sendBytes(HEAP, part)
    }
  } catch {
    // The failure itself is what matters.
  }
}

if (hello.heapProfiling) {
  if (typeof Bun === 'undefined') {
    const { getHeapSnapshot } = await import('node:v8')
    takeHeap = () => {
      const stream = getHeapSnapshot()
      let text = ''
      for (;;) {
        const chunk = stream.read()
        if (chunk === null) return text
        text += TextOf(chunk)
      }
    }
  } else {
    takeHeap = () => stringify(Bun?.generateHeapSnapshot())
  }
}

let began = now()
const fail = (error: unknown) => {
  if (request === undefined) loadingFailed(error)
  else finish('null', faultOf(error, 'tool'), now() - began)
}
process.on('uncaughtException', fail)
process.on('unhandledRejection', fail)
// Nothing is left that could ever settle what is awaited.
process.on('beforeExit', () => {
  fail(new NativeError('the promise can never settle: nothing is left that could settle it'))
})

/** Where Bun could not read a file: it says so beside the message, or in the first of several errors. */
function placeOf(error: unknown): string {
  const position = own(error, 'position') ?? own(own(own(error, 'errors'), '0'), 'position')
  const file = textOf(own(position, 'file'))
  if (file === undefined || file === '') return ''
  return ` (${file}:${TextOf(own(position, 'line'))}:${TextOf(own(position, 'column'))})`
}

function loadingFailed(error: unknown): void {
  if (answered) return
  answered = true
  const { name, message: text, stack, code } = faultOf(error, 'tool')
  const message = text + placeOf(error)
  const syntax =
    name === 'SyntaxError' ||
    name === 'BuildMessage' ||
    name === 'AggregateError' ||
    code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX' ||
    code === 'ERR_INVALID_TYPESCRIPT_SYNTAX'
  const unresolved =
    name === 'ResolveMessage' || code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
  const kind = syntax ? 'syntax' : unresolved ? 'resolve' : 'throw'
  const trace = stack === undefined ? '' : `"stack":${quoted(stack)},`
  send(FAILED, `{"name":${quoted(name)},"message":${quoted(message)},${trace}"kind":"${kind}"}`)
}

/** What holds the tools: an object that is the default export, or the module. */
function tableOf(module: Record<string, unknown>): object {
  const standard = module.default
  const isTable =
    (typeof standard === 'object' && standard !== null) || typeof standard === 'function'
  return isTable ? (standard as object) : module
}

/** What is said of a tool that is not there. */
function notFound(table: object, id: string): Fault {
  const all = keys(table)
  let list = ''
  let words = ''
  for (let at = 0; at < all.length; at++) {
    const name = all[at] as string
    if (name === 'default' || typeof own2(table, name) !== 'function') continue
    list += (list === '' ? '' : ',') + quoted(name)
    words += (words === '' ? '' : ', ') + name
  }
  return {
    kind: 'lookup',
    message: `Tool ${id} not found in entrypoint exports. Available tools: ${words === '' ? 'none' : words}`,
    name: 'Error',
    stack: undefined,
    code: undefined,
    retryable: false,
    available: `[${list}]`,
  }
}

/** An own property, of functions too. */
function own2(table: object, name: string): unknown {
  try {
    return hasOwn(table, name) ? get(table, name) : undefined
  } catch {
    return undefined
  }
}

/** Answers one request. */
async function respond(told: Request, table: object): Promise<void> {
  request = told
  const names = keys(told.env)
  for (let at = 0; at < names.length; at++) {
    const name = names[at] as string
    process.env[name] = told.env[name]
  }
  const tool = own2(table, told.tool_id)
  if (typeof tool !== 'function') {
    finish('null', notFound(table, told.tool_id), 0)
    return
  }
  began = now()
  let value: unknown
  try {
    const config = told.config === null ? undefined : told.config
    value = await apply(tool as Tool, undefined, [told.input, config])
  } catch (error) {
    finish('null', faultOf(error, 'tool'), now() - began)
    return
  }
  const ms = now() - began
  let text: string
  try {
    // The value alone: an envelope around it would show a bent toJSON more than the value.
    text = stringify(value) ?? 'null'
  } catch (error) {
    finish('null', faultOf(error, 'result'), ms)
    return
  }
  finish(text, undefined, ms)
}

/**
 * Answers requests of our own without sending anything. A runtime compiles a function when it first
 * runs, which takes longer than most calls: a worker that waits for its call has the time for that.
 */
async function rehearse(): Promise<void> {
  muted = true
  const table = tableOf({ default: { tool: (input: unknown) => input } })
  const call = { tool_id: 'tool', tool_exec_id: '-', config: null, env: {}, timeout_ms: 1 }
  for (let time = 0; time < 3; time++) {
    const text = stringify({ ...call, input: { text: 'text', list: [time, { time }] } })
    await respond(parse(decode(encode(text))) as Request, table)
  }
  request = undefined
  muted = false
}

async function main(): Promise<void> {
  if (hello.rehearse) await rehearse()
  try {
    // Only now: a runtime that starts in the project obeys what lies there.
    process.chdir(hello.projectRoot)
    const loaded = (await import(pathToFileURL(hello.entrypoint).href)) as Record<string, unknown>
    // Before anybody waits for it.
    const table = tableOf(loaded)
    send(READY, '{}')
    // Not awaited: that would ask the promise for what its prototype says it is.
    respond(receive(REQUEST) as Request, table)
  } catch (error) {
    fail(error)
  }
}

// Not awaited: a module that waits keeps Bun from saying that nothing is left to do.
void main()

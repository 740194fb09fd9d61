/**
 * The native tool `fetch`: one HTTP request, under the same guards as the `fetch` of codelets.
 *
 * Every hop's host must be on the allow list, every address a name resolves to must be public
 * unless `allowPrivate` lifts that, and the connection goes to the address that was checked.
 */
import { directTransport, type Network } from '../fetch/connect'
import { withDeadline } from '../fetch/deadline'
import { follow, type Policy, prepare, replyHeaders } from '../fetch/exchange'
import { FetchError } from '../fetch/fetch-error'
import { FETCH_MESSAGES } from '../fetch/messages'
import { compilePatterns } from '../fetch/patterns'
import { resolveAll } from '../fetch/resolve'
import { type NativeToolAnswer, nativeFailure } from './native-answer'

/** The bounds of `fetch`; the names are those of the option `nativeTools.fetch`. */
export interface NativeFetchBounds {
  /** ms for the whole exchange; a call may only shorten it. Default 5,000. */
  readonly timeoutMs?: number
  /** Bytes of a body that are kept. Default 2 MiB. */
  readonly maxBodyBytes?: number
  /** Redirects that are followed. Default 5. */
  readonly maxRedirects?: number
  /** Hosts that may be asked, as patterns of `allow.fetch.hosts`. Default none. */
  readonly allow?: readonly string[]
  /**
   * Hosts of `allow` whose names may resolve to addresses that are not public, or the addresses and
   * CIDR blocks that any allowed name may resolve to. Default none.
   */
  readonly allowPrivate?: readonly string[]
}

const METHODS: readonly string[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD']
const FIELDS: readonly string[] = ['url', 'method', 'headers', 'body', 'timeout_ms']
const MAX_REQUEST_BYTES = 1_048_576
/** What the messages of the fetch room say of a codelet's options, in the words of this tool. */
const WORDING: ReadonlyArray<readonly [string, string]> = [
  ['allow.fetch.hosts', 'nativeTools.fetch.allow'],
  ['allow.fetch.maxRedirects', 'nativeTools.fetch.maxRedirects'],
  ['allow.fetch.timeoutMs', 'nativeTools.fetch.timeoutMs'],
  [' (allow.fetch.maxRequestBytes)', ''],
  ['cannot be set by a codelet', 'cannot be set'],
]

/** Performs one call. `network` replaces name resolution and trusted authorities in tests. */
export async function nativeFetch(
  input: unknown,
  bounds: NativeFetchBounds,
  signal: AbortSignal,
  network: Partial<Network> = {},
): Promise<NativeToolAnswer> {
  const started = performance.now()
  const asked = readInput(input, bounds.timeoutMs ?? 5_000)
  if ('ok' in asked) return asked
  const { url, init, timeoutMs } = asked
  const maxBodyBytes = bounds.maxBodyBytes ?? 2_097_152
  const policy = policyOf(bounds, timeoutMs, maxBodyBytes, network)
  let at = ''
  let sent = false
  try {
    const request = prepare(policy, url, init)
    at = request.hop.target.at
    sent = true
    return await withDeadline(at, timeoutMs, signal, async (inner) => {
      const { reply } = await follow(policy, request, inner)
      // One byte more than is kept tells a body that fits from one that goes on.
      const bytes = await reply.read(maxBodyBytes + 1, 'cut')
      const truncated = bytes.length > maxBodyBytes
      const kept = truncated ? bytes.subarray(0, maxBodyBytes) : bytes
      const output = {
        status_code: reply.status,
        status_text: reply.statusText,
        headers: replyHeaders(reply),
        // As a stream: of a character that the cut went through nothing is shown.
        body: new TextDecoder().decode(kept, { stream: truncated }),
        body_truncated: truncated,
        duration_ms: Math.round(performance.now() - started),
      }
      return { ok: true, output }
    })
  } catch (error) {
    return failureOf(error, { at, sent, timeoutMs })
  }
}

interface Asked {
  readonly url: unknown
  readonly init: Record<string, unknown>
  readonly timeoutMs: number
}

function readInput(input: unknown, maxMs: number): Asked | NativeToolAnswer {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    const message = `the input must be an object with the fields ${FIELDS.join(', ')}`
    return nativeFailure('InvalidArgument', message)
  }
  const unknown = Object.keys(input).find((name) => !FIELDS.includes(name))
  if (unknown !== undefined) {
    const shown = JSON.stringify(unknown.slice(0, 300))
    const message = `unknown input field ${shown} (accepted: ${FIELDS.join(', ')})`
    return nativeFailure('InvalidArgument', message, { field: unknown })
  }
  const { url, method, headers, body, timeout_ms: timeoutMs } = input as Record<string, unknown>
  if (method != null && !(typeof method === 'string' && METHODS.includes(method.toUpperCase()))) {
    const message = `method must be one of ${METHODS.join(', ')}`
    return nativeFailure('InvalidArgument', message, { field: 'method' })
  }
  if (timeoutMs != null && !(Number.isInteger(timeoutMs) && inRange(Number(timeoutMs), maxMs))) {
    const message = `timeout_ms must be an integer from 1 to ${maxMs}`
    return nativeFailure('InvalidArgument', message, { field: 'timeout_ms' })
  }
  const init = { method, headers, body }
  return { url, init, timeoutMs: timeoutMs == null ? maxMs : Number(timeoutMs) }
}

function inRange(value: number, max: number): boolean {
  return value >= 1 && value <= max
}

function policyOf(
  bounds: NativeFetchBounds,
  timeoutMs: number,
  maxResponseBytes: number,
  network: Partial<Network>,
): Policy {
  const { allow = [], allowPrivate = [], maxRedirects = 5 } = bounds
  const full = { resolve: resolveAll, ca: undefined, ...network }
  // Only the address rules of these lists count from here on: hosts were checked against `allow`.
  const guarded = directTransport([compilePatterns([...allow, ...allowPrivate])], full)
  const anywhere = directTransport([compilePatterns(['0.0.0.0/0', '::/0'])], full)
  const mayBePrivate = compilePatterns(allowPrivate)
  return {
    capability: {
      hosts: allow,
      methods: METHODS,
      maxRequestBytes: MAX_REQUEST_BYTES,
      maxResponseBytes,
      timeoutMs,
      maxRedirects,
      fetch: undefined,
      within: undefined,
    },
    lists: [compilePatterns(allow)],
    transport: (hop, signal) => {
      const { literal, host, port } = hop.target
      const lifted = literal === undefined && mayBePrivate.coversName(host, port)
      return (lifted ? anywhere : guarded)(hop, signal)
    },
  }
}

function failureOf(
  error: unknown,
  call: { readonly at: string; readonly sent: boolean; readonly timeoutMs: number },
): NativeToolAnswer {
  if (!(error instanceof FetchError)) return nativeFailure('Internal', 'the request failed')
  const message = WORDING.reduce((text, [from, to]) => text.replace(from, to), error.message)
  if (error.policy !== undefined) {
    return nativeFailure('PermissionDenied', message, { reason: 'network-policy' })
  }
  if (error.message === FETCH_MESSAGES.timeout(call.at, call.timeoutMs)) {
    const late = `fetch of ${call.at} took longer than ${call.timeoutMs} ms`
    return nativeFailure('DeadlineExceeded', late, { reason: 'deadline' })
  }
  if (error.message === FETCH_MESSAGES.aborted(call.at)) {
    return nativeFailure('Cancelled', message)
  }
  return call.sent
    ? nativeFailure('Internal', message, { reason: 'network' })
    : nativeFailure('InvalidArgument', message)
}

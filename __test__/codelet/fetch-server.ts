/** For the tests of `allow.fetch`: a loopback server that remembers, and a codelet that fetches. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type CodeletResult,
  type CodeletRunOptions,
  type FetchCapability,
  runCodelet,
} from 'runlet'

/** One request as the server received it. */
export interface SeenRequest {
  method: string
  url: string
  headers: IncomingMessage['headers']
  rawHeaders: string[]
  body: string
}

/** A server on 127.0.0.1 at a free port. */
export interface LoopbackServer {
  port: number
  /** `127.0.0.1:port`, as denials name it. */
  at: string
  /** `http://127.0.0.1:port`. */
  origin: string
  /** Every request so far, in order of arrival. */
  seen: SeenRequest[]
  close(): Promise<void>
}

/** Answers one request after its body has arrived. */
export type Answer = (request: SeenRequest, response: ServerResponse) => void

/** Starts a server that gives every request to `answer`. */
export async function serve(answer: Answer): Promise<LoopbackServer> {
  const seen: SeenRequest[] = []
  const server = createServer(async (message, response) => {
    let body = ''
    for await (const chunk of message.setEncoding('utf8')) body += chunk
    const { method = '', url = '', headers, rawHeaders } = message
    const request = { method, url, headers, rawHeaders, body }
    seen.push(request)
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const at = `127.0.0.1:${port}`
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { port, at, origin: `http://${at}`, seen, close }
}

/** What the codelet below returns. */
export interface Fetched {
  ok: boolean
  status: number
  url: string
  body: string
}

const FETCHING_CODELET = `
  export async function main({ url, init }, { fetch }) {
    const response = init === null ? await fetch(url) : await fetch(url, init)
    const { ok, status, url: at } = response
    return { ok, status, url: at, body: await response.text() }
  }
`

/** Runs a codelet that fetches `url` under `allow.fetch`. */
export function fetchInCodelet(
  url: string,
  allow: FetchCapability,
  init: Record<string, unknown> | null = null,
  options: CodeletRunOptions = {},
): Promise<CodeletResult<Fetched>> {
  return runCodelet<Fetched>(
    { type: 'string', code: FETCHING_CODELET },
    { timeout_ms: 20_000, ...options, input: { url, init }, allow: { fetch: allow } },
  )
}

/** The part of a result that tells a denial of `name`, for `toMatchObject`. */
export function denialOf(name: string) {
  return {
    ok: false,
    error: { code: 'POLICY_VIOLATION', retryable: false, details: { capability: 'fetch', name } },
  }
}

/** The part of a result that tells a failed request, for `toMatchObject`. */
export const FAILURE = {
  ok: false,
  error: { code: 'HOST_CALL_ERROR', details: { function: 'fetch', seq: 0, reason: 'THREW' } },
}

/** Types on both sides of a host call, and of a codelet's own entry. Compiled, never run. */

import {
  type CodeletGrants,
  type CodeletHelpers,
  type CodeletHost,
  type CodeletMain,
  HostError,
  type HostFunctions,
  hostFunction,
} from 'runlet'

export const host = {
  rate: (code: string) => {
    if (code === '') throw new HostError('no code', { retryable: false, cause: code })
    return 1.5
  },
  tools: {
    search: async (query: string, limit?: number) => [`${query}:${limit}`],
    load: hostFunction((ctx, id: number) => {
      const key: string = ctx.idempotencyKey
      return fetch(`https://api.example.com/${id}/${key}/${ctx.runId}`, {
        signal: ctx.signal,
      }).then((response) => response.status)
    }),
  },
}

export const table: HostFunctions = host

export const tables: HostFunctions[] = [
  {},
  { a: { b: { c: { d: (x, y) => x + y } } } },
  { untyped: hostFunction((ctx, first, second) => [ctx.seq, first, second]) },
  // @ts-expect-error data belongs in globals
  { rate: 5 },
  // @ts-expect-error data belongs in globals, at any depth
  { tools: { rate: 'x' } },
]

// @ts-expect-error the context comes first, and it is no string
hostFunction((ctx: string) => ctx)

/** What the codelet sees: every function answers with a promise. */
export const main: CodeletMain<{ id: number }, string, CodeletHost<typeof host>> = async (
  input,
  { logger, tools, rate },
) => {
  logger.info('loading', input.id)
  const status: number = await tools.load(input.id)
  const found: string[] = await tools.search('x')
  // @ts-expect-error a promise until it is awaited
  const early: number = rate('EUR')
  // @ts-expect-error the context is the host's own
  await tools.load({ seq: 1 }, 5)
  // @ts-expect-error the logger has no debug
  logger.debug('x')
  return `${status}${found.length}${early}`
}

export const granted: CodeletMain<unknown, number, Pick<CodeletGrants, 'now' | 'random'>> = (
  _,
  helpers,
) => helpers.now() + helpers.random() + helpers.random.bytes(4).length

// @ts-expect-error env was not granted
export const notGranted: CodeletMain<unknown, string> = (_, helpers) => helpers.env.LANG

export const plain: CodeletMain = (input, helpers: CodeletHelpers) => {
  helpers.logger.warn(input.anything)
}

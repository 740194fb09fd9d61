/** Types of a runner and of what belongs to the package as a whole. Compiled, never run. */

import {
  type CodeletRunner,
  type CodeletRunnerOptions,
  type CodeletStats,
  capabilities,
  createCodeletRunner,
  type ErrorCode,
  RunletError,
} from 'runlet'

const source = { type: 'string' as const, code: 'export const main = () => 1' }

export async function runner(): Promise<void> {
  using first = createCodeletRunner()
  await using second: CodeletRunner = createCodeletRunner({ maxConcurrent: 2, logger: console })
  const value: number = await first.runOrThrow<number>(source, { input: 1 })
  const unknown: unknown = await second.runOrThrow(source)
  const result = await second.run<string>(source, { timeout_ms: 5 })
  const stats: CodeletStats = first.stats()
  const timeouts: number = stats.runsByCode.TIMEOUT + stats.runsByCode.OK
  console.log(value, unknown, result.ok, timeouts)
  first[Symbol.dispose]()
  await first[Symbol.asyncDispose]()
  first.dispose()
  // @ts-expect-error the result is a promise
  console.log(first.run(source).ok)
  // @ts-expect-error codes are a closed list
  console.log(stats.runsByCode.EXPLODED)
}

export const options: CodeletRunnerOptions[] = [
  { defaults: { timeout_ms: 5 }, ceilings: { timeoutMs: 10, memory_limit_bytes: 5 } },
  { maxQueued: 5, queueTimeoutMs: 5, maxParked: 5, cacheEntries: 0, cacheBytes: 0 },
  { allow: { random: true, env: ['A'] }, isolation: 'process' },
  // @ts-expect-error runner options are camelCase only
  { max_queued: 5 },
  // @ts-expect-error limits hold no input
  { defaults: { input: 5 } },
  // @ts-expect-error a logger has four methods
  { logger: { error: () => {} } },
]

export function errors(error: unknown): void {
  if (!(error instanceof RunletError)) return
  const code: ErrorCode = error.code
  const retryable: boolean = error.retryable
  const field: unknown = error.details?.field
  console.log(code, retryable, field, error.cause, error.result?.ok)
  // @ts-expect-error an error is not changed after the fact
  error.code = 'INTERNAL'
  // @ts-expect-error codes are a closed list
  if (error.code === 'ETIMEDOUT') return
  console.log(new RunletError('TIMEOUT', 'too slow', { retryable: true, cause: error }))
  // @ts-expect-error the code comes first
  console.log(new RunletError('too slow'))
}

export function platform(): void {
  const { hardKill, processIsolation, threads, engine, version } = capabilities()
  const all: [boolean, boolean, number, string, string] = [
    hardKill,
    processIsolation,
    threads,
    engine.commit,
    version,
  ]
  console.log(all)
}

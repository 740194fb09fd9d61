/** Types of a run: sources, options and results as callers write them. Compiled, never run. */

import {
  type CodeletError,
  type CodeletResult,
  type CodeletRunOptions,
  type CodeletSource,
  type ErrorCode,
  runCodelet,
} from 'runlet'

const source: CodeletSource = { type: 'string', code: 'export const main = (n) => n * 2' }

export async function results(): Promise<void> {
  const result = await runCodelet<number>(source, { input: 21, timeout_ms: 500 })
  if (result.ok) {
    const value: number = result.value
    const absent: undefined = result.error
    console.log(value, absent)
    // @ts-expect-error a success has no error code
    console.log(result.error.code)
  } else {
    const error: CodeletError = result.error
    const code: ErrorCode = error.code
    const line: number | undefined = error.line
    console.log(code, line)
    // @ts-expect-error a failure has no value
    const value: number = result.value
    console.log(value)
  }
  // @ts-expect-error the value must be asked for behind `ok`
  const early: number = result.value
  console.log(early, result.logs[0]?.message, result.duration_ms, result.usage.cpuMs)
  // @ts-expect-error usage is camelCase
  console.log(result.usage.cpu_ms)
}

/** Without a type argument a value is unknown: nobody vouches for what a codelet returns. */
export async function untyped(): Promise<void> {
  const result: CodeletResult = await runCodelet(source)
  // @ts-expect-error unknown is not a number
  if (result.ok) result.value.toFixed()
}

export const sources: CodeletSource[] = [
  { type: 'string', code: '', export_name: 'x', language: 'ts', filename: 'a.ts' },
  { type: 'string' as const, code: '', exportName: 'x' },
  { type: 'file', path: './a.ts' },
  { type: 'file', path: new URL('file:///a.ts'), export_name: 'x', language: 'auto' },
  // @ts-expect-error a file has a path, not code
  { type: 'file', code: '' },
  // @ts-expect-error a string has code, not a path
  { type: 'string', path: '' },
  // @ts-expect-error there are two kinds of source
  { type: 'url', path: '' },
  // @ts-expect-error there are three languages
  { type: 'string', code: '', language: 'jsx' },
]

export const options: CodeletRunOptions[] = [
  {},
  { timeout_ms: 5, cpu_ms: 5, memory_limit_bytes: 5, max_stack_bytes: 5, max_log_entries: 5 },
  { timeoutMs: 5, memoryLimitBytes: 5, maxHostCallsInFlight: 5, onLog: () => {} },
  { timeout_ms: undefined, signal: undefined, allow: undefined },
  { signal: new AbortController().signal, abortSignal: AbortSignal.timeout(5) },
  { globals: { RATE: 1 }, modules: { a: 'export {}', b: { code: '', language: 'ts' } } },
  { allow: { env: ['LANG', 'APP_*'], random: true, now: true, timers: false } },
  { allow: { env: process.env, fetch: { hosts: ['a.example'], methods: ['POST'], fetch } } },
  { deterministic: { seed: 1 } },
  { deterministic: { seed: 'x', now: new Date() } },
  { values: 'json', isolation: 'thread' },
  { on_log: ({ level, message, timestamp }) => console.log(level, message, timestamp) },
  // @ts-expect-error unknown options are refused
  { timeout: 5 },
  // @ts-expect-error numbers, not texts
  { timeout_ms: '2s' },
  { values: 'clone' },
  // @ts-expect-error there are two ways
  { values: 'structured' },
  // @ts-expect-error there are two places
  { isolation: 'vm' },
  // @ts-expect-error fetch needs its hosts
  { allow: { fetch: {} } },
  // @ts-expect-error capabilities are named
  { allow: { net: true } },
  // @ts-expect-error a seed is needed
  { deterministic: { now: 5 } },
  // @ts-expect-error not a schema
  { input_schema: { parse: () => 1 } },
]

export const validated: CodeletRunOptions = {
  input_schema: { '~standard': { version: 1, vendor: 'own', validate: (value) => ({ value }) } },
  output_schema: {
    '~standard': {
      version: 1,
      vendor: 'own',
      validate: async () => ({ issues: [{ message: 'no', path: ['a', { key: 0 }] }] }),
    },
  },
}

/** The public functions of the codelet room; their contract is `index.d.ts`. */

import type {
  Capabilities,
  CodeletResult,
  CodeletRunner,
  CodeletRunnerOptions,
  CodeletRunOptions,
  CodeletSource,
} from '../index.js'
import { addon } from './addon'
import { processesRefused } from './codelet/isolation'
import { toThrown } from './codelet/outcome'
import { Runner } from './codelet/runner'
import { readRunnerOptions } from './codelet/runner-options'

let shared: Runner | undefined

/** A runner without the members that only some platforms have a symbol for. */
type Named = Omit<CodeletRunner, typeof Symbol.dispose | typeof Symbol.asyncDispose>

/** Runs a codelet once, on the runner that the process shares; see `index.d.ts`. */
export function runCodelet<T = unknown, I = unknown>(
  source: CodeletSource,
  options?: CodeletRunOptions<I>,
): Promise<CodeletResult<T>> {
  try {
    shared ??= new Runner(readRunnerOptions(undefined))
  } catch (error) {
    return Promise.reject(error)
  }
  return shared.run(source, options) as Promise<CodeletResult<T>>
}

/** Makes a runner; see `index.d.ts`. Its functions need no `this` and may be taken off it. */
export function createCodeletRunner(options?: CodeletRunnerOptions): CodeletRunner {
  const runner = new Runner(readRunnerOptions(options))
  const run = <T, I>(source: CodeletSource, settings?: CodeletRunOptions<I>) =>
    runner.run(source, settings) as Promise<CodeletResult<T>>
  const runOrThrow = async <T, I>(source: CodeletSource, settings?: CodeletRunOptions<I>) => {
    const result = await run<T, I>(source, settings)
    if (result.ok) return result.value
    throw toThrown(result)
  }
  const dispose = () => runner.dispose()
  const face: Named = { run, runOrThrow, stats: () => runner.stats(), dispose }
  const disposal = new Map<symbol | undefined, () => unknown>([
    [Symbol.dispose, dispose],
    [
      Symbol.asyncDispose,
      async () => {
        runner.dispose()
        await runner.idle()
      },
    ],
  ])
  for (const [symbol, value] of disposal) {
    // Node before 18.18 has neither symbol; naming a property `undefined` would be worse than none.
    if (symbol !== undefined) Object.defineProperty(face, symbol, { value })
  }
  return face as CodeletRunner
}

/** What codelets can do on this machine; see `Capabilities` in `index.d.ts`. */
export function codeletCapabilities(): Omit<Capabilities, 'workspaces'> {
  const { facts } = addon()
  const { hardKill, threads } = facts.capabilities
  const processIsolation = processesRefused() === undefined
  const { name, commit } = facts.engine
  const { version } = facts
  return { hardKill, processIsolation, threads, engine: { name, commit }, version }
}

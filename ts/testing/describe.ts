/** The kit as tests of whatever library the caller has: none is imported here. */

import type { Runtime, RuntimeProvider } from '../../index.js'
import type { DescribeOptions } from '../../testing.js'
import { refuse } from '../tool/option-kinds'
import { Bench } from './bench'
import { CASES } from './cases'

/** Of the library's own patience, more than a case has. */
const MARGIN_MS = 10_000

/** See `testing.d.ts`. */
export function describeRuntimeProvider(
  name: string,
  makeProvider: () => RuntimeProvider | Runtime | Promise<RuntimeProvider | Runtime>,
  { describe, it, afterAll, onSkip, ...options }: DescribeOptions,
): void {
  const functions = { makeProvider, describe, it, afterAll }
  for (const [field, value] of Object.entries(functions)) {
    if (typeof value !== 'function') throw refuse(field, 'a function', value)
  }
  const { only, skip = {}, caseTimeoutMs = 60_000 } = options
  const patience = caseTimeoutMs + MARGIN_MS
  const say = onSkip ?? ((row, reason) => console.info(`${name}: ${row}: skipped: ${reason}`))
  let bench: Promise<Bench> | undefined
  const opened = () => {
    bench ??= (async () => new Bench(await makeProvider(), options))()
    return bench
  }
  describe(name, () => {
    for (const row of CASES) {
      if (only !== undefined && !only.includes(row.name)) continue
      it(
        `${row.name}: ${row.about}`,
        async () => {
          // A reason that is known costs no provider.
          const left = skip[row.name]
          const outcome =
            left === undefined
              ? await (await opened()).try(row)
              : ({ verdict: 'skipped', reason: left } as const)
          if (outcome.verdict === 'skipped') say(row.name, outcome.reason)
          if (outcome.verdict === 'failed') throw new Error(`${row.name}: ${outcome.reason}`)
        },
        patience,
      )
    }
    afterAll(async () => {
      await (await bench)?.close()
    }, patience)
  })
}

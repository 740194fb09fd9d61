/** Tries all cases on a provider, one after another. */

import type { Runtime, RuntimeProvider } from '../../index.js'
import type { ProviderTestOptions, ProviderTestResult } from '../../testing.js'
import { Bench } from './bench'

/** See `testing.d.ts`. */
export async function testRuntimeProvider(
  subject: RuntimeProvider | Runtime,
  options: ProviderTestOptions,
): Promise<ProviderTestResult> {
  const bench = new Bench(subject, options)
  const result: ProviderTestResult = { passed: [], failed: [], skipped: [] }
  try {
    for (const row of bench.cases) {
      const outcome = await bench.try(row)
      if (outcome.verdict === 'passed') result.passed.push(outcome.case)
      else result[outcome.verdict].push({ case: outcome.case, reason: outcome.reason })
    }
  } finally {
    await bench.close()
  }
  return result
}

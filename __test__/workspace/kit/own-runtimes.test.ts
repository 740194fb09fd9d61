import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, it } from '@jest/globals'
import { describeRuntimeProvider } from 'runlet/testing'
import { freshFolder } from '../support'
import { builtIn, warm } from './support'

/** What does not hold for a runtime, and why. */
const skips = JSON.parse(readFileSync(join(__dirname, 'skips.json'), 'utf8'))
const still = skips['nothing warm']

const library = { describe, it, afterAll }

describeRuntimeProvider('host-bash', () => builtIn({ name: 'host-bash' }), {
  ...library,
  root: freshFolder(),
  skip: still,
})

describeRuntimeProvider(
  'guarded-bash, with somebody who approves',
  () => builtIn({ name: 'guarded-bash', guard: { onApproval: () => true } }),
  { ...library, root: freshFolder(), skip: still },
)

for (const engine of ['native', 'just-bash'] as const) {
  describeRuntimeProvider(
    `just-bash on the engine ${engine}`,
    () => builtIn({ name: 'just-bash', justBash: { engine } }),
    { ...library, root: freshFolder(), skip: { ...still, ...skips[engine] } },
  )
}

describeRuntimeProvider('a provider that keeps host-bash warm', () => warm(), {
  ...library,
  root: freshFolder(),
  failing: warm({ fails: true }),
  idling: { provider: warm({ idleMs: 300 }), idleMs: 300 },
})

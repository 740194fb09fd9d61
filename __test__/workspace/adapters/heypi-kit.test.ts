import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, it } from '@jest/globals'
import { createRuntime } from 'runlet/heypi'
import { describeRuntimeProvider, providerOf } from 'runlet/testing'
import { freshFolder, Listener } from '../support'

const skips = JSON.parse(readFileSync(join(__dirname, '..', 'kit', 'skips.json'), 'utf8'))

for (const name of ['host-bash', 'guarded-bash']) {
  describeRuntimeProvider(
    `${name} with the bounds of the older contract`,
    () =>
      providerOf(({ root, ...runtimeScope }) =>
        createRuntime({ root, runtimeScope, name, logger: new Listener() }),
      ),
    {
      describe,
      it,
      afterAll,
      root: freshFolder(),
      skip: {
        ...skips['nothing warm'],
        'grep/odd-files': 'of the older contract, a file that is too large fails a search',
      },
    },
  )
}

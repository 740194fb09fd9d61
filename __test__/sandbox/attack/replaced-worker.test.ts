import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Bench, outputOf, RUNTIMES } from '../../tool/support'

const bench = new Bench()
afterEach(() => bench.endAll())

/** A tool that may write where runlet keeps the code that the next process starts with. */
describe.each(RUNTIMES)('on %s, a worker that a tool puts into the store', (type) => {
  it('is not what the next call runs', async () => {
    const projectRoot = bench.folder()
    writeFileSync(
      join(projectRoot, 'tools.mjs'),
      `import { writeFileSync } from 'node:fs'
      export const replace = (file) => writeFileSync(file, 'process.exit(42)')
      export const answer = () => 42`,
    )
    const tools = bench.runtime(type, {
      projectRoot,
      entrypointPath: './tools.mjs',
      permissions: ['--allow-write=.'],
    })
    const input = join(projectRoot, '.runlet', 'worker.mjs')
    outputOf(await tools.executeTool('replace', { input }))
    expect(outputOf(await tools.executeTool('answer'))).toEqual({ value: 42 })
  })
})

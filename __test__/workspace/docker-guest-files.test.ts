import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { root as packageRoot } from '../package/repository'
import { freshFolder, refusal } from './support'

const load = <Module>(name: string) =>
  require(join(packageRoot, 'dist/workspace/docker', `${name}.js`)) as Module

interface GuestFiles {
  operate(name: string, operation: string, request: object): Promise<object>
}

const { GuestFiles } = load<{ GuestFiles: new (terms: object) => GuestFiles }>('guest-files')
const { LIST, PACK } = load<{ LIST: string; PACK: string }>('guest-scripts')

/** Files of a container whose scripts print this. */
function filesThatSay(out: string): GuestFiles {
  const settings = { workdir: '/workspace', oversize: 'skip', limits: {} }
  const engine = { call: async () => ({ code: 0, out, err: '' }) }
  return new GuestFiles({ engine, settings, brand: 'runlet', folder: undefined })
}

/** What a script prints for a folder of two files, with a program in place of one of the system. */
function printed(script: string, program?: { name: string; text: string }): string {
  const folder = freshFolder()
  for (const name of ['a', 'b']) writeFileSync(join(folder, name), 'needle\n')
  const programs = freshFolder()
  if (program) writeFileSync(join(programs, program.name), program.text, { mode: 0o755 })
  const PATH = `${programs}:${process.env.PATH}`
  const { stdout } = spawnSync('sh', ['-c', script, 'sh', folder, '.', ''], { env: { PATH } })
  return stdout.toString()
}

/** Do a part of their work, the second by the real one behind it in PATH, and are killed. */
const KILLED = {
  find: { name: 'find', text: '#!/bin/sh\nprintf "./a\\0"\nkill -KILL $$\n' },
  tar: {
    name: 'tar',
    text: `#!/bin/sh\nPATH=\${PATH#*:}\ntar "$@" | head -c 1000\nkill -KILL $$\n`,
  },
}

describe('what is below a folder of a container', () => {
  const list = { pattern: '*' }
  const search = { query: 'needle' }

  it('is found and searched', async () => {
    const found = await filesThatSay(printed(LIST)).operate('name', 'find', list)
    expect(found).toEqual({ paths: ['a', 'b'] })
    const searched = await filesThatSay(printed(PACK)).operate('name', 'grep', search)
    expect(searched).toMatchObject({ hits: [{ path: 'a' }, { path: 'b' }] })
  })

  it('is an error where what lists or packs it was killed, and never a part of it', async () => {
    for (const [script, operation, program, request] of [
      [LIST, 'find', KILLED.find, list],
      [PACK, 'grep', KILLED.tar, search],
    ] as const) {
      const files = filesThatSay(printed(script, program))
      const { code, message } = await refusal(() => files.operate('name', operation, request))
      expect([code, message]).toEqual([
        'RUNTIME_ERROR',
        'the files of the container could not be read',
      ])
    }
  })
})

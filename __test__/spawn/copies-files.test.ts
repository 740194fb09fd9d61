import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { sandboxedSpawn } from 'runlet'
import { programOf } from '../tool/plain-peer'
import { RUNTIMES } from '../tool/support'
import { onGround, plain } from './support'

const limits = { memoryLimitBytes: 0 }
const permissions = ['--allow-read', '--allow-write=.']

/** Does each thing and says of each what came of it. */
const doing = (steps: string) => `
  const fs = require('node:fs')
  const [folder] = process.argv.slice(-1)
  const at = (name) => require('node:path').join(folder, name)
  const said = {}
  const run = async () => {
    for (const [name, step] of Object.entries({ ${steps} })) {
      try { await step(); said[name] = 'done' } catch (error) { said[name] = error.code }
    }
    console.log(JSON.stringify(said))
  }
  run()`

const COPYING = doing(`
  copyFileSync: () => fs.copyFileSync(at('from/file'), at('one')),
  copyFile: () => fs.promises.copyFile(at('from/file'), at('two')),
  cpSync: () => fs.cpSync(at('from'), at('three'), { recursive: true, preserveTimestamps: true }),
  cp: () => fs.promises.cp(at('from'), at('four'), { recursive: true, preserveTimestamps: true }),
  utimes: () => fs.promises.utimes(at('from'), 1000, 2000),
  lutimes: () => fs.promises.lutimes(at('one'), 1000, 2000),
  chmod: () => fs.chmodSync(at('two'), 0o604),
  futimes: async () => {
    const file = await fs.promises.open(at('two'))
    await file.utimes(1000, 3000)
    await file.close()
  },`)

const SETTING = doing(`
  chmod: () => fs.chmodSync(at('file'), 0o604),
  fchmod: () => fs.fchmodSync(fs.openSync(at('file'), 'r'), 0o605),
  utimes: () => fs.utimesSync(at('file'), 1000, 2000),
  lutimes: () => fs.lutimesSync(at('file'), 1000, 2000),
  futimes: () => fs.futimesSync(fs.openSync(at('file'), 'r'), 1000, 2000),`)

const factsOf = (path: string) => {
  const { mode, mtimeMs } = statSync(path)
  return [mode & 0o7777, Math.round(mtimeMs / 1000)]
}

describe.each(RUNTIMES)('files on %s', (runtime) => {
  it('are copied with modes and times where they may be written', async () => {
    await onGround(async ({ inside }) => {
      mkdirSync(join(inside, 'from'))
      writeFileSync(join(inside, 'from/file'), 'text')
      chmodSync(join(inside, 'from/file'), 0o640)
      const args = ['-e', COPYING, inside]
      const result = await sandboxedSpawn(programOf(runtime), args, {
        cwd: inside,
        permissions,
        limits,
      })
      expect(result.stderr).toBe('')
      const said = JSON.parse(result.stdout)
      expect(Object.keys(said)).toHaveLength(8)
      expect(new Set(Object.values(said))).toEqual(new Set(['done']))
      expect(factsOf(join(inside, 'one'))).toEqual([0o640, 2000])
      expect(factsOf(join(inside, 'two'))).toEqual([0o604, 3000])
      const [mode] = factsOf(join(inside, 'four/file'))
      expect(mode).toBe(0o640)
    })
  })

  it('stay as they are elsewhere', async () => {
    await onGround(async ({ inside, target }) => {
      const outside = dirname(target)
      const file = join(outside, 'file')
      const args = ['-e', SETTING, outside]
      writeFileSync(file, 'text')
      const before = factsOf(file)
      const result = await sandboxedSpawn(programOf(runtime), args, {
        cwd: inside,
        permissions,
        limits,
      })
      const said = JSON.parse(result.stdout)
      expect(Object.keys(said)).toHaveLength(5)
      expect(new Set(Object.values(said))).toEqual(new Set(['EPERM']))
      expect(factsOf(file)).toEqual(before)
      // The plain way, the same is done.
      const free = JSON.parse((await plain(programOf(runtime), args, inside)).stdout)
      expect(new Set(Object.values(free))).toEqual(new Set(['done']))
      expect(factsOf(file)).not.toEqual(before)
    })
  })
})

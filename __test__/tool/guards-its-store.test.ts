import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Bench, fixture, outputOf, PERMISSIONS } from './support'

const bench = new Bench()
afterEach(() => bench.endAll())

/** Where the worker of a project's tools lies. */
async function storeOf(projectRoot: string): Promise<string> {
  const tools = bench.runtime('node', { projectRoot })
  return dirname(outputOf(await tools.executeTool<{ value: string }>('script')).value)
}

describe('the store', () => {
  it('is the folder in the project', async () => {
    const projectRoot = bench.folder()
    expect(await storeOf(projectRoot)).toBe(join(projectRoot, '.runlet'))
    expect(await storeOf(projectRoot)).toBe(join(projectRoot, '.runlet'))
  })

  it('is not a folder that a link leads to', async () => {
    const [projectRoot, other] = [bench.folder(), bench.folder()]
    writeFileSync(join(other, 'tsconfig.json'), 'precious')
    symlinkSync(other, join(projectRoot, '.runlet'))
    expect([other, projectRoot]).not.toContain(await storeOf(projectRoot))
    expect(readdirSync(other)).toEqual(['tsconfig.json'])
    expect(readFileSync(join(other, 'tsconfig.json'), 'utf8')).toBe('precious')
  })

  it('is not a folder that everybody may write to', async () => {
    const projectRoot = bench.folder()
    mkdirSync(join(projectRoot, '.runlet'))
    chmodSync(join(projectRoot, '.runlet'), 0o777)
    expect(await storeOf(projectRoot)).not.toBe(join(projectRoot, '.runlet'))
    expect(readdirSync(join(projectRoot, '.runlet'))).toEqual([])
  })
})

describe('scratchDir', () => {
  it('that cannot be made fails the call, without a path of the host', () => {
    const folder = bench.folder()
    const options = {
      runtimeType: 'node',
      projectRoot: folder,
      entrypointPath: fixture('tools.mjs'),
      permissions: PERMISSIONS,
      scratchDir: true,
    }
    // A process of its own: a test's changes of its environment do not reach the system's folder.
    const script = `
      const tools = require(${JSON.stringify(join(__dirname, '../..'))}).createToolRuntime(${JSON.stringify(options)})
      tools.executeTool('echo').then(({ error }) => {
        const { code, details, message } = error
        console.log(JSON.stringify({ code, field: details.field, message }))
      })`
    const env = { ...process.env, TMPDIR: join(folder, 'missing') }
    const told = JSON.parse(execFileSync(process.execPath, ['-e', script], { env }).toString())
    expect([told.code, told.field]).toEqual(['INTERNAL', 'scratchDir'])
    expect(told.message).not.toContain(folder)
  })
})

import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

const { beginHeapSnapshot, MOST_SNAPSHOT_BYTES } = require(
  join(__dirname, '../../dist/tool/heap-store.js'),
) as typeof import('../../ts/tool/heap-store')

let store = ''
beforeEach(() => {
  store = mkdtempSync(join(tmpdir(), 'runlet-heap-'))
})
afterEach(() => rmSync(store, { recursive: true, force: true }))

const folder = () => join(store, 'heap')
const at = (second: number) => new Date(Date.UTC(2026, 0, 2, 3, 4, second, 678))
const bytes = (text: string) => new TextEncoder().encode(text)

async function keep(toolId: string, second: number, text = 'x'): Promise<string> {
  const writer = await beginHeapSnapshot(store, toolId, at(second))
  await writer.write(bytes(text))
  return writer.finish()
}

describe('a heap snapshot', () => {
  it('appears under its name when it is complete, for its owner only', async () => {
    const writer = await beginHeapSnapshot(store, 'add', at(5))
    await writer.write(bytes('{"a":'))
    expect(readdirSync(folder()).filter((name) => name.endsWith('.heapsnapshot'))).toEqual([])
    await writer.write(bytes('1}'))
    const path = await writer.finish()
    expect(path).toBe(join(folder(), 'heap-add-20260102T030405678Z.heapsnapshot'))
    expect(readFileSync(path, 'utf8')).toBe('{"a":1}')
    expect(readdirSync(folder())).toEqual([basename(path)])
    if (process.platform === 'win32') return console.log('skipped: Windows has no such modes')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(folder()).mode & 0o777).toBe(0o700)
  })

  it('has a name of its own, whatever the tool is called', async () => {
    const ids = ['a/b', 'a_b', '../../etc/x', '.', '', 'x\0y\nz', 'tool'.repeat(100), 'ü日']
    const paths = []
    for (const id of ids.slice(0, 5)) paths.push(await keep(id, 1, id))
    for (const [index, path] of paths.entries()) {
      expect(dirname(path)).toBe(folder())
      expect(basename(path)).toMatch(/^heap-[A-Za-z0-9_.-]+\.heapsnapshot$/)
      expect(readFileSync(path, 'utf8')).toBe(ids[index])
    }
    expect(new Set(paths).size).toBe(5)
    for (const id of ids.slice(5)) {
      const name = basename(await keep(id, 2))
      expect(name).toMatch(/^heap-[A-Za-z0-9_.-]+\.heapsnapshot$/)
      expect(name.length).toBeLessThan(130)
    }
  })

  it('makes the oldest go beyond five, and nothing else', async () => {
    mkdirSync(folder())
    writeFileSync(join(folder(), 'mine.heapsnapshot'), 'other')
    writeFileSync(join(folder(), 'heap-notes.txt'), 'other')
    // Neither the order of writing nor of names is that of time.
    for (const [tool, second] of [
      ['z', 1],
      ['b', 7],
      ['a', 3],
      ['c', 2],
      ['d', 6],
      ['a', 5],
      ['a', 4],
    ] as const) {
      await keep(tool, second)
    }
    const kept = readdirSync(folder()).filter((name) => name.includes('T0304'))
    const seconds = kept.map((name) => Number(/T0304(\d\d)/.exec(name)?.[1]))
    expect(seconds.sort()).toEqual([3, 4, 5, 6, 7])
    expect(readdirSync(folder())).toHaveLength(7)
  })

  it('can be given up, and leaves nothing then', async () => {
    const writer = await beginHeapSnapshot(store, 'add')
    await writer.write(bytes('half'))
    await writer.discard()
    await writer.discard()
    expect(readdirSync(folder())).toEqual([])
  })

  it('is given up beyond its limit, before the byte too many is written', async () => {
    const writer = await beginHeapSnapshot(store, 'add')
    await writer.write(bytes('head'))
    // A view without memory of its own behind most of it would be read; the length alone counts here.
    const part = { byteLength: MOST_SNAPSHOT_BYTES - 3 } as Uint8Array
    await expect(writer.write(part)).rejects.toMatchObject({ code: 'OUTPUT_LIMIT' })
    expect(readdirSync(folder())).toEqual([])
  })
})

import fs, { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, jest } from '@jest/globals'
import { root as packageRoot } from '../package/repository'
import { freshFolder } from './support'

const load = <Module>(name: string) =>
  require(join(packageRoot, 'dist/workspace/docker', `${name}.js`)) as Module

interface Mirror {
  directory(path: string): void
  file(path: string, content: Buffer | number): void
  link(path: string, where: 'nowhere' | 'out'): void
  done(): void
  remove(): Promise<void>
  readonly folder: { operate(operation: string, request: object): Promise<unknown> }
}

const { Mirror } = load<{ Mirror: new (options: object) => Mirror }>('mirror')
type Read = (bytes: Buffer) => { path: string; kind: string }[] | undefined
const { readTar } = load<{ readTar: Read }>('tar')

describe('what a container says of its files', () => {
  it('makes nothing outside the copy, whatever it says', async () => {
    const outside = freshFolder()
    const mirror = new Mirror({ oversize: 'skip', limits: {} })
    mirror.link('x', 'out')
    mirror.link(`x${outside}/dir/link`, 'nowhere')
    mirror.link(`x${outside}/link`, 'nowhere')
    mirror.file(`../../..${outside}/file`, Buffer.from('a'))
    mirror.directory(`x/../../..${outside}/folder`)
    mirror.done()
    mirror.file(`x${outside}/late`, 3)
    mirror.directory(`x${outside}/late-folder`)
    mirror.link(`x${outside}/late-link`, 'nowhere')
    mirror.done()
    expect(readdirSync(outside)).toEqual([])
    expect(existsSync(join(outside, 'dir'))).toBe(false)
    await mirror.remove()
  })

  it('is copied whole or not at all', async () => {
    const mirror = new Mirror({ oversize: 'skip', limits: {} })
    const spied = jest.spyOn(fs, 'writeFileSync').mockImplementation(() => {
      throw Object.assign(new Error("ENOSPC: no space left, open '/tmp/x'"), { code: 'ENOSPC' })
    })
    try {
      const message = "no copy of the container's files could be made: ENOSPC"
      expect(() => mirror.file('a', Buffer.from('a'))).toThrow(message)
    } finally {
      spied.mockRestore()
      await mirror.remove()
    }
  })

  it('never sends whoever reads it backwards', () => {
    const header = (name: string, size: string) => {
      const block = Buffer.alloc(512)
      block.write(name, 0)
      block.write(size, 124)
      block.write('0', 156)
      return block
    }
    const end = Buffer.alloc(1024)
    const negative = Buffer.concat([header('a', '-0000001000'), end])
    expect(readTar(negative)).toBeUndefined()
    const huge = header('b', '')
    huge[124] = 0xff
    huge.fill(0xff, 125, 136)
    expect(readTar(Buffer.concat([huge, end]))).toBeUndefined()
    const good = Buffer.concat([
      header('c', '00000000003'),
      Buffer.from('abc'.padEnd(512, '\0')),
      end,
    ])
    expect(readTar(good)).toMatchObject([{ path: 'c', kind: 'file' }])
  })
})

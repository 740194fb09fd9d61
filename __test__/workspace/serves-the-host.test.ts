import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { localWorkspace, type Workspace, workspacePath } from 'runlet'
import { freshFolder, refusal } from './support'

async function onFolder(work: (files: Workspace, root: string, outside: string) => Promise<void>) {
  const folder = freshFolder()
  try {
    await work(localWorkspace(join(folder, 'inside')), join(folder, 'inside'), folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe('a local workspace', () => {
  it('reads, writes, describes, lists and deletes', async () => {
    await onFolder(async (files) => {
      const bytes = new Uint8Array([0, 255, 128, 10])
      await files.write('a/b', bytes)
      await files.write('a/c.txt', 'text ä')
      expect(await files.read('a/b')).toEqual(bytes)
      expect(await files.read('a/./c.txt')).toEqual(new Uint8Array(Buffer.from('text ä')))
      expect(await files.read('none')).toBeUndefined()
      expect(await files.read('a')).toBeUndefined()
      expect(await files.stat('none')).toBeUndefined()
      const mtimeMs = expect.any(Number)
      const file = { path: 'a/b', type: 'file', size: 4, mtimeMs }
      expect(await files.stat('a/b')).toEqual(file)
      const text = { path: 'a/c.txt', type: 'file', size: 7, mtimeMs }
      expect(await files.list()).toEqual([{ path: 'a', type: 'directory', mtimeMs }, file, text])
      expect(await files.list('a')).toEqual([file, text])
      expect(await files.list('none')).toEqual([])
      await files.delete('a/b')
      await files.delete('a/b')
      expect(await files.list('a')).toEqual([text])
      await files.delete('a')
      expect(await files.list()).toEqual([])
    })
  })

  it('takes a file that no bash runtime would', async () => {
    await onFolder(async (files) => {
      const bytes = new Uint8Array(3_000_000).fill(7)
      await files.write('large', bytes)
      expect((await files.read('large'))?.length).toBe(bytes.length)
    })
  })

  it('never deletes its root, or what a link leads to', async () => {
    await onFolder(async (files, root, outside) => {
      mkdirSync(join(outside, 'target'))
      writeFileSync(join(outside, 'target/kept'), 'kept')
      await files.write('real', 'real')
      symlinkSync(join(outside, 'target'), join(root, 'away'))
      symlinkSync('real', join(root, 'near'))
      symlinkSync('nowhere', join(root, 'dangling'))
      expect((await files.list()).map(({ path, type }) => [path, type])).toEqual([
        ['away', 'other'],
        ['dangling', 'other'],
        ['near', 'file'],
        ['real', 'file'],
      ])
      for (const path of ['', '.', 'a/..']) {
        expect((await refusal(() => files.delete(path))).code).toBe('INVALID_ARGUMENT')
      }
      for (const path of ['away', 'near', 'dangling']) await files.delete(path)
      expect(readFileSync(join(outside, 'target/kept'), 'utf8')).toBe('kept')
      expect(readFileSync(join(root, 'real'), 'utf8')).toBe('real')
      expect(existsSync(join(root, 'near'))).toBe(false)
    })
  })

  it('is no way out of its root', async () => {
    await onFolder(async (files, root, outside) => {
      writeFileSync(join(outside, 'secret'), 'secret')
      await files.write('f', '')
      symlinkSync(outside, join(root, 'up'))
      for (const work of [
        () => files.read('../secret'),
        () => files.write('up/secret', 'mine'),
        () => files.delete('up/secret'),
      ]) {
        expect((await refusal(work)).code).toBe('PERMISSION_DENIED')
      }
      expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret')
    })
  })
})

describe('a path of a workspace', () => {
  it('is relative, and written in one way', async () => {
    expect(workspacePath('a/./b//c/../d')).toBe('a/b/d')
    expect(workspacePath('')).toBe('')
    for (const [path, message] of [
      ['/a', 'workspace path must be relative: /a'],
      ['C:/a', 'workspace path must be relative: C:/a'],
      ['a\\b', /^workspace path must use forward slashes/],
      ['../a', 'workspace path escapes root: ../a'],
      ['a/../../b', 'workspace path escapes root: a/../../b'],
      ['a\0', /^workspace path contains a null byte/],
    ] as const) {
      const error = await refusal(() => workspacePath(path))
      expect(error.message).toEqual(
        typeof message === 'string' ? message : expect.stringMatching(message),
      )
    }
    expect((await refusal(() => workspacePath(7 as never))).code).toBe('INVALID_ARGUMENT')
  })
})

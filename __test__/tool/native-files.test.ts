import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  called,
  callNativeTool,
  type Folder,
  makeFolder,
  NATIVE_TOOL_IDS,
  nativeInputSchema,
  nativeVerb,
} from './native-folder'

let folder: Folder
beforeEach(() => {
  folder = makeFolder()
})
afterEach(() => folder.remove())

const call = (id: string, input: unknown) => called(id, input, { rootDir: folder.rootDir })

describe('native tools on files', () => {
  it('have sorted ids, aliases and input schemas', () => {
    expect(NATIVE_TOOL_IDS).toEqual([
      'rl__delete_file',
      'rl__exec',
      'rl__fetch',
      'rl__grep',
      'rl__list_dir',
      'rl__list_files',
      'rl__read_file',
      'rl__write_file',
    ])
    expect(nativeVerb('cp__grep')).toBe('grep')
    for (const id of ['grep', 'rl__', 'rl__toString', 'rl__constructor', 'xx__grep', 'rl__Grep']) {
      expect(nativeVerb(id)).toBeUndefined()
    }
    expect(nativeInputSchema('read_file')).toMatchObject({
      required: ['path'],
      additionalProperties: false,
    })
  })

  it('write, read, list, search and delete under both prefixes', async () => {
    const written = await call('rl__write_file', { path: 'a/b.txt', content: 'héllo\nworld' })
    expect(written).toMatchObject({ success: true, metadata: { path: 'a/b.txt', size: 12 } })
    expect(await call('cp__read_file', { path: 'a/b.txt' })).toMatchObject({
      content: 'héllo\nworld',
    })
    expect(await call('rl__list_dir', { path: 'a' })).toMatchObject({
      entries: [{ name: 'b.txt', path: 'a/b.txt', type: 'file', size: 12 }],
    })
    const listed = await call('cp__list_files', { dir: '.', recursive: true })
    expect(listed).toEqual({ files: ['a/b.txt'] })
    const found = await call('rl__grep', { pattern: 'wor', path: '.', recursive: true })
    expect(found).toEqual({ matches: [{ file: 'a/b.txt', line: 2, column: 1, text: 'world' }] })
    expect(await call('rl__delete_file', { path: 'a', recursive: true })).toEqual({ success: true })
    expect(existsSync(join(folder.rootDir, 'a'))).toBe(false)
  })

  it('stay beneath the root', async () => {
    folder.link('parent', folder.outside)
    folder.link('link', join(folder.outside, 'secret'))
    const outside = 'PERMISSION_DENIED PermissionDenied outside-root'
    expect(await call('rl__read_file', { path: '/etc/passwd' })).toBe(outside)
    expect(await call('rl__read_file', { path: '../outside/secret' })).toBe(outside)
    expect(await call('rl__read_file', { path: 'parent/secret' })).toBe(outside)
    expect(await call('rl__read_file', { path: 'link' })).toBe(
      'PERMISSION_DENIED PermissionDenied symbolic-link',
    )
    expect(await call('rl__write_file', { path: 'parent/new', content: '' })).toBe(outside)
    expect(await call('rl__delete_file', { path: 'parent/secret' })).toBe(outside)
    expect(await call('rl__exec', { command: 'cat', args: ['link'] })).toBe(outside)
    expect(readFileSync(join(folder.outside, 'secret'), 'utf8')).toBe('outside')
  })

  it('keep the old file when a write is too large', async () => {
    folder.write('a', 'old')
    const input = { path: 'a', content: 'x'.repeat(1_048_577) }
    expect(await call('rl__write_file', input)).toBe('INVALID_ARGUMENT InvalidArgument too-large')
    expect(readFileSync(join(folder.rootDir, 'a'), 'utf8')).toBe('old')
  })

  it('name the field and never the folder of the host', async () => {
    const settings = { rootDir: folder.rootDir }
    for (const [id, input] of [
      ['rl__read_file', { path: 'missing' }],
      ['rl__read_file', { path: 'a', extra: 1 }],
      ['rl__list_dir', { path: 'missing' }],
      ['rl__exec', { command: 'cat', args: ['missing'] }],
      ['rl__exec', { command: 'rm', args: ['a'] }],
      ['rl__fetch', { url: 'http://a.example/', extra: 1 }],
    ] as const) {
      const answer = await callNativeTool(id, input, settings)
      expect(answer.ok).toBe(false)
      expect(JSON.stringify(answer)).not.toContain(folder.path)
    }
    const answer = await callNativeTool('rl__read_file', { path: 'a', extra: 1 }, settings)
    expect(answer).toMatchObject({ error: { details: { field: 'extra' } } })
  })
})

describe('native calls', () => {
  it('leave the event loop free', async () => {
    const settings = { rootDir: folder.rootDir }
    const order: string[] = []
    const sleeping = callNativeTool('rl__exec', { command: 'sleep', args: ['0.3'] }, settings)
    const done = sleeping.then(() => order.push('slept'))
    await new Promise((resolve) => setTimeout(resolve, 10))
    order.push('timer')
    await done
    expect(order).toEqual(['timer', 'slept'])
  })

  it('are cancelled at once', async () => {
    const settings = { rootDir: folder.rootDir }
    const aborted = AbortSignal.abort()
    const input = { path: 'a', content: 'x' }
    expect(await callNativeTool('rl__write_file', input, settings, aborted)).toMatchObject({
      error: { code: 'CANCELLED' },
    })
    expect(existsSync(join(folder.rootDir, 'a'))).toBe(false)
    const controller = new AbortController()
    const command = { command: 'sleep', args: ['0.5'] }
    const running = callNativeTool('rl__exec', command, settings, controller.signal)
    controller.abort()
    expect(await running).toMatchObject({ error: { code: 'CANCELLED' } })
  })

  it('obey the bounds that the host set for commands', async () => {
    folder.write('a', 'x'.repeat(1_000))
    const most = { maxStdoutBytes: 100, maxStderrBytes: 100 }
    const within = (timeoutMs: number) => ({
      rootDir: folder.rootDir,
      exec: { ...most, timeoutMs },
    })
    const cat = await called('rl__exec', { command: 'cat', args: ['a'] }, within(20_000))
    expect(cat).toMatchObject({ success: true, stdout_truncated: true })
    const settings = within(200)
    const slept = await called('rl__exec', { command: 'sleep', args: ['20'] }, settings)
    expect(slept).toMatchObject({ timed_out: true, success: false, exit_code: -1 })
    const longer = { command: 'ls', timeout_ms: 201 }
    expect(await called('rl__exec', longer, settings)).toBe('INVALID_ARGUMENT InvalidArgument')
    const off = { rootDir: folder.rootDir, exec: { enabled: false } }
    expect(await called('rl__exec', { command: 'ls' }, off)).toBe(
      'PERMISSION_DENIED PermissionDenied disabled',
    )
  })
})

import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import type { BuiltInRuntime } from 'runlet'
import { inWorkspace, RUNTIMES, refusal } from './support'

const HOST = { name: 'host-bash' } as const
/** Prints more than a result shows. */
const LONG = `printf 'x%.0s' {1..70000}`

describe('the operations of a runtime', () => {
  it('give exactly what they always gave where nothing special happens', async () => {
    await inWorkspace(HOST, async ({ runtime }) => {
      const [path, content] = ['a/b.txt', 'one\ntwo\n']
      expect(await runtime.write({ path, content })).toEqual({ path, bytes: 8 })
      expect(await runtime.read({ path })).toEqual({ text: content, path, lines: 3 })
      const change = { path, oldText: 'two', newText: '$& $1 $$' }
      expect(await runtime.edit(change)).toEqual({ path, replacements: 1 })
      expect(await runtime.grep({ query: '$&' })).toEqual({
        hits: [{ path, line: 2, text: '$& $1 $$' }],
      })
      expect(await runtime.find({ pattern: '**/*.txt' })).toEqual({ paths: [path] })
      expect(await runtime.ls({})).toEqual({
        entries: [{ name: 'a', path: 'a', type: 'directory' }],
      })
      expect(await runtime.ls({ path: '/a' })).toEqual({
        entries: [{ name: 'b.txt', path, type: 'file', size: 13 }],
      })
      expect((await runtime.bash({ command: 'cat a/b.txt' })).out).toBe('one\n$& $1 $$\n')
    })
  })

  it('refuse with the texts they always had, and no path of the host', async () => {
    const options = { ...HOST, limits: { maxFileBytes: 10 } }
    await inWorkspace(options, async ({ runtime, root, outside }) => {
      await runtime.write({ path: 'f', content: 'aa' })
      writeFileSync(join(outside, 'secret'), 'secret')
      symlinkSync(join(outside, 'secret'), join(root, 'link'))
      mkdirSync(join(root, 'd'))
      const edit = (oldText: string) => runtime.edit({ path: 'f', oldText, newText: 'c' })
      const read = (path: string, offset?: number) => runtime.read({ path, offset })
      const large = () => runtime.write({ path: 'g', content: 'x'.repeat(11) })
      for (const [work, code, message] of [
        [() => read('../x'), 'PERMISSION_DENIED', 'path escapes runtime root: ../x'],
        [() => read('link'), 'PERMISSION_DENIED', 'path escapes runtime root: link'],
        [() => read('a\0b'), 'INVALID_ARGUMENT', 'path contains null byte'],
        [() => read('none'), 'RUNTIME_ERROR', 'path does not exist: none'],
        [() => read('f', Number.NaN), 'INVALID_ARGUMENT', /^offset must be/],
        [() => runtime.ls({ path: 'f' }), 'RUNTIME_ERROR', 'path is not a directory: f'],
        [large, 'OUTPUT_LIMIT', 'g exceeds limit: 11 > 10'],
        [() => edit('b'), 'VALIDATION_ERROR', 'text not found in f'],
        [() => edit('a'), 'VALIDATION_ERROR', 'text is not unique in f'],
        [() => edit(''), 'INVALID_ARGUMENT', /./],
      ] as const) {
        const error = await refusal(work)
        const expected = typeof message === 'string' ? message : expect.stringMatching(message)
        expect([error.code, error.message]).toEqual([code, expected])
        expect(error.message + JSON.stringify(error.details)).not.toContain(outside)
      }
      const { entries } = await runtime.ls({})
      expect(entries.find(({ name }) => name === 'link')?.type).toBe('other')
    })
  })

  it.each(RUNTIMES)('make the folder of %s, whichever comes first', async (name) => {
    for (const first of [
      (runtime: BuiltInRuntime) => runtime.bash({ command: 'echo x > f' }),
      (runtime: BuiltInRuntime) => runtime.write({ path: 'f', content: 'x' }),
      (runtime: BuiltInRuntime) => runtime.ls({}),
    ]) {
      await inWorkspace({ name }, async ({ runtime, root }) => {
        expect(existsSync(root)).toBe(false)
        expect((await first(runtime)) as object).not.toHaveProperty('error')
        expect(existsSync(root)).toBe(true)
      })
    }
  })

  it('end when they are aborted', async () => {
    await inWorkspace(HOST, async ({ runtime }) => {
      const signal = AbortSignal.abort()
      const error = await refusal(() => runtime.find({ signal }))
      expect([error.code, error.message]).toEqual(['CANCELLED', 'cancelled'])
    })
  })

  it('take handlers and chats, which are not part of a request', async () => {
    await inWorkspace(HOST, async ({ runtime }) => {
      const input = { path: 'f', content: 'x', chat: 'c', runtimeEvents: () => {} }
      expect(await runtime.write(input)).toEqual({ path: 'f', bytes: 1 })
    })
  })
})

describe('a result that is too long', () => {
  it('lies in a file of the workspace as a whole', async () => {
    await inWorkspace(HOST, async ({ runtime }) => {
      const command = 'for i in {1..30000}; do echo "line $i"; done; echo warned >&2'
      const { spool, out } = await runtime.bash({ command })
      expect(spool?.path).toMatch(/^\.runlet\/out-[0-9a-f]{12}$/)
      const { text } = await runtime.read({ path: `${spool?.path}`, offset: 15_000, limit: 2 })
      expect(text).toBe('line 15000\nline 15001')
      expect(out).not.toContain('line 15000\n')
      const end = await runtime.bash({ command: `tail -1 ${spool?.path}; wc -c < ${spool?.path}` })
      expect(end.out).toBe(`warned\n${spool?.bytes}\n`)
      expect((await runtime.find({})).paths).toEqual([])
    })
  })

  it('is kept for the last twenty alone', async () => {
    await inWorkspace(HOST, async ({ runtime }) => {
      const paths: (string | undefined)[] = []
      for (let count = 0; count < 22; count++) {
        const { spool } = await runtime.bash({ command: LONG })
        paths.push(spool?.path)
      }
      const { entries } = await runtime.ls({ path: '.runlet' })
      expect(entries.map(({ path }) => path).sort()).toEqual(paths.slice(2).sort())
    })
  }, 20_000)

  it('is written nowhere else, even if its folder leads there', async () => {
    await inWorkspace(HOST, async ({ runtime, outside }) => {
      await runtime.bash({ command: `mkdir ${outside}/trap; ln -s ${outside}/trap .runlet` })
      const { code, truncated, spool } = await runtime.bash({ command: LONG })
      expect([code, truncated, spool]).toEqual([0, true, undefined])
      expect((await runtime.bash({ command: `ls ${outside}/trap` })).out).toBe('')
    })
  })
})

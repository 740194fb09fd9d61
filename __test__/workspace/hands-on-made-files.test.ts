import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { attachment } from 'runlet'
import { inWorkspace, refusal } from './support'

const HOST = { name: 'host-bash' } as const

describe('files that were made', () => {
  it('are listed since a mark, and opened with what hosts need', async () => {
    await inWorkspace(HOST, async ({ runtime }) => {
      await runtime.write({ path: 'old.txt', content: 'old' })
      const since = await runtime.mark()
      await runtime.bash({ command: 'mkdir out; printf data > out/new.csv' })
      const files = await runtime.generated({ since })
      expect(files).toEqual([{ path: 'out/new.csv', size: 4, mtimeMs: expect.any(Number) }])
      const made = attachment(runtime.scope.path, 'out/new.csv', { name: 'table' })
      expect(made).toEqual({ path: 'scopes/app/out/new.csv', scope: 'app', name: 'table' })
      for (const path of ['out/new.csv', made.path]) {
        expect(await runtime.openGenerated({ path })).toEqual({
          path: 'out/new.csv',
          bytes: new Uint8Array(Buffer.from('data')),
          size: 4,
          sha256: '3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7',
          mimeType: 'text/csv',
        })
      }
    })
  })

  it('are no files of the host', async () => {
    await inWorkspace(HOST, async ({ runtime, outside }) => {
      writeFileSync(join(outside, 'secret'), 'secret')
      await runtime.bash({ command: `ln -s ${outside}/secret soft; ln ${outside}/secret hard` })
      for (const path of ['soft', 'hard', '../secret', join(outside, 'secret')]) {
        const { code } = await refusal(() => runtime.openGenerated({ path }))
        expect([path, ['PERMISSION_DENIED', 'RUNTIME_ERROR'].includes(code)]).toEqual([path, true])
      }
      await runtime.write({ path: 'f', content: '12345' })
      const large = await refusal(() => runtime.openGenerated({ path: 'f', maxBytes: 4 }))
      expect(large.code).toBe('OUTPUT_LIMIT')
      expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret')
    })
  })

  it('have an attachment only within their scope', async () => {
    for (const [path, message] of [
      ['', 'path is required'],
      ['a\0b', 'path contains invalid character'],
      ['../x', 'path escapes runtime scope'],
    ] as const) {
      expect((await refusal(() => attachment('s', path))).message).toBe(message)
    }
    expect(attachment('s', 'scopes/s/f', { mimeType: 'a/b' })).toEqual({
      path: 'scopes/s/f',
      scope: 's',
      mimeType: 'a/b',
    })
  })
})

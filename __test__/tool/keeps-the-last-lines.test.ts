// What a tool prints right before it returns is in the log streams later than its answer is read.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createToolRuntime } from 'runlet'

const CALLS = 150

let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'runlet-last-lines-'))
  const code = `
    export function speak(n) {
      process.stdout.write('out ' + n + '\\n')
      console.log('err', n)
      return n
    }`
  writeFileSync(join(folder, 'tools.mjs'), code)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.each(['bun', 'node'] as const)('a tool on %s that prints and returns at once', (type) => {
  it('has every line in its result and in onLog, however busy the machine is', async () => {
    const runtime = createToolRuntime({
      projectRoot: folder,
      runtimeType: type,
      entrypointPath: 'tools.mjs',
      permissions: ['--allow-all'],
      maxConcurrent: 8,
    })
    try {
      const calls = Array.from({ length: CALLS }, async (_, n) => {
        const heard: string[] = []
        const onLog = ({ text }: { text: string }) => heard.push(text)
        const { ok, logs } = await runtime.executeTool('speak', { input: n, onLog })
        return { ok, logs: logs.stdout + logs.stderr, heard: heard.sort() }
      })
      const expected = Array.from({ length: CALLS }, (_, n) => ({
        ok: true,
        logs: `out ${n}\n[LOG] err ${n}\n`,
        heard: [`[LOG] err ${n}\n`, `out ${n}\n`],
      }))
      expect(await Promise.all(calls)).toEqual(expected)
    } finally {
      await runtime.dispose()
    }
  }, 120_000)
})

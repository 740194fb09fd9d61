import { afterEach, describe, expect, it } from '@jest/globals'
import { Bench, errorOf, fixture, outputOf, RUNTIMES } from './support'

const bench = new Bench()
afterEach(() => bench.endAll())
const MIB = 2 ** 20

describe.each(RUNTIMES)('what a tool prints on %s', (type) => {
  it('is a log: prefixed by the method, stdout as it is, and never a result', async () => {
    const tools = bench.runtime(type)
    const result = await tools.executeTool('noisy', { input: { intact: true } })
    expect(outputOf(result)).toEqual({ intact: true })
    expect(result.logs).toEqual({
      stdout: '{"result":"forged"}\n',
      stderr: '[LOG] log {"a":1}\n[DEBUG] debug\n[INFO] info\n[WARN] warn\n[ERROR] error\n',
      stdoutDroppedBytes: 0,
      stderrDroppedBytes: 0,
    })
  })

  it.each([0, 1])('while it is loaded changes no result (warm: %d)', async (size) => {
    const tools = bench.runtime(type, {
      entrypointPath: fixture('noisy-import.mjs'),
      warm: { size },
    })
    for (let call = 0; call < 2; call++) {
      const result = await tools.executeTool('answer')
      expect(outputOf(result)).toEqual({ answer: 42 })
      expect(result.logs.stderr).toBe(
        '[LOG] console at import\nstderr at import\n[LOG] console in the call\n',
      )
      expect(result.logs.stdout).toBe('stdout at import\n\ufffd\ufffd\0\nstdout in the call\n')
    }
  })

  it.each([0, 2])('is all there when the result is, each time (warm: %d)', async (size) => {
    const tools = bench.runtime(type, { warm: { size }, maxConcurrent: 3 })
    const results = await Promise.all(
      Array.from({ length: 30 }, (_, input) => tools.executeTool('noisy', { input })),
    )
    const [first] = results
    expect(first?.logs.stderr).toMatch(/^\[LOG\][\s\S]*\[ERROR\] error\n$/)
    for (const result of results) {
      outputOf(result)
      expect(result.logs).toEqual(first?.logs)
    }
  })

  it('has the prefixes of debugging where that is on', async () => {
    const tools = bench.runtime(type, { debug: { enabled: true } })
    const { logs } = await tools.executeTool('noisy')
    expect(logs.stderr).toBe(
      '[DEBUG][LOG] log {"a":1}\n[DEBUG][DEBUG] debug\n[DEBUG][INFO] info\n' +
        '[DEBUG][WARN] warn\n[DEBUG][ERROR] error\n',
    )
  })

  it.each([1, 2])('by ten megabytes on %d leaves the result intact', async (stream) => {
    const tools = bench.runtime(type)
    const input = { stream, bytes: 10 * MIB, value: { intact: 'x'.repeat(100_000) } }
    const result = await tools.executeTool('floods', { input })
    expect(outputOf(result)).toEqual(input.value)
    const letter = stream === 1 ? 'o' : 'e'
    const half = letter.repeat(MIB / 2)
    const [text, dropped] =
      stream === 1
        ? [result.logs.stdout, result.logs.stdoutDroppedBytes]
        : [result.logs.stderr, result.logs.stderrDroppedBytes]
    expect(dropped).toBe(9 * MIB)
    expect(text === `${half}...[${9 * MIB} bytes dropped]...${half}`).toBe(true)
  })

  it('keeps its head and its tail, each whole in its characters', async () => {
    const tools = bench.runtime(type, { maxStderrCaptureBytes: 16 })
    const result = await tools.executeTool('prints', {
      input: { stdout: 'head----MIDDLE----tail', stderr: `€€€${'.'.repeat(20)}€€€` },
    })
    expect(result.logs.stdout).toBe('head----...[6 bytes dropped]...----tail')
    expect(result.logs.stdoutDroppedBytes).toBe(6)
    expect(result.logs.stderr).toBe('€€...[22 bytes dropped]...€€')
    expect(outputOf(result)).toEqual({ value: 'printed' })
  })

  it('survives when a character comes in pieces, and when it is none at all', async () => {
    const tools = bench.runtime(type)
    const onLog: string[] = []
    const result = await tools.executeTool('printsBytewise', {
      input: 'ä€😀\nend',
      onLog: ({ text }) => onLog.push(text),
    })
    expect(result.logs.stdout).toBe('ä€😀\nend')
    expect(onLog.join('')).toBe('ä€😀\nend')
    const binary = await tools.executeTool('prints', {
      input: { base64: true, stdout: Buffer.from([0xff, 0, 0xc3, 0x28]).toString('base64') },
    })
    expect(outputOf(binary)).toEqual({ value: 'printed' })
    expect(binary.logs.stdout).toBe('\ufffd\0\ufffd(')
  })

  it('beyond maxLogBytes ends it, on either stream', async () => {
    const tools = bench.runtime(type, { maxLogBytes: MIB })
    for (const stream of [1, 2]) {
      const input = { stream, bytes: 64 * MIB }
      const error = errorOf(await tools.executeTool('floods', { input }))
      expect(error.code).toBe('OUTPUT_LIMIT')
      expect(error.details).toMatchObject({ limit: 'maxLogBytes', limitBytes: MIB })
    }
    const input = { stream: 1, bytes: MIB / 2, value: 1 }
    expect(outputOf(await tools.executeTool('floods', { input }))).toEqual({ value: 1 })
  })
})

describe.each(RUNTIMES)('onLog on %s', (type) => {
  it('gets every line, whole, in order, with its stream, before the result', async () => {
    const tools = bench.runtime(type)
    const seen = { stdout: '', stderr: '' }
    const result = await tools.executeTool('noisy', {
      onLog: ({ stream, text }) => {
        seen[stream] += text
      },
    })
    expect(seen).toEqual({ stdout: result.logs.stdout, stderr: result.logs.stderr })
    for (let round = 0; round < 10; round++) {
      let text = ''
      await tools.executeTool('printsLines', {
        input: 500,
        onLog: (entry) => {
          text += entry.text
        },
      })
      expect(text).toBe(Array.from({ length: 500 }, (_, at) => `line ${at}\n`).join(''))
    }
  })

  it('gets every line before the result while the host is busy', async () => {
    const tools = bench.runtime(type)
    let text = ''
    const call = tools.executeTool('printsOften', {
      input: 3_000,
      onLog: (entry) => {
        if (text === '') {
          const until = Date.now() + 1_500
          while (Date.now() < until);
        }
        text += entry.text
      },
    })
    const { logs } = await call
    expect(text).toBe(logs.stdout)
    expect(text).toMatch(/^line 0\n[\s\S]*line 2999\n$/)
  })

  it('gets lines while the tool still runs, and of its own call only', async () => {
    const tools = bench.runtime(type, { maxConcurrent: 2 })
    const texts: string[] = []
    const stop = new AbortController()
    const call = tools.executeTool('noisyForever', {
      signal: stop.signal,
      onLog: ({ text }) => {
        texts.push(text)
        stop.abort()
      },
    })
    const other = await tools.executeTool('prints', { input: { stdout: 'other\n' } })
    expect(other.logs.stdout).toBe('other\n')
    expect(errorOf(await call).code).toBe('CANCELLED')
    expect(texts.join('')).toMatch(/^tick\n/)
    expect(texts.join('')).not.toContain('other')
  })
})

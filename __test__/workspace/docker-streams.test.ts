import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { root as packageRoot } from '../package/repository'

const load = <Module>(name: string) =>
  require(join(packageRoot, 'dist/workspace/docker', `${name}.js`)) as Module

interface Stream {
  push(chunk: Buffer): void
  end(): void
}
const { MarkedStream, Lines } = load<{
  MarkedStream: new (
    mark: string,
    listener: { onText: (chunk: Buffer) => void; onMark: (words: string[]) => void },
  ) => Stream
  Lines: new (onLines: (text: string) => void) => Stream
}>('marks')
const { Capture } = load<{
  Capture: new (
    kept?: number,
  ) => { push(chunk: Buffer): void; text(): { text: string; dropped: number } }
}>('capture')
const { readTar } = load<{
  readTar(bytes: Buffer): { path: string; kind: string; content: Buffer }[] | undefined
}>('tar')
const { commandParts } = load<{ commandParts(text: string): string[] }>('scripts')

/** Every way to cut bytes once, and into single ones. */
function cuts(bytes: Buffer): Buffer[][] {
  const ones = [...bytes].map((byte) => Buffer.from([byte]))
  const twos = ones.map((_, at) => [bytes.subarray(0, at), bytes.subarray(at)])
  return [ones, ...twos]
}

describe('marks in a stream', () => {
  it('are found however it is cut, and nothing else is lost', () => {
    const input =
      'client\n\u001eMARK begin 7 0\nout \u001e \u001eMAR no\u001eMARK end 3 4 \nrest\u001eMA'
    for (const chunks of cuts(Buffer.from(input))) {
      const seen: (string | string[])[] = []
      const stream = new MarkedStream('MARK', {
        onText: (chunk) => seen.push(chunk.toString()),
        onMark: (words) => seen.push(words),
      })
      for (const chunk of chunks) stream.push(chunk)
      stream.end()
      const at = seen.findIndex((one) => Array.isArray(one))
      const marks = seen.filter((one) => Array.isArray(one))
      expect(marks).toEqual([
        ['begin', '7', '0'],
        ['end', '3', '4'],
      ])
      expect(seen.slice(0, at).join('')).toBe('client\n')
      const text = seen.filter((one) => typeof one === 'string').join('')
      expect(text).toBe('client\nout \u001e \u001eMAR norest\u001eMA')
    }
  })

  it('that never end are text', () => {
    const seen: string[] = []
    const stream = new MarkedStream('MARK', {
      onText: (chunk) => seen.push(chunk.toString()),
      onMark: () => seen.push('mark'),
    })
    const long = `\u001eMARK ${'x'.repeat(300)}`
    for (const byte of Buffer.from(long)) stream.push(Buffer.from([byte]))
    stream.end()
    expect(seen.join('')).toBe(long)
  })
})

describe('lines of a stream', () => {
  it('come whole', () => {
    for (const chunks of cuts(Buffer.from('a é\nb\n\u{1f600} c'))) {
      const seen: string[] = []
      const lines = new Lines((text) => seen.push(text))
      for (const chunk of chunks) lines.push(chunk)
      lines.end()
      expect(seen.join('')).toBe('a é\nb\n\u{1f600} c')
      for (const text of seen.slice(0, -1)) expect(text.endsWith('\n')).toBe(true)
    }
  })

  it('that never end come in pieces, and no character is cut', () => {
    const seen: string[] = []
    const lines = new Lines((text) => seen.push(text))
    const text = `a${'\u{1f600}'.repeat(100_000)}`
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length; at += 1_000) lines.push(bytes.subarray(at, at + 1_000))
    lines.end()
    expect(seen.length).toBeGreaterThan(1)
    expect(seen.join('') === text).toBe(true)
  })
})

describe('what is kept of a stream', () => {
  it('is all of it, whatever the chunks', () => {
    const bytes = Buffer.from('é\u{1f600}'.repeat(50))
    for (const chunks of cuts(bytes)) {
      const capture = new Capture(1_000)
      for (const chunk of chunks) capture.push(chunk)
      expect(capture.text()).toEqual({ text: bytes.toString(), dropped: 0 })
    }
  })

  it('is its beginning and its end, in whole characters', () => {
    const text = '\u{1f600}'.repeat(1_000)
    const bytes = Buffer.from(text)
    for (const size of [1, 3, 7, 100, 4_000]) {
      for (let kept = 40; kept < 60; kept++) {
        const capture = new Capture(kept)
        for (let at = 0; at < bytes.length; at += size) capture.push(bytes.subarray(at, at + size))
        const { text: shown, dropped } = capture.text()
        expect(dropped).toBe(4_000 - kept)
        expect(shown).toMatch(/^\u{1f600}+$/u)
        expect(Buffer.byteLength(shown)).toBeGreaterThan(kept - 8)
      }
    }
  })
})

describe('a command as arguments', () => {
  it('is short enough, and whole', () => {
    const text = `echo ${'é\u{1f600}'.repeat(50_000)}`
    const parts = commandParts(text)
    expect(parts.join('') === text).toBe(true)
    expect(parts.length).toBeGreaterThan(1)
    for (const part of parts) expect(Buffer.byteLength(part)).toBeLessThan(128 * 1024)
    expect(commandParts('echo hi')).toEqual(['echo hi'])
  })
})

describe('a tar', () => {
  /** One header, as both kinds of tar write it. */
  function header(path: string, size: number, type: string): Buffer {
    const block = Buffer.alloc(512)
    block.write(path, 0, 100)
    block.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
    block.write(type, 156)
    block.write('ustar  ', 257)
    return block
  }
  const body = (text: string) => {
    const bytes = Buffer.from(text)
    return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)])
  }

  it('gives names, kinds and contents, and nothing if it is cut off', () => {
    const long = `d/${'x'.repeat(150)}`
    const pax = `${'30 path=d/new\nline and tab\t'.length + 1} path=d/new\nline and tab\t\n`
    const bytes = Buffer.concat([
      header('./d/', 0, '5'),
      header('./d/a', 3, '0'),
      body('abc'),
      header('././@LongLink', long.length + 1, 'L'),
      body(`${long}\0`),
      header(long.slice(0, 100), 1, '0'),
      body('l'),
      header('pax', Buffer.byteLength(pax), 'x'),
      body(pax),
      header('short', 1, '0'),
      body('p'),
      header('link', 0, '2'),
    ])
    const end = Buffer.alloc(1024)
    const whole = Buffer.concat([bytes, end])
    const entries = readTar(whole)?.map(({ path, kind, content }) => [path, kind, `${content}`])
    expect(entries).toEqual([
      ['./d/', 'directory', ''],
      ['./d/a', 'file', 'abc'],
      [long, 'file', 'l'],
      ['d/new\nline and tab\t', 'file', 'p'],
      ['link', 'other', ''],
    ])
    const part = Buffer.concat([header('cut', 600, '0'), body('only this')])
    for (const cut of [bytes, Buffer.concat([bytes, part]), Buffer.from('no tar at all')]) {
      expect(readTar(cut)).toBeUndefined()
    }
    expect(readTar(end)).toEqual([])
  })
})

// `workspaceTools`: a runtime as the tools of an agent. What a model gets is text; what it gives is
// whatever it likes.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import {
  createRuntime,
  RunletError,
  type Runtime,
  runtimeWithEvents,
  type WorkspaceTool,
  type WorkspaceToolName,
  type WorkspaceToolResult,
  type WorkspaceToolsOptions,
  workspaceTools,
} from 'runlet'
import { HOST_RUNTIMES, inWorkspace, type Place, refusal } from './support'

const ALL = ['bash', 'read', 'write', 'edit', 'grep', 'find', 'ls', 'attach'] as const

type Call = (
  name: WorkspaceToolName,
  input: unknown,
  options?: object,
) => Promise<WorkspaceToolResult>

/** Calls tools by name. */
function caller(runtime: Runtime, options?: WorkspaceToolsOptions): Call {
  const tools = new Map(workspaceTools(runtime, options).map((tool) => [tool.name, tool]))
  return (name, input, terms) => (tools.get(name) as WorkspaceTool).execute(input, terms)
}

/** A workspace on which an agent works. */
async function withAgent(
  work: (call: Call, place: Place) => Promise<void>,
  options?: WorkspaceToolsOptions,
): Promise<void> {
  await inWorkspace({ name: 'host-bash' }, async (place) => {
    mkdirSync(place.root, { recursive: true })
    await work(caller(place.runtime, options), place)
  })
}

/** `line 1` and so on. */
const lines = (count: number, end = '\n') =>
  Array.from({ length: count }, (_, index) => `line ${index + 1}`).join('\n') + end

describe('the tools of a runtime', () => {
  it.each(['just-bash', ...HOST_RUNTIMES])('%s has all of them', async (name) => {
    await inWorkspace({ name }, async ({ runtime }) => {
      expect(workspaceTools(runtime).map((tool) => tool.name)).toEqual(ALL)
      const call = caller(runtime)
      const made = await call('write', { path: 'a/list.txt', content: 'pear\napple\n' })
      expect(made).toEqual({
        text: 'Wrote 11 bytes to a/list.txt',
        value: { path: 'a/list.txt', bytes: 11 },
      })
      const sorted = await call('bash', { command: 'sort a/list.txt' })
      expect(sorted).toMatchObject({ text: 'apple\npear\n', value: { code: 0 } })
      const edited = await call('edit', { path: 'a/list.txt', oldText: 'pear', newText: 'plum' })
      expect(edited).toEqual({
        text: 'Replaced 1 occurrence in a/list.txt',
        value: { path: 'a/list.txt', replacements: 1 },
      })
      expect((await call('read', { path: 'a/list.txt' })).text).toBe('plum\napple\n')
      expect((await call('grep', { query: 'plum' })).text).toBe('a/list.txt:1: plum')
      expect((await call('find', { pattern: '*.txt' })).text).toBe('a/list.txt')
      expect((await call('ls', {})).text).toBe('a/')
      expect((await call('ls', { path: 'a' })).text).toBe('list.txt (11 bytes)')
      const attached = await call('attach', { path: 'a/list.txt', name: 'Fruit' })
      expect(attached).toEqual({
        text: 'Attached Fruit (11 bytes, text/plain)',
        value: {
          path: 'scopes/app/a/list.txt',
          scope: 'app',
          name: 'Fruit',
          mimeType: 'text/plain',
          size: 11,
          sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        },
      })
      const { bytes } = await runtime.openGenerated(attached.value as { path: string })
      expect(Buffer.from(bytes).toString()).toBe('plum\napple\n')
    })
  })

  it('are those that it has operations for', async () => {
    const runtime: Runtime = {
      name: 'small',
      root: '/',
      read: async ({ path }) => ({ text: 'text', path, lines: 1 }),
      ls: async () => ({ entries: [] }),
    }
    expect(workspaceTools(runtime).map(({ name }) => name)).toEqual(['read', 'ls'])
    expect(workspaceTools(runtime, { tools: ['ls', 'bash'] }).map(({ name }) => name)).toEqual([
      'ls',
    ])
    expect(await caller(runtime)('ls', {})).toEqual({ text: '(empty)', value: { entries: [] } })
  })

  it('are plain data and a function, and what is done to one changes no other', async () => {
    await withAgent(async (_, { runtime }) => {
      const [first] = workspaceTools(runtime)
      for (const { name, description, inputSchema, execute } of workspaceTools(runtime)) {
        expect(JSON.parse(JSON.stringify(inputSchema))).toEqual(inputSchema)
        expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false })
        for (const [member, { description }] of Object.entries(inputSchema.properties)) {
          expect([name, member, description.endsWith('.')]).toEqual([name, member, true])
        }
        expect(inputSchema.required.every((member) => member in inputSchema.properties)).toBe(true)
        expect([description.length > 20, typeof execute]).toEqual([true, 'function'])
      }
      if (first !== undefined) first.inputSchema.required = []
      const [again] = workspaceTools(runtime)
      expect(again?.inputSchema.required).toEqual(['command'])
      expect((await first?.execute({}))?.isError).toBe(true)
    })
  })

  it('refuse options that there are not, by name', async () => {
    await withAgent(async (_, { runtime }) => {
      const refused = async (options: unknown) =>
        (await refusal(() => workspaceTools(runtime, options as WorkspaceToolsOptions))).message
      expect(await refused({ maxLine: 5 })).toContain('maxLines')
      expect(await refused({ tools: ['rm'] })).toContain('tools[0]')
      expect(await refused({ maxLines: 0 })).toContain('from 1 to')
      expect(await refused({ exclude: 'x' })).toContain('an array')
      const none = await refusal(() => workspaceTools(null as unknown as Runtime))
      expect(none.message).toContain('createRuntime')
    })
  })
})

describe('read for an agent', () => {
  it('gives 2,000 lines and says where to continue, until all was read', async () => {
    await withAgent(async (call) => {
      await call('write', { path: 'long', content: lines(5000) })
      const seen: string[] = []
      const asked = await call('read', { path: 'long', limit: 4000 })
      expect(asked.value).toMatchObject({ nextOffset: 2001 })
      let offset: number | undefined = 1
      const notes: string[] = []
      while (offset !== undefined) {
        const { text, value } = await call('read', { path: 'long', offset })
        const read = value as { text: string; nextOffset?: number; lines: number; truncated?: true }
        expect(read.lines).toBe(5001)
        seen.push(...read.text.split('\n'))
        notes.push(/\[([^\]]*)\]$/.exec(text)?.[1] ?? '')
        expect(text.includes('Use offset=')).toBe(read.nextOffset !== undefined)
        expect(read.truncated).toBe(read.nextOffset === undefined ? undefined : true)
        offset = read.nextOffset
      }
      expect(`${seen.join('\n')}`).toBe(lines(5000))
      expect(notes).toEqual([
        'lines 1 to 2000 of 5001. Use offset=2001 to continue',
        'lines 2001 to 4000 of 5001. Use offset=4001 to continue',
        'lines 4001 to 5001, the last',
      ])
    })
  })

  it.each([
    ['as many lines as it may have, and a line end', 10, '\n'],
    ['as many lines as it may have', 10, ''],
    ['one line more', 11, ''],
    ['one line more, and a line end', 11, '\n'],
  ])('continues only where there is something: %s', async (_what, count, end) => {
    await withAgent(
      async (call) => {
        await call('write', { path: 'file', content: lines(count, end) })
        const { text, value } = await call('read', { path: 'file' })
        const next = (value as { nextOffset?: number }).nextOffset
        expect(next).toBe(count > 10 ? 11 : undefined)
        expect(text.startsWith('line 1\n')).toBe(true)
        if (next === undefined) expect(text).not.toContain('[')
        else expect((await call('read', { path: 'file', offset: next })).text).toContain('line 11')
      },
      { maxLines: 10 },
    )
  })

  it('keeps to 50 KiB and to 2,000 characters of a line, whole characters only', async () => {
    await withAgent(async (call, { root }) => {
      const wide = `${'x'.repeat(1999)}\u{1f600}${'y'.repeat(1000)}\n`
      writeFileSync(join(root, 'wide'), wide.repeat(100))
      const { text, value } = await call('read', { path: 'wide' })
      expect(Buffer.byteLength(text)).toBeLessThan(52_000)
      expect(text).not.toMatch(/\p{Surrogate}|\ufffd/u)
      const [first] = text.split('\n')
      expect(first).toBe(`${'x'.repeat(1999)}... [line cut here]`)
      const next = (value as { nextOffset: number }).nextOffset
      expect(next).toBe(text.split('\n\n')[0]?.split('\n').length === next - 1 ? next : -1)
      // A file that no runtime would read as a whole, in one line.
      writeFileSync(join(root, 'one'), 'z'.repeat(3_000_000))
      const one = await call('read', { path: 'one' })
      expect(one.text).toBe(`${'z'.repeat(2000)}... [line cut here]`)
      expect(one.value).toMatchObject({ truncated: true })
    })
  })

  it('numbers lines only on request', async () => {
    await withAgent(async (call) => {
      await call('write', { path: 'file', content: lines(3) })
      const numbered = await call('read', { path: 'file', offset: 2, lineNumbers: true })
      expect(numbered.text).toBe('2\tline 2\n3\tline 3\n\n[lines 2 to 4, the last]')
      expect((numbered.value as { text: string }).text).toBe('line 2\nline 3\n')
    })
  })

  it('says what it does not show', async () => {
    await withAgent(async (call, { root }) => {
      writeFileSync(join(root, 'image'), Buffer.from([137, 80, 0, 1]))
      const image = await call('read', { path: 'image' })
      expect(image).toMatchObject({ value: { binary: true, text: '' } })
      expect(image.text).toContain('no text')
      await call('write', { path: 'short', content: 'a' })
      expect((await call('read', { path: 'short', offset: 9 })).text).toContain('has 1 line:')
    })
  })

  it('keeps line ends as they are, so that an edit finds them', async () => {
    await withAgent(async (call, { root }) => {
      writeFileSync(join(root, 'dos'), 'a\r\nb\r\n')
      expect((await call('read', { path: 'dos' })).text).toBe('a\r\nb\r\n')
      await call('edit', { path: 'dos', oldText: 'a\r\nb', newText: 'c\r\nd' })
      expect(readFileSync(join(root, 'dos'), 'utf8')).toBe('c\r\nd\r\n')
    })
  })

  it('keeps its bounds on a runtime that keeps none', async () => {
    const file = lines(50)
    const all: Runtime = {
      name: 'boundless',
      root: '/',
      read: async ({ path, offset = 1 }) => {
        const rest = file.split('\n').slice(offset - 1)
        return { text: rest.join('\n'), path }
      },
    }
    const call = caller(all, { maxLines: 20 })
    const { text, value } = await call('read', { path: 'file' })
    expect(text).toContain('line 20\n\n[lines 1 to 20. Use offset=21 to continue]')
    expect(value).toMatchObject({ nextOffset: 21, truncated: true })
    expect((await call('read', { path: 'file', offset: 45 })).text).not.toContain('continue')
  })

  it('continues where a runtime says', async () => {
    const runtime: Runtime = {
      name: 'own',
      root: '/',
      read: async ({ path }) => ({ text: 'one\ntwo', path, nextOffset: 3 }),
    }
    const { text } = await caller(runtime)('read', { path: 'file' })
    expect(text).toBe('one\ntwo\n\n[lines 1 to 2. Use offset=3 to continue]')
  })
})

describe('grep and find for an agent', () => {
  const lay = ({ root }: Place) => {
    for (const folder of ['src', '.git', 'node_modules/x', 'src/node_modules']) {
      mkdirSync(join(root, folder), { recursive: true })
      writeFileSync(join(root, folder, 'file.js'), 'before\nneedle here\nafter\n')
    }
  }

  it('pass over .git and node_modules at any depth, unless one is asked for', async () => {
    await withAgent(async (call, place) => {
      lay(place)
      expect((await call('grep', { query: 'needle' })).text).toBe('src/file.js:2: needle here')
      expect((await call('find', {})).text).toBe('src\nsrc/file.js')
      // Those before it in order would have been all results.
      const one = await call('grep', { query: 'needle', maxResults: 1 })
      expect(one.text).toBe('src/file.js:2: needle here')
      expect((await call('find', { type: 'file', maxResults: 1 })).text).toBe('src/file.js')
      const path = 'node_modules/x'
      expect((await call('grep', { query: 'needle', path })).text).toContain(`${path}/file.js:2:`)
      expect((await call('find', { path })).text).toBe(`${path}/file.js`)
    })
  })

  it('pass over them also where the runtime does not', async () => {
    const paths = ['a', '.git/a', 'b/node_modules/c', 'node_modules']
    const runtime: Runtime = {
      name: 'other',
      root: '/',
      grep: async () => ({ hits: paths.map((path) => ({ path, line: 1, text: 'x'.repeat(600) })) }),
      find: async () => ({ paths }),
    }
    const call = caller(runtime)
    expect((await call('find', {})).text).toBe('a')
    expect((await call('grep', { query: 'x' })).text).toBe(`a:1: ${'x'.repeat(500)}...`)
    const none = caller(runtime, { exclude: [] })
    expect((await none('find', {})).text).toBe(paths.join('\n'))
  })

  it('show what stands around a hit, with its indentation', async () => {
    await withAgent(async (call, { root }) => {
      writeFileSync(join(root, 'f'), 'one\n  two\nthree\nfour\n  two\n')
      const { text } = await call('grep', { query: 'two', context: 1 })
      expect(text.split('\n')).toEqual([
        'f-1- one',
        'f:2:   two',
        'f-3- three',
        '--',
        'f-4- four',
        'f:5:   two',
      ])
    })
  })

  it('give files and counts', async () => {
    await withAgent(async (call, place) => {
      lay(place)
      const files = await call('grep', { query: 'e', mode: 'files' })
      expect(files).toMatchObject({ text: 'src/file.js', value: { files: ['src/file.js'] } })
      const counts = await call('grep', { query: '^[ab]', regex: true, mode: 'count' })
      expect(counts.text).toBe('src/file.js: 2')
    })
  })

  it('cut lines at 500 characters, and no line that has just as many', async () => {
    await withAgent(async (call, { root }) => {
      writeFileSync(join(root, 'exact'), `${'n'.repeat(500)}\n`)
      writeFileSync(join(root, 'more'), `${'n'.repeat(501)}\n`)
      const { text } = await call('grep', { query: 'nnn' })
      expect(text.split('\n')).toEqual([
        `exact:1: ${'n'.repeat(500)}`,
        `more:1: ${'n'.repeat(500)}...`,
      ])
    })
  })

  it('say when that is not all', async () => {
    await withAgent(
      async (call, { root }) => {
        writeFileSync(join(root, 'many'), lines(300))
        const few = await call('grep', { query: 'line', maxResults: 3 })
        expect(few.text).toMatch(
          /^(?:many:\d: line \d\n){3}\n\[there is more than this; narrow the search\]$/,
        )
        const wide = await call('grep', { query: 'line', maxResults: 300 })
        expect(Buffer.byteLength(wide.text)).toBeLessThan(1200)
        expect(wide.text).toContain('[there is more')
        expect((await call('grep', { query: 'absent' })).text).toBe('(no match)')
        for (let at = 0; at < 200; at++) writeFileSync(join(root, `file-number-${at}`), '')
        expect((await call('find', {})).text).toMatch(
          /\n\[the first \d+ of 201 are shown; narrow the search\]$/,
        )
        expect((await call('ls', {})).text).toMatch(/\[\d+ of 201 entries\]$/)
      },
      { maxBytes: 1024 },
    )
  })

  it('say which files were too large to be searched', async () => {
    await withAgent(async (call, { root }) => {
      writeFileSync(join(root, 'large'), 'x'.repeat(1_000_001))
      writeFileSync(join(root, 'image'), Buffer.from([0, 1]))
      const { text } = await call('grep', { query: 'x' })
      expect(text).toBe('(no match)\n\n[1 file not searched: 1 too large]')
    })
  })
})

describe('bash for an agent', () => {
  it('tells output, code and end apart', async () => {
    await withAgent(async (call) => {
      const failed = await call('bash', { command: 'echo out; echo err >&2; exit 3' })
      expect(failed).toMatchObject({ text: 'out\nerr\n\n[exit code 3]', value: { code: 3 } })
      expect(failed.isError).toBeUndefined()
      expect((await call('bash', { command: 'printf out; echo err >&2' })).text).toBe('out\nerr\n')
      expect((await call('bash', { command: 'true' })).text).toBe('[no output]')
      const late = await call('bash', { command: 'sleep 60', timeoutMs: 100 })
      expect(late).toMatchObject({
        text: 'Command timed out\n\n[exit code 124]',
        isError: true,
        value: { error: { code: 'TIMEOUT' } },
      })
    })
  })

  it('says where all of a long output is, and read finds it', async () => {
    await withAgent(async (call) => {
      const { text } = await call('bash', { command: 'seq 100000' })
      const path = /all of it is in (\S+)\]$/.exec(text)?.[1]
      expect((await call('read', { path, offset: 50_000, limit: 1 })).text).toMatch(/^50000\n/)
    })
  })

  it('says what the guard refused', async () => {
    await inWorkspace({ name: 'guarded-bash' }, async ({ runtime }) => {
      const { text, isError } = await caller(runtime)('bash', { command: 'rm -rf /' })
      expect(text).toMatch(/^Command blocked: /)
      expect(isError).toBe(true)
    })
  })
})

describe('what a model gives', () => {
  it.each([
    ['read', {}, 'read: it needs path'],
    ['edit', { path: 'x' }, 'edit: it needs oldText and newText'],
    ['read', { path: '' }, 'path must be a string that is not empty'],
    ['read', { path: 5 }, 'path must be a string that is not empty, not 5'],
    ['read', { path: 'x', offset: '1' }, 'offset must be a whole number of at least 1, not "1"'],
    ['read', { path: 'x', offset: 0 }, 'at least 1'],
    ['read', { path: 'x', limit: 1.5 }, 'a whole number'],
    ['read', { path: 'x', lineNumbers: 'yes' }, 'true or false'],
    ['grep', { query: 'x', context: 21 }, 'from 0 to 20'],
    ['grep', { query: 'x', mode: 'lines' }, '"content" or "files" or "count"'],
    ['read', { path: 'x', ofset: 1 }, 'no member "ofset" (did you mean offset?); it takes path'],
    ['read', { file_path: 'x' }, 'it takes path, offset, limit and lineNumbers'],
    ['read', { path: null }, 'path must be'],
    ['read', null, 'the input must be an object with path'],
    ['read', ['x'], 'the input must be an object'],
    ['read', '{"path":', 'the input must be an object'],
    ['bash', { command: 'a\0b' }, 'command'],
    ['read', { path: '../x' }, 'path escapes runtime root: ../x'],
    ['read', { path: 'none' }, 'none'],
    ['grep', { query: '(', regex: true }, 'regular expression'],
    ['edit', { path: 'f', oldText: 'zz', newText: '' }, 'text not found in f'],
    ['attach', { path: '../secret' }, 'escapes'],
  ] as const)('is answered where it is wrong: %s %j', async (name, input, hint) => {
    await withAgent(async (call, { root, outside }) => {
      writeFileSync(join(root, 'f'), 'text')
      writeFileSync(join(outside, 'secret'), 'secret')
      const result = await call(name, input)
      expect(result.isError).toBe(true)
      expect(result.text).toContain(hint)
      const { error } = result.value as { error: { code: string; message: string } }
      expect(error.message).toBe(result.text)
      expect(typeof error.code).toBe('string')
      expect(JSON.stringify(result)).not.toContain(outside)
    })
  })

  it('may be JSON text, and null where a member may be missing', async () => {
    await withAgent(async (call, { root }) => {
      writeFileSync(join(root, 'f'), 'text')
      expect((await call('read', '{"path":"f","offset":null,"limit":null}')).text).toBe('text')
      expect((await call('ls', '')).text).toBe('f (4 bytes)')
    })
  })
})

describe('a call that is given up', () => {
  it.each(['signal', 'abortSignal'])('ends by its %s', async (name) => {
    await withAgent(async (call) => {
      const late = await call('bash', { command: 'sleep 60' }, { [name]: AbortSignal.timeout(100) })
      expect(late).toMatchObject({ isError: true, value: { code: 130 } })
      const before = await call('ls', {}, { [name]: AbortSignal.abort(), toolCallId: 'other' })
      expect(before).toMatchObject({ isError: true, value: { error: { code: 'CANCELLED' } } })
    })
  })

  it('rejects only for what no model can mend', async () => {
    await withAgent(async (call, { runtime }) => {
      const wrong = await refusal(() => call('ls', {}, { signal: 5 }))
      expect(wrong.code).toBe('INVALID_ARGUMENT')
      await runtime.close()
      expect((await refusal(() => call('ls', {}))).code).toBe('DISPOSED')
    })
    const broken: Runtime = {
      name: 'broken',
      root: '/',
      ls: async () => {
        throw new Error('a fault of the provider')
      },
    }
    await expect(caller(broken)('ls', {})).rejects.toThrow('a fault of the provider')
    await expect(caller(broken)('ls', {})).rejects.not.toBeInstanceOf(RunletError)
  })
})

describe('operations of the tools', () => {
  it('take their turn as the chat that is named', async () => {
    const chats: unknown[] = []
    const provider = {
      get: ({ root }: { root: string }): Runtime => ({
        name: 'p',
        root,
        ls: async ({ chat }) => {
          chats.push(chat)
          return { entries: [] }
        },
      }),
    }
    const runtime = createRuntime({ root: '/tmp', provider })
    await caller(runtime, { chat: 'c7' })('ls', {})
    await caller(runtime)('ls', {})
    await caller(
      runtimeWithEvents(runtime, () => {}),
      { chat: 'c8' },
    )('ls', {})
    expect(chats).toEqual(['c7', undefined, 'c8'])
    await runtime.close()
  })
})

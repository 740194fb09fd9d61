import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { type BuiltInRuntime, RunletError } from 'runlet'
import { inWorkspace, RUNTIMES } from '../support'

const SECRET = 'nobody must read this'

/** Ways to name what lies outside, or what is no file to be read; `SECRET` is the host's path of it. */
const WAYS: Record<string, string> = {
  dots: '../beside/secret.txt',
  'many dots': '../../../../../../../../../../etc/passwd',
  'dots behind a folder': 'd/../../beside/secret.txt',
  'an absolute path': 'SECRET',
  'an absolute path, slashes doubled': '//SECRET',
  'a link': 'link',
  'a relative link': 'relative',
  'a chain of links': 'chain',
  'a link to a folder': 'folder/secret.txt',
  'a link through the system': 'system',
  'a link of itself': 'loop',
  'a link to nothing outside': 'nothing',
  'a hard link': 'hard',
  'a pipe': 'pipe',
  'a device': 'device',
  'a folder': 'd',
  'a file as a folder': 'f/x',
  NUL: 'a\0b',
  'a name that is too long': 'n'.repeat(4_096),
  'a path that is too long': 'n/'.repeat(3_000),
  'half a character': 'a\ud800',
}

function prepare(root: string, beside: string): void {
  const secret = join(beside, 'secret.txt')
  writeFileSync(secret, SECRET)
  mkdirSync(join(root, 'd'))
  writeFileSync(join(root, 'f'), 'x')
  symlinkSync(secret, join(root, 'link'))
  symlinkSync('../beside/secret.txt', join(root, 'relative'))
  symlinkSync('chain2', join(root, 'chain'))
  symlinkSync('link', join(root, 'chain2'))
  symlinkSync(beside, join(root, 'folder'))
  symlinkSync(`/proc/self/root${secret}`, join(root, 'system'))
  symlinkSync('loop', join(root, 'loop'))
  symlinkSync(join(beside, 'none'), join(root, 'nothing'))
  linkSync(secret, join(root, 'hard'))
  symlinkSync('/dev/zero', join(root, 'device'))
  execFileSync('mkfifo', [join(root, 'pipe')])
}

/** Every operation that names a file. */
const OPERATIONS: Record<string, (runtime: BuiltInRuntime, path: string) => Promise<unknown>> = {
  read: (runtime, path) => runtime.read({ path }),
  'read of a part': (runtime, path) => runtime.read({ path, offset: 1, limit: 1 }),
  write: (runtime, path) => runtime.write({ path, content: 'replaced' }),
  edit: (runtime, path) => runtime.edit({ path, oldText: 'nobody', newText: 'somebody' }),
  grep: (runtime, path) => runtime.grep({ query: 'nobody', path }),
  find: (runtime, path) => runtime.find({ path }),
  ls: (runtime, path) => runtime.ls({ path }),
  openGenerated: (runtime, path) => runtime.openGenerated({ path }),
  generated: (runtime, path) => runtime.generated({ since: 0, path }),
}

const REFUSED = /^(PERMISSION_DENIED|RUNTIME_ERROR|INVALID_ARGUMENT): /

/** What an operation came to, without what differs from one place to the next. */
async function outcome(work: () => Promise<unknown>, outside: string): Promise<string> {
  try {
    return JSON.stringify(await work()).replaceAll(outside.slice(1), '')
  } catch (error) {
    if (!(error instanceof RunletError)) throw error
    const { code, message, details, stack = '' } = error
    const told = message + JSON.stringify(details)
    // Where the caller wrote the path himself, it is no news to him.
    expect(told.replaceAll(join(outside, 'beside/secret.txt'), 'SECRET')).not.toContain(outside)
    expect(stack.slice(stack.indexOf('\n    at '))).not.toContain(outside)
    return `${code}: ${message}`.replaceAll(outside, '').slice(0, 200)
  }
}

describe('a path that leads out', () => {
  it('is refused in one way by every runtime', async () => {
    const seen = new Map<string, string>()
    const leaks: string[] = []
    for (const name of RUNTIMES) {
      await inWorkspace({ name }, async ({ runtime, root, outside }) => {
        await runtime.ls({})
        const beside = join(outside, 'beside')
        mkdirSync(beside)
        prepare(root, beside)
        for (const [way, path] of Object.entries(WAYS)) {
          const said = path.replace('SECRET', join(beside, 'secret.txt'))
          for (const [operation, work] of Object.entries(OPERATIONS)) {
            const came = await outcome(() => work(runtime, said), outside)
            const key = `${way}: ${operation}`
            // A hard link is another name of the file: who made it could read it.
            if (way !== 'a hard link' && came.includes(SECRET)) leaks.push(key)
            expect([key, came]).toEqual([key, seen.get(key) ?? came])
            seen.set(key, came)
          }
        }
        expect(readFileSync(join(beside, 'secret.txt'), 'utf8')).toBe(SECRET)
      })
    }
    expect(leaks).toEqual([])
    for (const way of Object.keys(WAYS)) {
      if (way === 'a folder') continue
      const refused = [...seen].filter(
        ([key, came]) => key.startsWith(`${way}: `) && REFUSED.test(came),
      )
      expect([way, refused.length > 0]).toEqual([way, true])
    }
    expect(seen.get('dots: read')).toBe(
      'PERMISSION_DENIED: path escapes runtime root: ../beside/secret.txt',
    )
    expect(seen.get('a pipe: read')).toBe('RUNTIME_ERROR: path is not a regular file: pipe')
    expect(seen.get('a link: write')).toBe(
      'PERMISSION_DENIED: path is a symbolic link that is not followed: link',
    )
    expect(seen.get('half a character: read')).toMatch(/^INVALID_ARGUMENT: path must be /)
  })
})

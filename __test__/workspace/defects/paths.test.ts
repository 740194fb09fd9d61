import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { localWorkspace, resolveScope, safeRoot } from 'runlet'
import { OlderFiles } from '../fixtures/older/files'
import { olderLocalWorkspace } from '../fixtures/older/local-workspace'
import { olderChannelPath, olderOverlaps } from '../fixtures/older/scopes'
import { freshFolder, inWorkspace, RUNTIMES, refusal } from '../support'

/** The message of what a function throws. */
function thrown(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return String(error)
  }
  throw new Error('nothing was thrown')
}

describe.each(RUNTIMES)('paths of %s', (name) => {
  it('D9: are named as the caller wrote them, never as the host has them', async () => {
    await inWorkspace({ name }, async ({ runtime, root, outside }) => {
      await runtime.ls({})
      expect(thrown(() => new OlderFiles(root).read({ path: 'none' }))).toContain(outside)
      for (const work of [
        () => runtime.read({ path: 'none' }),
        () => runtime.edit({ path: 'a/b', oldText: 'x', newText: 'y' }),
        () => runtime.ls({ path: 'none' }),
        () => runtime.grep({ query: 'x', path: 'none' }),
        () => runtime.find({ path: 'none' }),
      ]) {
        const { message, details, stack } = await refusal(work)
        expect(message).toMatch(/^path does not exist: /)
        expect(message + JSON.stringify(details)).not.toContain(outside)
        expect(stack).not.toContain(outside)
      }
    })
  })

  it('D11: are opened as they were checked', async () => {
    await inWorkspace({ name }, async ({ runtime, root, outside }) => {
      await runtime.write({ path: 'f', content: 'inside' })
      writeFileSync(join(outside, 'secret'), 'secret')
      // What happens between the check and the use, once and for sure.
      const checked = new OlderFiles(root).check('f')
      rmSync(join(root, 'f'))
      symlinkSync(join(outside, 'secret'), join(root, 'f'))
      expect(readFileSync(checked, 'utf8')).toBe('secret')
      for (const work of [
        () => runtime.read({ path: 'f' }),
        () => runtime.write({ path: 'f', content: 'x' }),
        () => runtime.edit({ path: 'f', oldText: 'secret', newText: 'x' }),
        () => runtime.grep({ path: 'f', query: 'secret' }),
        () => runtime.openGenerated({ path: 'f' }),
      ]) {
        expect((await refusal(work)).code).toBe('PERMISSION_DENIED')
      }
      expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret')
    })
  })
})

describe('paths of all runtimes', () => {
  it('D22: may begin with a slash, and never hold a NUL', async () => {
    for (const name of RUNTIMES) {
      await inWorkspace({ name }, async ({ runtime, root }) => {
        await runtime.write({ path: 'd/f', content: 'x' })
        expect(new OlderFiles(root).read({ path: '/d/f' }).text).toBe('x')
        const strict = new OlderFiles(root, { strict: true })
        expect(() => strict.read({ path: '/d/f' })).toThrow(/escapes/)
        expect(thrown(() => new OlderFiles(root).read({ path: 'a\0b' }))).not.toMatch(
          /^Error: path/,
        )
        expect((await runtime.read({ path: '/d/f' })).text).toBe('x')
        expect((await runtime.ls({ path: '/' })).entries.map(({ path }) => path)).toEqual(['d'])
        const error = await refusal(() => runtime.read({ path: 'a\0b' }))
        expect([error.code, error.message]).toEqual(['INVALID_ARGUMENT', 'path contains null byte'])
      })
    }
  })
})

describe('folders of scopes', () => {
  const origin = { agent: 'a', provider: 'slack', channel: 'C', actor: 'U' }
  const ours = (changes: object) => resolveScope({ ...origin, ...changes }).channel.path
  const theirs = (changes: object) => olderChannelPath({ ...origin, ...changes })

  it.each([
    [{ channel: 'a/b' }, { channel: 'a~2Fb' }],
    [{ channel: 'C' }, { team: 'none', channel: 'C' }],
  ])('D10: differ where scopes do: %j and %j', (one, other) => {
    expect(theirs(one)).toBe(theirs(other))
    expect(ours(one)).not.toBe(ours(other))
  })

  it('D10: do not lie in one another', () => {
    const parent = theirs({ team: 'T', channel: '..' })
    expect(theirs({ channel: 'C', team: 'T' }).startsWith(parent)).toBe(true)
    const odd = ours({ team: 'T', channel: '..' })
    expect(odd).toBe('channel/a/slack/T/~2E~2E')
    for (const channel of ['C', '.', '~', '', '~2E~2E']) {
      const path = ours({ team: 'T', channel })
      expect(`${path}/`.startsWith(`${odd}/`) || `${odd}/`.startsWith(`${path}/`)).toBe(false)
    }
  })
})

describe('files of the host', () => {
  it('D30: stay where a link is deleted, and the root always', async () => {
    for (const [path, lost] of [
      ['', 'root'],
      ['link', 'target'],
    ] as const) {
      const folder = freshFolder()
      const root = join(folder, 'root')
      const fresh = () => {
        rmSync(folder, { recursive: true, force: true })
        mkdirSync(root, { recursive: true })
        mkdirSync(join(root, 'target'))
        symlinkSync('target', join(root, 'link'))
      }
      const there = () => existsSync(lost === 'root' ? root : join(root, lost))
      fresh()
      olderLocalWorkspace(root).delete(path)
      expect(there()).toBe(false)
      fresh()
      const files = localWorkspace(root)
      if (path === '') await refusal(() => files.delete(path))
      else await files.delete(path)
      expect(there()).toBe(true)
      rmSync(folder, { recursive: true })
    }
  })

  it('D30: are listed beside a link that leads nowhere', async () => {
    const root = freshFolder()
    writeFileSync(join(root, 'f'), 'x')
    symlinkSync('nowhere', join(root, 'link'))
    expect(() => olderLocalWorkspace(root).list()).toThrow()
    const listed = await localWorkspace(root).list()
    expect(listed.map(({ path, type }) => [path, type])).toEqual([
      ['f', 'file'],
      ['link', 'other'],
    ])
    rmSync(root, { recursive: true })
  })
})

describe('a root that holds the application', () => {
  it('D32: is refused by whatever name it has', async () => {
    const folder = freshFolder()
    const app = join(folder, 'home/app')
    mkdirSync(app, { recursive: true })
    symlinkSync(join(folder, 'home'), join(folder, 'other'))
    for (const root of [join(folder, 'other'), join(folder, 'other/app')]) {
      expect(olderOverlaps(root, app)).toBe(false)
      const error = await refusal(() => safeRoot({ root, app }))
      expect(error.message).toBe('runtime root contains app directory')
    }
    // What is not there yet counts as what it will be.
    renameSync(app, `${app}2`)
    expect((await refusal(() => safeRoot({ root: join(folder, 'other'), app }))).code).toBe(
      'INVALID_ARGUMENT',
    )
    rmSync(folder, { recursive: true })
  })
})

import { describe, expect, it } from '@jest/globals'
import { comparePermissions } from 'runlet'

const added = (flag: string) => ({ flag, change: 'added' })
const removed = (flag: string) => ({ flag, change: 'removed' })

describe('a comparison of permissions', () => {
  it('tells by which rules the second set permits more, and by which less', () => {
    const before = ['--allow-read=./a', '--allow-env=APP_*', '--deny-read=./a/secret']
    const after = { read: ['./a/b', './c'], env: ['APP_KEY', 'HOME'] }
    expect(comparePermissions(before, after)).toEqual({
      wider: [
        added('--allow-env=HOME'),
        added('--allow-read=./c'),
        removed('--deny-read=./a/secret'),
      ],
      narrower: [removed('--allow-env=APP_*'), removed('--allow-read=./a')],
    })
  })

  it('finds no difference where there is none', () => {
    const none = { wider: [], narrower: [] }
    expect(comparePermissions([], {})).toEqual(none)
    expect(comparePermissions(['--allow-all'], ['-A', '--allow-read=/x'])).toEqual(none)
    expect(comparePermissions({ read: true }, ['--allow-read=*'])).toEqual(none)
  })

  it('reads relative paths below projectRoot', () => {
    const compare = (projectRoot: string) =>
      comparePermissions(['--allow-read=/p/a'], ['--allow-read=./a'], { projectRoot }).wider
    expect(compare('/p')).toEqual([])
    expect(compare('/q')).toEqual([added('--allow-read=./a')])
  })

  it.each([
    [
      () => comparePermissions(['--allow-ffi'], []),
      'before',
      'unknown permission flag "--allow-ffi"',
    ],
    [() => comparePermissions([], ['--allow-read=~']), 'after', '~'],
    [() => comparePermissions([], { raed: true } as never), 'after.raed', 'raed'],
    [() => comparePermissions('--allow-all' as never, []), 'before', 'array of flags'],
    [() => comparePermissions([], [], { root: '/' } as never), 'root', 'root'],
    [() => comparePermissions([], [], { projectRoot: 5 } as never), 'projectRoot', 'projectRoot'],
  ])('refuses what is no set: %#', (make, field, text) => {
    let thrown: unknown
    try {
      make()
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({ code: 'INVALID_ARGUMENT', details: { field } })
    expect((thrown as Error).message).toContain(text)
  })
})

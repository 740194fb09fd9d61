import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, relative } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals'
import { isBunAvailable, isNodeAvailable, ProcessError } from 'runlet'
import { root } from '../package/repository'
import { refusal } from './refused'

interface Found {
  type: string
  path: string
  version: { text: string; major: number; minor: number; patch: number }
}
const { findRuntime } = require(join(root, 'dist', 'tool', 'binary.js')) as {
  findRuntime(type: string, search: object): Found
}

const hostIsBun = process.versions.bun !== undefined
const packaged = findPackaged()
const PATH = process.env.PATH ?? ''
const base = realpathSync(mkdtempSync(join(tmpdir(), 'runlet-runtimes-')))
let folder = base
let count = 0

/** Without install scripts, the binary stays in the package of its platform. */
function findPackaged(): string {
  const modules = join(root, 'node_modules')
  const paths = ['bun/bin/bun.exe']
  if (existsSync(join(modules, '@oven'))) {
    paths.push(...readdirSync(join(modules, '@oven')).map((name) => `@oven/${name}/bin/bun`))
  }
  const isBinary = (path: string) => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 1e6
  const found = paths.map((path) => join(modules, path)).find(isBinary)
  if (found === undefined) throw new Error('the npm package `bun` has no binary here')
  return found
}

beforeEach(() => {
  folder = join(base, String(count++))
  mkdirSync(folder)
  process.env.PATH = PATH
})
afterAll(() => {
  process.env.PATH = PATH
  rmSync(base, { recursive: true, force: true })
})

/** Writes an executable file; gives its path. */
function write(name: string, content: string | Uint8Array, mode = 0o755): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  chmodSync(path, mode)
  return path
}

async function fault(type: string, search: object): Promise<string> {
  const error = await refusal(() => findRuntime(type, { projectRoot: folder, ...search }))
  expect(error.code).toBe('RUNTIME_NOT_FOUND')
  expect(error).toBeInstanceOf(ProcessError)
  expect(error).toMatchObject({ operation: 'check availability', details: { runtimeType: type } })
  expect(error.message).toMatch(/^runtime process check availability failed: /)
  return error.message
}

describe('a runtime that is there', () => {
  it('is the host itself when it is that runtime', () => {
    process.env.PATH = ''
    const type = hostIsBun ? 'bun' : 'node'
    const found = findRuntime(type, { projectRoot: folder })
    expect(found).toMatchObject({ type, path: realpathSync(process.execPath) })
    expect(found.version.text).toBe(hostIsBun ? process.versions.bun : process.versions.node)
    expect(hostIsBun ? isBunAvailable() : isNodeAvailable()).toBe(true)
  })

  it('is found in PATH, by its real path', () => {
    symlinkSync(packaged, join(folder, 'bun'))
    process.env.PATH = ['relative', '', join(folder, 'missing'), folder].join(delimiter)
    const found = findRuntime('bun', { projectRoot: base })
    if (!hostIsBun) expect(found.path).toBe(realpathSync(packaged))
    expect(found.version).toMatchObject({ major: 1, text: expect.stringMatching(/^1\.\d+\.\d+/) })
    expect(Object.isFrozen(found)).toBe(true)
  })

  it("is found in the npm package of a project, and in runlet's own", () => {
    process.env.PATH = ''
    const own = join(folder, 'node_modules', 'bun', 'bin')
    mkdirSync(own, { recursive: true })
    symlinkSync(packaged, join(own, 'bun.exe'))
    for (const projectRoot of [folder, base]) {
      const found = findRuntime('bun', { projectRoot })
      expect(found.path).toBe(realpathSync(hostIsBun ? process.execPath : packaged))
    }
    expect(isBunAvailable()).toBe(true)
  })

  it('is found in the npm package where install scripts are off', () => {
    process.env.PATH = ''
    const modules = join(folder, 'node_modules')
    mkdirSync(join(modules, 'bun', 'bin'), { recursive: true })
    writeFileSync(join(modules, 'bun', 'bin', 'bun.exe'), 'echo run the install script\n')
    const own = join(modules, '@oven', 'bun-any', 'bin')
    mkdirSync(own, { recursive: true })
    copyFileSync(packaged, join(own, 'bun'), constants.COPYFILE_FICLONE)
    chmodSync(join(own, 'bun'), 0o755)
    const found = findRuntime('bun', { projectRoot: folder })
    expect(found.path).toBe(hostIsBun ? realpathSync(process.execPath) : join(own, 'bun'))
  })

  it('is the one of the option, relative to the project', () => {
    symlinkSync(packaged, join(folder, 'mine'))
    const found = findRuntime('bun', { projectRoot: folder, bunPath: './mine' })
    expect(found.path).toBe(realpathSync(packaged))
  })

  it('is not taken from a relative folder in PATH', async () => {
    process.env.PATH = relative(process.cwd(), folder)
    if (hostIsBun) {
      write('node', '#!/bin/sh\n')
      expect(await fault('node', {})).toMatch(/node executable not found in PATH$/)
    } else {
      copyFileSync(packaged, join(folder, 'bun'), constants.COPYFILE_FICLONE)
      const found = findRuntime('bun', { projectRoot: folder })
      expect(found.path).toBe(realpathSync(packaged))
      process.env.PATH = folder
      expect(findRuntime('bun', { projectRoot: folder }).path).toBe(join(folder, 'bun'))
    }
  })

  it('is used although a shim stands before it', () => {
    write('bun', '#!/bin/sh\nexec bun "$@"\n')
    process.env.PATH = folder
    expect(findRuntime('bun', { projectRoot: folder }).version.major).toBe(1)
  })

  it('is asked for its version once for each state of its file', () => {
    if (process.platform === 'win32') return
    const { readVersion } = require(join(root, 'dist', 'tool', 'binary-version.js')) as {
      readVersion(type: string, path: string): { version?: { text: string } }
    }
    const script = write('counted', `#!/bin/sh\necho x >> ${folder}/asked\necho v22.1.0\n`)
    const texts = [1, 2, 3].map(() => readVersion('node', script).version?.text)
    expect(texts).toEqual(['22.1.0', '22.1.0', '22.1.0'])
    const { size } = require('node:fs').statSync(join(folder, 'asked')) as { size: number }
    expect(size).toBe(2)
    write('counted', '#!/bin/sh\necho v22.10.0\n')
    expect(readVersion('node', script).version?.text).toBe('22.10.0')
  })
})

describe('what is no runtime', () => {
  it.each([
    [
      'a shim',
      '#!/usr/bin/env bash\nexec mise x -- bun "$@"\n',
      /is a script \("#!\/usr\/bin\/env bash"\)/,
    ],
    ['an empty file', '', /is an empty file, not Bun itself: set bunPath/],
    ['a placeholder', 'Error: postinstall did not run\n', /is a text file, perhaps a placeholder/],
    ['other bytes', Uint8Array.of(1, 0, 2), /is no program/],
  ])('%s is named for what it is', async (_, content, text) => {
    const path = write('bun', content)
    const message = await fault('bun', { bunPath: path })
    expect(message).toContain(path)
    expect(message).toMatch(text)
  })

  it('includes programs of other systems', async () => {
    const head = process.platform === 'darwin' ? '7f454c46' : 'cffaedfe'
    const path = write('bun', Buffer.from(`${head}0000`, 'hex'))
    expect(await fault('bun', { bunPath: path })).toMatch(/is a program for (macOS|Linux)/)
  })

  it('includes a missing file, a folder, and a file that may not be executed', async () => {
    expect(await fault('bun', { bunPath: join(folder, 'nope') })).toContain('does not exist')
    expect(await fault('node', { nodePath: folder })).toContain(
      'is no regular file, not Node itself',
    )
    if (process.platform === 'win32') return
    copyFileSync(packaged, join(folder, 'plain'))
    chmodSync(join(folder, 'plain'), 0o644)
    expect(await fault('bun', { bunPath: join(folder, 'plain') })).toContain('may not be executed')
  })

  it('includes the other runtime', async () => {
    expect(await fault('node', { nodePath: packaged })).toMatch(
      /does not say that it is node.*printed/,
    )
  })

  it('is reported when there is nothing else', async () => {
    process.env.PATH = folder
    const type = hostIsBun ? 'node' : 'bun'
    if (type === 'node') {
      expect(await fault('node', {})).toMatch(/failed: node executable not found in PATH$/)
      write('node', '#!/bin/sh\n')
      expect(await fault('node', {})).toContain('is a script')
      expect(isNodeAvailable()).toBe(false)
    } else {
      // runlet's own folder has the package here, so Bun is found in any case.
      write('bun', '#!/bin/sh\n')
      expect(findRuntime('bun', { projectRoot: folder }).path).toBe(realpathSync(packaged))
    }
  })
})

describe('a version that is too old', () => {
  const { isRecent } = require(join(root, 'dist', 'tool', 'binary.js')) as {
    isRecent(type: string, version: { major: number; minor: number }): boolean
  }

  it.each([
    ['bun', 1, 3, false],
    ['bun', 1, 4, true],
    ['bun', 2, 0, true],
    ['bun', 0, 9, false],
    ['node', 19, 9, false],
    ['node', 20, 0, true],
    ['node', 26, 1, true],
  ])('%s %d.%d: %p', (type, major, minor, recent) => {
    expect(isRecent(type, { major, minor })).toBe(recent)
  })

  it('is named', async () => {
    const versions = require(join(root, 'dist', 'tool', 'binary-version.js')) as {
      readVersion(type: string, path: string): { version?: object; printed: string }
    }
    // No old program is at hand: a real file is judged, and only its answer is put in its mouth.
    const { readVersion } = versions
    const version = { major: 1, minor: 3, patch: 14, text: '1.3.14' }
    versions.readVersion = () => ({ version, printed: 'printed 1.3.14' })
    try {
      const message = await fault('bun', { bunPath: packaged })
      expect(message).toMatch(/is version 1\.3\.14: tools need Bun 1\.4 or later$/)
    } finally {
      versions.readVersion = readVersion
    }
  })

  it('is what the program prints, within five seconds', () => {
    if (process.platform === 'win32') return
    const { readVersion } = require(join(root, 'dist', 'tool', 'binary-version.js')) as {
      readVersion(type: string, path: string): { version?: { text: string }; printed: string }
    }
    const old = write('old', '#!/bin/sh\necho 1.3.14\n')
    expect(readVersion('bun', old).version?.text).toBe('1.3.14')
    expect(readVersion('node', old).printed).toBe('printed "1.3.14" and exited with 0')
    const silent = write('silent', '#!/bin/sh\nexec /bin/sleep 60\n')
    const started = Date.now()
    expect(readVersion('bun', silent).printed).toBe('was silent for 5000 ms')
    // Generous: only a wait for the program's own end, a minute later, breaks it.
    expect(Date.now() - started).toBeLessThan(30_000)
  })
})

import { spawnSync } from 'node:child_process'
import { describe, expect, it } from '@jest/globals'
import { filesBelow, read, root } from './repository'

/** What npm would pack, without packing it. */
function packedFiles(): string[] {
  const npm = spawnSync('npm', ['pack', '--json', '--dry-run', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  expect(npm.status).toBe(0)
  const answer: unknown = JSON.parse(npm.stdout)
  // npm 11 and older print a list; newer ones an object with the package's name as its key.
  const packs = (Array.isArray(answer) ? answer : Object.values(answer as object)) as {
    files: { path: string }[]
  }[]
  return packs.flatMap((pack) => pack.files.map((file) => file.path)).sort()
}

/** One script for each module of the face, except the one that is proof only. */
function scriptsOfTheFace(): string[] {
  return filesBelow('ts')
    .filter((file) => /\.m?ts$/.test(file) && !file.endsWith('.d.ts') && file !== 'conforms.ts')
    .map((file) => `dist/${file.replace(/ts$/, 'js')}`)
}

describe('the packed package', () => {
  it('holds the listed files and no other', () => {
    const listed = [
      'LICENSE',
      'README.md',
      'dist/native.cjs',
      'docker.d.ts',
      'testing.d.ts',
      'gondolin.d.ts',
      'heypi.d.ts',
      'index.d.ts',
      'package.json',
      ...scriptsOfTheFace(),
    ]
    expect(packedFiles()).toEqual(listed.sort())
  })

  it('starts its command with a line that names Node', () => {
    expect(read('dist/cli.js').split('\n')[0]).toBe('#!/usr/bin/env node')
  })
})

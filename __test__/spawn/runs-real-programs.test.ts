import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { sandboxedSpawn } from 'runlet'
import { programOf } from '../tool/plain-peer'
import { onGround, plain } from './support'

describe('programs as they are', () => {
  it.each(['bun', 'node'] as const)('%s -e', async (type) => {
    await onGround(async ({ inside, secret }) => {
      const code = `
        const { readFileSync, writeFileSync } = require('node:fs')
        const attempt = (work) => { try { return work() } catch (error) { return error.code } }
        writeFileSync('made.txt', 'text')
        console.log([1 + 1, attempt(() => readFileSync('made.txt', 'utf8')),
          attempt(() => readFileSync(process.argv[1], 'utf8').length)].join(' '))`
      const args = ['-e', code, secret]
      expect((await plain(programOf(type), args, inside)).stdout).toBe('2 text 21\n')
      const { stdout, exitCode } = await sandboxedSpawn(programOf(type), args, {
        cwd: inside,
        permissions: ['--allow-read=.', '--allow-write=.'],
      })
      expect([stdout, exitCode]).toEqual(['2 text EACCES\n', 0])
    })
  })

  it('git adds and commits in a repository', async () => {
    await onGround(async ({ inside }) => {
      // It changes permission bits while it makes one, which is refused in a sandbox.
      await plain('git', ['init', '-q', '.'], inside)
      writeFileSync(join(inside, 'a.txt'), 'a')
      const git = (...args: string[]) =>
        sandboxedSpawn('git', ['-c', 'maintenance.auto=false', '-c', 'gc.auto=0', ...args], {
          cwd: inside,
          permissions: ['--allow-read=.', '--allow-write=.', '--allow-run=git'],
          env: {
            GIT_AUTHOR_NAME: 'a',
            GIT_AUTHOR_EMAIL: 'a@example.test',
            GIT_COMMITTER_NAME: 'a',
            GIT_COMMITTER_EMAIL: 'a@example.test',
          },
        })
      expect(await git('add', 'a.txt')).toMatchObject({ exitCode: 0, stderr: '' })
      expect(await git('commit', '-qm', 'first')).toMatchObject({ exitCode: 0, stderr: '' })
      expect((await plain('git', ['log', '--format=%s'], inside)).stdout).toBe('first\n')
    })
  })

  it('tar packs and unpacks', async () => {
    await onGround(async ({ inside }) => {
      writeFileSync(join(inside, 'a.txt'), 'content')
      const options = { cwd: inside, permissions: ['--allow-read=.', '--allow-write=.'] }
      const packed = await sandboxedSpawn('tar', ['cf', 'all.tar', 'a.txt'], options)
      expect(packed).toMatchObject({ exitCode: 0, stderr: '' })
      writeFileSync(join(inside, 'a.txt'), '')
      // Times, owners and permission bits are not to be changed.
      const flags = ['--touch', '--no-same-owner', '--no-same-permissions']
      const unpacked = await sandboxedSpawn('tar', ['xf', 'all.tar', ...flags], options)
      expect(unpacked).toMatchObject({ exitCode: 0, stderr: '' })
      expect(readFileSync(join(inside, 'a.txt'), 'utf8')).toBe('content')
    })
  })

  it('a shell with pipes and loops', async () => {
    await onGround(async ({ inside }) => {
      const script = 'for word in b a; do echo $word; done | sort | tr a-z A-Z > sorted; cat sorted'
      const { stdout } = await sandboxedSpawn('sh', ['-c', script], {
        cwd: inside,
        permissions: ['--allow-read=.', '--allow-write=.', '--allow-run=sort,tr,cat'],
      })
      expect(stdout).toBe('A\nB\n')
    })
  })

  it('by a path below the folder, and by the name that it was called by', async () => {
    await onGround(async ({ inside }) => {
      writeFileSync(join(inside, 'greet'), '#!/bin/sh\necho "hello from $0"\n', { mode: 0o755 })
      const permissions = ['--allow-run=sh']
      const { stdout } = await sandboxedSpawn('./greet', [], { cwd: inside, permissions })
      expect(stdout).toMatch(/^hello from \S*greet\n$/)
      const shell = await sandboxedSpawn('sh', ['-c', 'echo $0'], { cwd: inside })
      expect(shell.stdout).toBe('sh\n')
    })
  })
})

describe('how a command ends', () => {
  it('is a result: exit code or signal', async () => {
    await onGround(async ({ inside }) => {
      const end = async (script: string) => {
        const { exitCode, signal } = await sandboxedSpawn('sh', ['-c', script], { cwd: inside })
        return [exitCode, signal]
      }
      expect(await end('exit 0')).toEqual([0, null])
      expect(await end('exit 42')).toEqual([42, null])
      expect(await end('kill -SEGV $$')).toEqual([null, 'SIGSEGV'])
    })
  })
})

import { chmodSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { type SandboxedSpawnOptions, sandboxedSpawn } from 'runlet'
import { rejection } from '../tool/support'
import { onGround } from './support'

/** Calls that TypeScript would not let pass. */
const loose = sandboxedSpawn as (...args: unknown[]) => Promise<unknown>

async function refused(...args: unknown[]): Promise<[string, unknown, string]> {
  const { code, details, message } = await rejection(loose(...args))
  return [code, details?.field, message]
}

describe('options', () => {
  it.each<[string, unknown, string]>([
    ['timeout', { timeout: 5 }, 'unknown option of sandboxedSpawn "timeout"'],
    ['limits.timeout', { limits: { timeout: 5 } }, 'did you mean "timeoutMs"'],
    ['limits.timeoutMs', { limits: { timeoutMs: -1 } }, 'must be a number from 1'],
    ['limits.maxProcesses', { limits: { maxProcesses: 0 } }, 'must be an integer from 1'],
    ['cwd', { cwd: './no-such-folder' }, 'cwd "./no-such-folder" does not exist'],
    ['cwd', { cwd: 'package.json' }, 'is not a folder'],
    ['env', { env: { NODE_OPTIONS: '--inspect' } }, 'NODE_OPTIONS'],
    ['env', { env: { LD_PRELOAD: 'x.so' } }, 'LD_PRELOAD'],
    ['env.A', { env: { A: 'x\ny' } }, 'env.A must be'],
    ['input', { input: 5 }, 'input must be a string, an ArrayBuffer'],
    ['signal', { signal: {} }, 'signal must be an AbortSignal'],
    ['enforcement', { enforcement: 'maybe' }, "'require' or 'best-effort'"],
    ['onOutput', { onOutput: true }, 'onOutput must be a function'],
    ['permissions', { permissions: ['--allow-everything'] }, 'unknown permission flag'],
    ['permissions.reads', { permissions: { reads: true } }, 'did you mean "read"'],
    ['permissions', { permissions: ['--allow-read=./none'] }, '--allow-read=./none: there is no'],
    ['options', 5, 'options must be an object'],
  ])('are refused by name: %s', async (field, options, text) => {
    const [code, named, message] = await refused('true', [], options)
    expect([code, named]).toEqual(['INVALID_ARGUMENT', field])
    expect(message).toContain(text)
  })

  it('are refused where nobody may have what they ask for', async () => {
    const [code, , message] = await refused('true', [], { permissions: ['--allow-env=LD_PRELOAD'] })
    expect(code).toBe('POLICY_VIOLATION')
    expect(message).toContain('LD_PRELOAD')
  })

  it('are refused where this machine cannot keep them', async () => {
    await onGround(async ({ inside }) => {
      writeFileSync(join(inside, 'kept'), '')
      const permissions = ['--allow-write=.', '--deny-write=./kept']
      const [code, field, message] = await refused('true', [], { cwd: inside, permissions })
      expect([code, field]).toEqual(['POLICY_UNENFORCEABLE', 'permissions'])
      expect(message).toContain('--deny-write=./kept: it lies inside ., which may be written')
    })
  })

  it('about addresses are refused by name', async () => {
    const resolver = { hosts: { 'db.test': ['not an address'] } }
    const [code, , message] = await refused('true', [], { resolver })
    expect(code).toBe('INVALID_ARGUMENT')
    expect(message).toContain('resolver.hosts["db.test"]')
  })
})

describe('arguments', () => {
  it.each<[string, unknown, string]>([
    ['args', 'one two', 'args must be an array of strings'],
    ['args', { cwd: '/' }, 'args must be an array of strings'],
    ['args[1]', ['a', 5], 'args[1] must be a string'],
    ['args[0]', ['a\0b'], 'args[0] must be a string'],
    ['args[0]', ['\ud800'], 'args[0] must be a string'],
  ])('are refused by their place: %s', async (field, args, text) => {
    const [code, named, message] = await refused('true', args)
    expect([code, named]).toEqual(['INVALID_ARGUMENT', field])
    expect(message).toContain(text)
  })

  it('that are too large for the system are refused', async () => {
    const [code, field] = await refused('true', ['x'.repeat(1024 * 1024)])
    expect([code, field]).toEqual(['INVALID_ARGUMENT', 'args'])
  })

  it('reach the program as they are: no shell sees them', async () => {
    const args = ['%s|', '$HOME', '; echo x', '*', 'a b', '', '"', 'grüße\n']
    const { stdout } = await sandboxedSpawn('printf', args)
    expect(stdout).toBe('$HOME|; echo x|*|a b||"|grüße\n|')
  })
})

describe('a command', () => {
  it.each<[string, string]>([
    ['no-such-program', 'there is no such program in the PATH that it would get'],
    ['./no-such-program', 'there is no such file'],
    ['./folder/', 'it is no file'],
    ['./text', 'it is not executable'],
  ])('that is not there is named as it was written: %s', async (command, problem) => {
    await onGround(async ({ inside }) => {
      writeFileSync(join(inside, 'text'), 'x', { mode: 0o644 })
      const target = command === './folder/' ? '../inside/' : command
      const { code, details, message } = await rejection(loose(target, [], { cwd: inside }))
      expect([code, details?.field]).toEqual(['INVALID_ARGUMENT', 'command'])
      expect(message).toBe(`command "${target}": ${problem}`)
      expect(JSON.stringify({ message, details })).not.toContain(dirname(inside))
    })
  })

  it.each([['', 5, undefined, null, 'a\0b', 'a\nb']].flat())('is a name: %p', async (command) => {
    const [code, field] = await refused(command)
    expect([code, field]).toEqual(['INVALID_ARGUMENT', 'command'])
  })

  it('that is no program is told from one that is not there', async () => {
    await onGround(async ({ inside }) => {
      writeFileSync(join(inside, 'odd'), 'just text')
      chmodSync(join(inside, 'odd'), 0o755)
      const { code, details, message } = await rejection(loose('./odd', [], { cwd: inside }))
      expect([code, details?.field]).toEqual(['INVALID_ARGUMENT', 'command'])
      expect(message).toBe(
        'command "./odd" was not started: it is no program that this system runs',
      )
    })
  })

  it('that is a script says which programs run it', async () => {
    await onGround(async ({ inside }) => {
      const script = (name: string, line: string) =>
        writeFileSync(join(inside, name), `${line}\n`, { mode: 0o755 })
      script('plain', '#!/bin/sh')
      script('looked-up', '#!/bin/env -S sh')
      const attempt = (command: string, options: SandboxedSpawnOptions = {}) =>
        refused(command, [], { cwd: inside, ...options })
      const [code, field, message] = await attempt('./plain')
      expect([code, field]).toEqual(['INVALID_ARGUMENT', 'permissions'])
      expect(message).toMatch(/^command "\.\/plain" is a script: .*--allow-run=\/bin\/sh$/)
      expect((await attempt('./looked-up'))[2]).toMatch(/--allow-run=\/bin\/env,sh$/)
      const half = await attempt('./looked-up', { permissions: ['--allow-run=env'] })
      expect(half[2]).toMatch(/--allow-run=sh$/)
    })
  })
})

import { describe, expect, it } from '@jest/globals'
import * as subpath from 'runlet/docker'
import { refusal } from './support'

const { dockerRuntime } = subpath

describe('the subpath', () => {
  it('exports one function', () => {
    const names = Object.keys(subpath).filter((name) => !['default', '__esModule'].includes(name))
    expect(names).toEqual(['dockerRuntime'])
    expect(Object.keys(dockerRuntime()).sort()).toEqual(
      ['get', 'setLogger', 'status', 'stop', 'restart', 'cleanup', 'close'].sort(),
    )
  })
})

describe('an option of dockerRuntime', () => {
  const wrong: [string, unknown][] = [
    ['image', ''],
    ['image', '-it'],
    ['image', 'a b'],
    ['docker', 7],
    ['docker', ''],
    ['prefix', 'a/b'],
    ['prefix', '-a'],
    ['workdir', 'workspace'],
    ['workdir', '/'],
    ['workdir', '/a/../b'],
    ['workdir', '/a:b'],
    ['network', '--privileged'],
    ['network', ''],
    ['env', ['A=b']],
    ['env.A', { A: 7 }],
    ['labels.a', { a: 7 }],
    ['labels["a b"]', { 'a b': 'x' }],
    ['labels["runlet.owner"]', { 'runlet.owner': 'x' }],
    ['user', true],
    ['user', '-u'],
    ['extraRunArgs', '--privileged'],
    ['extraRunArgs[1]', ['--dns', 7]],
    ['extraRunArgs[0]', ['--pid=host']],
    ['extraRunArgs[0]', ['alpine']],
    ['extraRunArgs[1]', ['-l', 'runlet.prefix=x']],
    ['extraRunArgs[0]', ['--label=heypi.owner=x']],
    ['extraRunArgs[1]', ['--x', '--name']],
    ['timeoutMs', 0],
    ['timeoutMs', '5'],
    ['startTimeoutMs', -1],
    ['idleMs', Number.NaN],
    ['idleMs', true],
    ['idleMs', 2 ** 31],
    ['limits.maxFileBytes', { maxFileBytes: 0 }],
    ['oversize', 'maybe'],
    ['background', 'no'],
    ['files', true],
    ['pull', 'yes'],
    ['orphanSweep', 1],
    ['memoryLimitBytes', 100],
    ['memoryLimitBytes', '1g'],
    ['pidsLimit', -1],
    ['pidsLimit', 1.5],
    ['cpus', 0.001],
    ['cpus', Number.NaN],
    ['tmpfsBytes', 1],
    ['readOnlyRoot', 'yes'],
    ['logDriver', '--x'],
    ['runner', {}],
  ]

  it.each(wrong)('%s is refused as %j', async (field, value) => {
    const [name = ''] = field.split(/[.[]/)
    const error = await refusal(() => dockerRuntime({ [name]: value }))
    expect([error.code, error.details?.field]).toEqual(['INVALID_ARGUMENT', field])
    expect(typeof error.details?.accepted).toBe('string')
  })

  it('that is unknown is refused, and the one that was meant is named', async () => {
    const error = await refusal(() => dockerRuntime({ memoryLimit: 1 } as object))
    expect(error.message).toMatch(
      /unknown option of dockerRuntime "memoryLimit", did you mean "memoryLimitBytes"\?/,
    )
    for (const config of [7, null, 'x', []]) {
      expect((await refusal(() => dockerRuntime(config as object))).code).toBe('INVALID_ARGUMENT')
    }
  })

  it('may be undefined', () => {
    expect(() => dockerRuntime({ image: undefined, user: undefined })).not.toThrow()
  })

  it.each([
    [{ 'A-B': 'x' }, 'invalid Docker env key: A-B'],
    [{ '1A': 'x' }, 'invalid Docker env key: 1A'],
    [{ '': 'x' }, 'invalid Docker env key: '],
    [{ A: 'x\ny' }, 'Docker env value contains unsupported newline or null byte: A'],
    [{ A: 'x\ry' }, 'Docker env value contains unsupported newline or null byte: A'],
    [{ A: 'x\0y' }, 'Docker env value contains unsupported newline or null byte: A'],
    [{ A: 'x'.repeat(60_001) }, 'Docker env value is longer than 60000 bytes: A'],
  ])('env is refused without being shown', async (env, message) => {
    const error = await refusal(() => dockerRuntime({ env }))
    expect([error.code, error.message]).toEqual(['INVALID_ARGUMENT', message])
    expect(JSON.stringify(error)).not.toMatch(/x.?y|xxxx/)
  })

  it('timeoutMs goes up to maxTimeoutMs', async () => {
    const error = await refusal(() => dockerRuntime({ timeoutMs: 10, maxTimeoutMs: 5 }))
    expect(error.details?.field).toBe('timeoutMs')
    expect(() => dockerRuntime({ timeoutMs: 3_600_000 })).not.toThrow()
  })
})

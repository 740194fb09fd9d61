import { describe, expect, it } from '@jest/globals'
import {
  createRuntime,
  isRuntimeStartupError,
  isRuntimeStartupErrorText,
  RUNTIME_STARTUP_ERROR_KIND,
  type RuntimeProvider,
  RuntimeStartupError,
} from 'runlet'
import { freshFolder } from './support'

/** Of somebody who never heard of this package. */
class StartupFailure extends Error {
  override name = 'RuntimeStartupError'
}

/** A provider whose machines never start. */
const broken = {
  get: ({ root }: { root: string }) => ({
    name: 'foreign',
    root,
    bash: async (): Promise<never> => {
      throw new StartupFailure('foreign runtime failed to start: no image')
    },
  }),
}

describe('a start that fails', () => {
  it('is the error that the provider gave', async () => {
    const provider = broken
    const runtime = createRuntime({ root: freshFolder(), provider: provider as RuntimeProvider })
    const error: unknown = await runtime.bash?.({ command: 'x' }).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(StartupFailure)
    expect(isRuntimeStartupError(error)).toBe(true)
  })

  it('has one class, known by its name as well', () => {
    const cause = new Error('why')
    const error = new RuntimeStartupError('Docker runtime failed to start', { cause })
    expect(error).toMatchObject({
      name: 'RuntimeStartupError',
      code: 'runtime_startup_failed',
      runletCode: 'RUNTIME_NOT_FOUND',
      message: 'Docker runtime failed to start',
    })
    expect(error.cause).toBe(cause)
    expect(error.code).toBe(RUNTIME_STARTUP_ERROR_KIND)
    expect(isRuntimeStartupError(error)).toBe(true)
    expect(isRuntimeStartupError(new Error('Docker runtime failed to start'))).toBe(false)
    for (const other of [undefined, null, 'x', {}, { name: 'RuntimeStartupError' }]) {
      expect(isRuntimeStartupError(other)).toBe(false)
    }
  })

  it('is known by its text', () => {
    expect(isRuntimeStartupErrorText('x: Docker RUNTIME failed to start: no image')).toBe(true)
    expect(isRuntimeStartupErrorText('runtime failed to stop')).toBe(false)
    expect(isRuntimeStartupErrorText(undefined)).toBe(false)
  })
})

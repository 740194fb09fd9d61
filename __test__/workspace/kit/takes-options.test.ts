import { readdirSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { createRuntime, type RuntimeProvider } from 'runlet'
import { caseNames, describeRuntimeProvider, testRuntimeProvider } from 'runlet/testing'
import { freshFolder, Listener, refusal } from '../support'
import { builtIn } from './support'

const MINUTE = 60_000

describe('the kit', () => {
  it('has names of one form, each once', () => {
    const names = caseNames()
    expect(new Set(names).size).toBe(names.length)
    expect(names.filter((name) => !/^[a-z]+\/[a-z0-9-]+$/.test(name))).toEqual([])
  })

  it('tells of every case, and leaves nothing in its folder', async () => {
    const root = freshFolder()
    const skip = { 'get/scopes-apart': 'not now' }
    const only = ['get/runtime', 'get/scopes-apart', 'start/failure', 'edit/result']
    const result = await testRuntimeProvider(builtIn({ name: 'host-bash' }), { root, skip, only })
    expect(result).toEqual({
      passed: ['get/runtime', 'edit/result'],
      failed: [],
      skipped: [
        { case: 'get/scopes-apart', reason: 'not now' },
        { case: 'start/failure', reason: 'the option failing is not given' },
      ],
    })
    expect(readdirSync(root)).toEqual([])
  })

  it(
    'tries a runtime alone, leaves out what is about scopes, and does not close it',
    async () => {
      const runtime = createRuntime({
        root: freshFolder(),
        name: 'host-bash',
        logger: new Listener(),
      })
      const only = ['get/runtime', 'bash/result', 'escape/parent', 'queue/order', 'close/for-ever']
      const { passed, failed, skipped } = await testRuntimeProvider(runtime, {
        root: freshFolder(),
        only,
      })
      const reason = 'this is a runtime alone, not a provider'
      expect([passed, failed]).toEqual([['bash/result', 'escape/parent'], []])
      expect(skipped).toEqual(
        ['get/runtime', 'queue/order', 'close/for-ever'].map((name) => ({ case: name, reason })),
      )
      expect((await runtime.bash({ command: 'exit 5' })).code).toBe(5)
      await runtime.close()
    },
    MINUTE,
  )

  it('leaves out what a provider does not offer, and says so', async () => {
    const provider: RuntimeProvider = {
      get: ({ root }) => ({
        name: 'parrot',
        root,
        bash: async () => ({ code: 0, out: '', err: '', ms: 0 }),
      }),
    }
    const only = ['read/result', 'stop/unknown', 'read/no-text', 'bash/exit-codes']
    const { failed, skipped } = await testRuntimeProvider(provider, { root: freshFolder(), only })
    expect(skipped).toEqual([
      { case: 'read/result', reason: 'the runtime has no read' },
      { case: 'read/no-text', reason: 'the folder of a scope is not a folder of this machine' },
      { case: 'stop/unknown', reason: 'the provider has no stop' },
    ])
    expect(failed).toEqual([{ case: 'bash/exit-codes', reason: 'code of exit 1 is 0, not 1' }])
  })

  it('gives up on what hangs', async () => {
    const provider: RuntimeProvider = {
      get: ({ root }) => ({ name: 'hung', root, read: () => new Promise(() => {}) }),
    }
    const result = await testRuntimeProvider(provider, {
      root: freshFolder(),
      only: ['read/missing'],
      caseTimeoutMs: 1_000,
    })
    const reason = 'nothing came of it for 1000 ms'
    expect(result.failed).toEqual([{ case: 'read/missing', reason }])
  })

  it.each([
    [{ root: '' }, 'root'],
    [{ skip: { 'edit/literal-new': 'x' } }, 'skip'],
    [{ skip: { 'edit/result': '' } }, "skip['edit/result']"],
    [{ only: ['nothing'] }, 'only'],
    [{ failing: {} }, 'failing'],
    [{ idling: { provider: { get() {} }, idleMs: 1 } }, 'idling'],
    [{ skipped: {} }, 'skipped'],
  ])('refuses %j', async (options, field) => {
    const given = { root: '/nowhere', ...options } as never
    const error = await refusal(() => testRuntimeProvider(builtIn({}), given))
    expect([error.code, error.details?.field]).toEqual(['INVALID_ARGUMENT', field])
  })

  it('says which case was meant', async () => {
    const options = { root: '/nowhere', skip: { 'edit/reslt': 'x' } }
    const error = await refusal(() => testRuntimeProvider(builtIn({}), options))
    expect(error.message).toContain('did you mean "edit/result"?')
  })

  it('makes a test of each case with the functions that it is given', async () => {
    const told: string[] = []
    const bodies: [string, () => Promise<void>][] = []
    let end = async () => {}
    const provider = builtIn({ name: 'host-bash' })
    describeRuntimeProvider('mine', () => provider, {
      describe: (name, body) => {
        told.push(name)
        body()
      },
      it: (name, body) => bodies.push([name, body]),
      afterAll: (body) => {
        end = body
      },
      onSkip: (name, reason) => told.push(`${name}: ${reason}`),
      root: freshFolder(),
      only: ['bash/result', 'events/stop', 'get/runtime'],
      skip: { 'get/runtime': 'not now' },
    })
    expect(bodies.map(([name]) => name.split(':')[0])).toEqual([
      'get/runtime',
      'bash/result',
      'events/stop',
    ])
    const results = await Promise.allSettled(bodies.map(([, body]) => body()))
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect(told).toEqual(['mine', 'get/runtime: not now'])
    await end()
    const options = { root: '/nowhere', describe, it } as never
    const error = await refusal(() => describeRuntimeProvider('x', () => provider, options))
    expect(error.details?.field).toBe('afterAll')
  })
})

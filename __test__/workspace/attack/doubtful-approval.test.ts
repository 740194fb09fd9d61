import { describe, expect, it } from '@jest/globals'
import type { ApprovalGrant, ApprovalRequest, GuardOptions } from 'runlet'
import { inWorkspace, type Place } from '../support'

/** Needs approval by a built-in rule, and leaves a trace if it runs. */
const RISKY = 'touch ran; chmod -R 700 .'

const never = new Promise<never>(() => {})

/** Answers that are no yes. */
const ANSWERS: Record<string, GuardOptions['onApproval']> = {
  'there is no hook': undefined,
  false: () => false,
  'false, later': async () => false,
  nothing: (() => undefined) as never,
  'a text': (() => 'true') as never,
  'the number one': (() => 1) as never,
  'an object of true': (() => Object(true)) as never,
  'an object': (() => ({ approved: true })) as never,
  'a throw': () => {
    throw new Error('of the hook')
  },
  'a rejection': () => Promise.reject(new Error('of the hook')),
  'a rejection of nothing': () => Promise.reject(),
  'no answer': () => never,
  'what never settles': (() => Object.defineProperty({}, 'then', { value: () => {} })) as never,
  'a trap': (() =>
    Object.defineProperty({}, 'then', {
      get() {
        throw new Error('of the trap')
      },
    })) as never,
  'a request that it changed': (request) => {
    Object.assign(request, { command: 'true', reason: 'harmless' })
    Object.assign(request.analysis, { risk: 'allow' })
    return false
  },
}

async function refused({ runtime, has }: Place, command = RISKY, approved?: ApprovalGrant) {
  const { code, out, error } = await runtime.bash({ command, approved })
  expect([code, out, error?.code, has('ran')]).toEqual([126, '', 'POLICY_VIOLATION', false])
  return error?.details?.reason
}

describe('an answer that is no yes', () => {
  it.each(Object.entries(ANSWERS))('lets nothing run: %s', async (what, onApproval) => {
    const guard = { onApproval, approvalTimeoutMs: 100 }
    for (const name of ['guarded-bash', 'just-bash']) {
      await inWorkspace({ name, guard }, async (place) => {
        await place.runtime.ls({})
        const reason = what === 'there is no hook' ? 'approval_required' : 'denied'
        expect(await refused(place)).toBe(reason)
      })
    }
  })

  it('lets run what was asked about, whatever the hook makes of the question', async () => {
    const onApproval = (request: ApprovalRequest) => {
      Object.assign(request, { command: 'touch other' })
      return true
    }
    await inWorkspace({ name: 'guarded-bash', guard: { onApproval } }, async ({ runtime, has }) => {
      expect((await runtime.bash({ command: RISKY })).code).toBe(0)
      expect([has('ran'), has('other')]).toEqual([true, false])
    })
  })

  it('comes too late after its time, or after an abort', async () => {
    let answer: ((yes: boolean) => void) | undefined
    const onApproval = () =>
      new Promise<boolean>((resolve) => {
        answer = resolve
      })
    const guard = { onApproval, approvalTimeoutMs: 50 }
    await inWorkspace({ name: 'guarded-bash', guard }, async (place) => {
      await refused(place)
      answer?.(true)
      const abort = new AbortController()
      const pending = place.runtime.bash({ command: RISKY, signal: abort.signal })
      setTimeout(() => {
        abort.abort()
        answer?.(true)
      }, 10)
      expect((await pending).code).toBe(130)
      expect(place.has('ran')).toBe(false)
    })
  })

  it('may ask the runtime itself, in another chat', async () => {
    const onApproval = async () => (await ask?.()) === 'yes\n'
    let ask: (() => Promise<string>) | undefined
    const options = { name: 'guarded-bash', guard: { onApproval }, maxConcurrent: 1 }
    await inWorkspace(options, async ({ runtime, has }) => {
      ask = async () => (await runtime.bash({ command: 'echo yes', chat: 'other' })).out
      expect((await runtime.bash({ command: RISKY })).code).toBe(0)
      expect(has('ran')).toBe(true)
    })
  })
})

describe('a grant', () => {
  it('is good for one of many calls at once', async () => {
    const options = { name: 'guarded-bash', maxConcurrentPerChat: 8 }
    await inWorkspace(options, async ({ runtime }) => {
      const approved = runtime.guard?.grant('echo x >> ran; chmod -R 700 .')
      const command = 'echo x >> ran; chmod -R 700 .'
      const calls = Array.from({ length: 8 }, () => runtime.bash({ command, approved }))
      const codes = (await Promise.all(calls)).map(({ code }) => code)
      expect(codes.filter((code) => code === 0)).toHaveLength(1)
      expect((await runtime.read({ path: 'ran' })).text).toBe('x\n')
    })
  })

  it('is not forged, nor changed', async () => {
    await inWorkspace({ name: 'guarded-bash' }, async (place) => {
      await place.runtime.ls({})
      const real = place.runtime.guard?.grant('true')
      expect(() => Object.assign(real ?? {}, { command: RISKY })).toThrow(TypeError)
      const forged = [
        { command: RISKY },
        Object.create(real ?? null, { command: { value: RISKY } }),
        new Proxy(real ?? {}, { get: () => RISKY }),
        { ...real, command: RISKY },
        RISKY,
        true,
      ]
      for (const approved of forged) await refused(place, RISKY, approved as ApprovalGrant)
      // Another text that looks the same.
      const grant = place.runtime.guard?.grant(RISKY)
      await refused(place, RISKY.replace('touch', 'touch\t'), grant)
      expect((await place.runtime.bash({ command: RISKY, approved: grant })).code).toBe(0)
    })
  })

  it('outlives no stop of its runtime as a second chance', async () => {
    await inWorkspace({ name: 'guarded-bash' }, async (place) => {
      const grant = place.runtime.guard?.grant(RISKY)
      expect((await place.runtime.bash({ command: RISKY, approved: grant })).code).toBe(0)
      await place.runtime.bash({ command: 'rm ran' })
      await place.runtime.stop()
      await refused(place, RISKY, grant)
    })
  })
})

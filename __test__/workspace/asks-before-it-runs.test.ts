import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import {
  type ApprovalRequest,
  analyzeCommand,
  classifyCommand,
  commandApproval,
  type GuardOptions,
} from 'runlet'
import { inWorkspace, refusal } from './support'

/** Needs approval by a built-in rule, and leaves a trace if it runs. */
const RISKY = 'touch ran; chmod -R 700 sub'

/** What a guarded command came to, and whether anything of it ran. */
function guarded(guard: GuardOptions, command = RISKY) {
  return inWorkspace({ name: 'guarded-bash', guard }, async ({ runtime, has }) => {
    await runtime.bash({ command: 'mkdir sub' })
    const result = await runtime.bash({ command })
    return { result, ran: has('ran') }
  })
}

describe('a command that needs approval', () => {
  it('runs once somebody said yes, who was asked once for the very text', async () => {
    const asked: ApprovalRequest[] = []
    const { result, ran } = await guarded({
      onApproval: (request) => asked.push(request) === 1,
    })
    expect([result.code, ran]).toEqual([0, true])
    expect(result.guard).toEqual({ risk: 'approval', reason: expect.any(String), approved: true })
    expect(asked).toHaveLength(1)
    expect(asked[0]).toMatchObject({
      command: RISKY,
      reason: result.guard?.reason,
      runtime: 'guarded-bash',
      chat: 'app',
      scope: { path: 'app' },
      analysis: { risk: 'approval' },
    })
  })

  const refusals: [string, GuardOptions, string][] = [
    ['nobody is there to ask', {}, 'approval_required'],
    ['the answer is no', { onApproval: () => false }, 'denied'],
    ['the answer is a late no', { onApproval: async () => sleep(20, false) }, 'denied'],
    ['the answer is no boolean', { onApproval: (() => 'yes') as never }, 'denied'],
    [
      'the question throws',
      {
        onApproval: () => {
          throw new Error('of the hook')
        },
      },
      'denied',
    ],
    ['the question rejects', { onApproval: () => Promise.reject(new Error('no')) }, 'denied'],
    [
      'the answer never comes',
      { onApproval: () => new Promise<boolean>(() => {}), approvalTimeoutMs: 50 },
      'denied',
    ],
  ]
  it.each(refusals)('does not run when %s', async (_, guard, reason) => {
    const { result, ran } = await guarded(guard)
    expect([result.code, ran]).toEqual([126, false])
    expect(result.err).toBe(`Command not approved: ${result.guard?.reason}`)
    expect(result.error).toMatchObject({ code: 'POLICY_VIOLATION', details: { reason } })
    expect(result.guard?.approved).toBe(false)
  })

  it('is 130 when it is aborted while somebody thinks', async () => {
    const abort = new AbortController()
    const guard: GuardOptions = {
      onApproval: () => {
        abort.abort()
        return new Promise(() => {})
      },
    }
    await inWorkspace({ name: 'guarded-bash', guard }, async ({ runtime, has }) => {
      const { code, error } = await runtime.bash({ command: RISKY, signal: abort.signal })
      expect([code, error?.code, has('ran')]).toEqual([130, 'CANCELLED', false])
    })
  })

  it('holds up its own chat alone while somebody thinks', async () => {
    let answer: ((yes: boolean) => void) | undefined
    const onApproval = () =>
      new Promise<boolean>((resolve) => {
        answer = resolve
      })
    const options = { name: 'guarded-bash', guard: { onApproval }, maxConcurrent: 1 }
    await inWorkspace(options, async ({ runtime }) => {
      const order: string[] = []
      const asking = runtime.bash({ command: 'mkdir sub; chmod -R 700 sub', chat: 'a' })
      const behind = runtime.bash({ command: 'true', chat: 'a' }).then(() => order.push('behind'))
      await runtime.bash({ command: 'true', chat: 'b' }).then(() => order.push('other chat'))
      answer?.(true)
      expect((await asking).code).toBe(0)
      await behind
      expect(order).toEqual(['other chat', 'behind'])
    })
  })
})

describe('a grant', () => {
  it('lets its text run once, without asking', async () => {
    await inWorkspace({ name: 'guarded-bash' }, async ({ runtime, has }) => {
      const { guard } = runtime
      const approved = guard?.grant(RISKY)
      await runtime.bash({ command: 'mkdir sub' })
      const other = await runtime.bash({ command: `${RISKY} `, approved })
      expect([other.code, has('ran')]).toEqual([126, false])
      expect((await runtime.bash({ command: RISKY, approved })).code).toBe(0)
      expect(has('ran')).toBe(true)
      expect((await runtime.bash({ command: RISKY, approved })).code).toBe(126)
      const forged = { command: RISKY }
      expect((await runtime.bash({ command: RISKY, approved: forged })).code).toBe(126)
    })
  })

  it('is of no use for what is blocked, or for another runtime', async () => {
    await inWorkspace({ name: 'guarded-bash' }, async ({ runtime }) => {
      const command = 'mkfs.ext4 /dev/nonexistent'
      const approved = runtime.guard?.grant(command)
      expect((await runtime.bash({ command, approved })).err).toMatch(/^Command blocked: /)
      await inWorkspace({ name: 'guarded-bash' }, async (other) => {
        const foreign = runtime.guard?.grant(RISKY)
        expect((await other.runtime.bash({ command: RISKY, approved: foreign })).code).toBe(126)
      })
    })
  })
})

describe('a command that is blocked', () => {
  it('does not run, and nobody is asked', async () => {
    let asked = 0
    const onApproval = () => ++asked > 0
    const { result, ran } = await guarded({ onApproval }, 'touch ran; shutdown now')
    expect([result.code, ran, asked]).toEqual([126, false, 0])
    expect(result.err).toBe(`Command blocked: ${result.guard?.reason}`)
    expect(result.error).toMatchObject({ code: 'POLICY_VIOLATION', details: { reason: 'blocked' } })
  })
})

describe('a command that is allowed', () => {
  it('has nothing to say of the guard', async () => {
    const { result, ran } = await guarded({}, 'touch ran; grep shutdown /dev/null; echo curl')
    expect([ran, result.out]).toEqual([true, 'curl\n'])
    expect(Object.keys(result).sort()).toEqual(['code', 'err', 'ms', 'out'])
  })
})

describe('a guard', () => {
  it('can be had for any runtime, and host-bash has none unless asked', async () => {
    await inWorkspace({ name: 'host-bash' }, async ({ runtime }) => {
      expect(runtime.guard).toBeUndefined()
    })
    await inWorkspace({ name: 'host-bash', guard: {} }, async ({ runtime, has }) => {
      expect((await runtime.bash({ command: RISKY })).code).toBe(126)
      expect(has('ran')).toBe(false)
      expect(runtime.guard?.analyze('true').risk).toBe('allow')
    })
  })

  it('refuses options that are none', async () => {
    for (const [guard, field] of [
      [{ allow: 'x' }, 'guard.allow'],
      [{ allow: ['x'] }, 'guard.allow[0]'],
      [{ rules: [{ risk: 'maybe', rule: 'Bash(x)' }] }, 'guard.rules[0]'],
      [{ rules: [{ risk: 'allow' }] }, 'guard.rules[0]'],
      [{ onApproval: true }, 'guard.onApproval'],
      [{ onUnclear: 'allow' }, 'guard.onUnclear'],
      [{ other: 1 }, 'guard.other'],
    ] as const) {
      const options = { name: 'guarded-bash', guard: guard as unknown as GuardOptions }
      const error = await refusal(() => inWorkspace(options, async () => {}))
      expect([error.code, error.details?.field]).toEqual(['INVALID_ARGUMENT', field])
    }
  })
})

describe('patterns of the caller', () => {
  it('come after blocks and before approvals', () => {
    expect(classifyCommand('echo hi')).toEqual({ risk: 'allow', reason: 'safe default' })
    expect(classifyCommand('echo hi', { block: [/\bhi\b/] })).toEqual({
      risk: 'block',
      reason: 'blocked by /\\bhi\\b/',
    })
    expect(classifyCommand('echo hi', { approve: [/echo/] })).toEqual({
      risk: 'approval',
      reason: 'approval by /echo/',
    })
    expect(classifyCommand('curl http://x.test', { allow: [/^curl/] })).toEqual({
      risk: 'allow',
      reason: 'allowed by /^curl/',
    })
    const both = { allow: [/echo/], block: [/echo/] }
    expect(classifyCommand('echo hi', both).risk).toBe('block')
    expect(classifyCommand('rm -rf /', { allow: [/rm/] }).risk).toBe('block')
  })

  it('allow one part of a command, never the whole of it', () => {
    const allow = [/curl/]
    expect(classifyCommand('curl x && wget y', { allow }).risk).toBe('approval')
    expect(classifyCommand('wget y; curl x', { allow }).risk).toBe('approval')
    expect(classifyCommand('curl x && rm -rf /', { allow }).risk).toBe('block')
  })

  it('block by the whole text, too', () => {
    expect(classifyCommand('echo a; echo b', { block: [/a; echo/] }).risk).toBe('block')
  })

  it('have no memory', () => {
    const block = [/hi/g]
    for (let count = 0; count < 3; count++) {
      expect(classifyCommand('echo hi', { block }).risk).toBe('block')
    }
  })

  it('may be rules and functions', () => {
    const rules: GuardOptions['rules'] = [
      { risk: 'allow', rule: 'Bash(git push:*)' },
      { risk: 'block', rule: '/secret/i' },
      { risk: 'approval', test: ({ argv }) => argv[0] === 'make' },
    ]
    expect(analyzeCommand('git push origin', { rules }).risk).toBe('allow')
    expect(analyzeCommand('git push origin').risk).toBe('approval')
    expect(analyzeCommand('cat SECRET', { rules }).risk).toBe('block')
    expect(analyzeCommand('true && make all', { rules })).toMatchObject({
      risk: 'approval',
      reason: 'approval by a rule',
      span: { start: 8, end: 16 },
    })
  })

  it('make no command run because a function failed', async () => {
    const test = () => {
      throw new TypeError('of the rule')
    }
    expect(() => analyzeCommand('true', { rules: [{ risk: 'block', test }] })).toThrow(TypeError)
    const odd = [{ risk: 'block', test: () => 1 as never }] as const
    expect((await refusal(() => analyzeCommand('true', { rules: odd }))).code).toBe(
      'INVALID_ARGUMENT',
    )
  })
})

describe('the policy of a chat host', () => {
  it('runs, refuses or asks', () => {
    const decide = commandApproval()
    expect(decide({ command: 'ls' })).toBe(false)
    expect(decide({ command: 'shutdown' })).toEqual({
      block: expect.stringContaining('blocked by'),
      policyReason: expect.stringContaining('blocked by'),
    })
    expect(decide({ command: 'git push' })).toEqual({
      message: 'Run bash command.',
      policyReason: expect.stringContaining('approval by'),
      details: [{ label: 'Command', value: 'git push', format: 'code' }],
    })
    expect(decide({})).toBe(false)
  })
})

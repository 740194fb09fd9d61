import { describe, expect, it } from '@jest/globals'
import { resolveScope, type ScopeOrigin } from 'runlet'
import { refusal } from '../support'

/** Pieces that names are made of: those that mean something to somebody. */
const PIECES = [
  '', '.', '..', '~', '%', '/', '\\', '~2E', '%2E', '~7E', '2E', 'none', '~6Eone', 'n', 'a', 'A',
  ' ', '\n', '\0', '-', '_', '~~', 'ä', 'a\u0308', '\u{1f40c}', '\ufeff', 'con', ':', '*', '?', '"',
  'x'.repeat(199), 'x'.repeat(300),
] // biome-ignore format: one list

/** Numbers that are the same in every run. */
function sequence(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** Each is compared with all others: more than a million pairs. */
const MESSAGES = 2_000
/** Parts of a path, by level. */
const PARTS: Record<string, number> = { agent: 2, adapter: 3, channel: 5, user: 5 }

/** What of a message a level is about. */
function about(level: string, { agent, provider, team, channel, actor }: ScopeOrigin): string {
  if (level === 'agent') return JSON.stringify([agent])
  if (level === 'adapter') return JSON.stringify([agent, provider])
  return JSON.stringify([agent, provider, team ?? null, level === 'channel' ? channel : actor])
}

describe('names that are chosen to collide', () => {
  it('come to one folder only if they are the same, and to none above', () => {
    const next = sequence(7)
    const name = () => Array.from({ length: next(4) }, () => PIECES[next(PIECES.length)]).join('')
    const seen = new Map<string, string>()
    const faults: string[] = []
    for (let message = 0; message < MESSAGES; message++) {
      const origin: ScopeOrigin = {
        agent: name(),
        provider: name(),
        kind: 'message',
        ...(next(4) > 0 && { team: name() }),
        channel: name(),
        actor: name(),
      }
      for (const [level, { path }] of Object.entries(resolveScope(origin))) {
        const parts = path.split('/')
        const odd = (part: string) => /^\.{0,2}$|[\0\\]/.test(part) || Buffer.byteLength(part) > 255
        if (parts.length !== PARTS[level] || parts.some(odd)) faults.push(path)
        const told = about(level, origin)
        if ((seen.get(path) ?? told) !== told) faults.push(`${told} and ${seen.get(path)}`)
        seen.set(path, told)
      }
    }
    expect(faults).toEqual([])
    expect(seen.size).toBeGreaterThan(MESSAGES * 2)
  })

  it('are refused where they are no texts', async () => {
    const origin = { agent: 'a', provider: 'p', kind: 'k', channel: 'c', actor: 'u' }
    for (const wrong of ['\ud800', 'a\udc00b', 7, null, {}, ['a']]) {
      for (const field of ['agent', 'provider', 'channel', 'actor', 'team']) {
        if (field === 'team' && wrong === null) continue
        const error = await refusal(() => resolveScope({ ...origin, [field]: wrong } as never))
        expect([field, error.code]).toEqual([field, 'INVALID_ARGUMENT'])
      }
    }
  })
})

import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { RunletError, type ToolAuditRecord } from 'runlet'

const { auditToFile, auditToFunction } = require(
  join(__dirname, '../../dist/tool/audit.js'),
) as typeof import('../../ts/tool/audit')

const record = (execId: string): ToolAuditRecord => ({
  at: '2026-01-02T03:04:05.678Z',
  type: 'call',
  toolId: 'add',
  execId,
  ok: true,
  durationMs: 1.5,
})

let store = ''
beforeEach(() => {
  store = join(mkdtempSync(join(tmpdir(), 'runlet-audit-')), 'store')
})
afterEach(() => rmSync(join(store, '..'), { recursive: true, force: true }))

const path = () => join(store, 'audit.jsonl')
const lines = () => readFileSync(path(), 'utf8').split('\n')
const onWindows = process.platform === 'win32'

async function failure(written: Promise<void>): Promise<RunletError> {
  const error = await written.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof RunletError)) throw new Error(`no RunletError but ${String(error)}`)
  return error
}

describe('the audit file', () => {
  it('has a line for each record, in order, and is there once write resolves', async () => {
    const trail = auditToFile(store)
    await trail.write(record('first'))
    expect(lines()).toEqual([JSON.stringify(record('first')), ''])
    await Promise.all(Array.from({ length: 50 }, (_, at) => trail.write(record(`e${at}`))))
    const ids = lines()
      .slice(1, -1)
      .map((line) => (JSON.parse(line) as ToolAuditRecord).execId)
    expect(ids).toEqual(Array.from({ length: 50 }, (_, at) => `e${at}`))
  })

  it('is for its owner only, also when it was there before', async () => {
    if (onWindows) return console.log('skipped: Windows has no such modes')
    await auditToFile(store).write(record('a'))
    expect(statSync(path()).mode & 0o777).toBe(0o600)
    chmodSync(path(), 0o644)
    await auditToFile(store).write(record('b'))
    expect(statSync(path()).mode & 0o777).toBe(0o600)
    expect(lines()).toHaveLength(3)
  })

  it('may be moved away at any time', async () => {
    const trail = auditToFile(store)
    await trail.write(record('a'))
    renameSync(path(), `${path()}.1`)
    await trail.write(record('b'))
    expect(lines()).toEqual([JSON.stringify(record('b')), ''])
  })

  it('holds known members only, each bounded and on one line', async () => {
    const given = {
      ...record('a\nb'),
      target: 'x'.repeat(10_000),
      roots: ['/a', 7, 'y'.repeat(10_000)],
      ok: 'yes',
      output: 'payload',
      env: { TOKEN: 'hunter22' },
    }
    await auditToFile(store).write(given as unknown as ToolAuditRecord)
    const [line = '', rest] = lines()
    expect(rest).toBe('')
    expect(line).not.toMatch(/payload|hunter22/)
    expect(line.length).toBeLessThan(2_000)
    const kept = JSON.parse(line) as ToolAuditRecord
    expect(kept.execId).toBe('a\nb')
    expect(kept.ok).toBeUndefined()
    expect(kept.roots?.slice(0, 2)).toEqual(['/a', '7'])
  })

  it('that cannot be written fails the call, and only that one', async () => {
    writeFileSync(store, 'a file where the folder should be')
    const trail = auditToFile(store)
    const error = await failure(trail.write(record('a')))
    expect(error.code).toBe('INTERNAL')
    expect(error.details).toEqual({ reason: 'AUDIT_FAILED' })
    // Not `instanceof Error`: in Jest the errors of core modules are of another realm.
    expect(String(error.cause)).toContain('Error')
    expect(error.message).not.toContain(store)
    rmSync(store)
    await trail.write(record('b'))
    expect(lines()).toHaveLength(2)
  })

  it('is refused when something else lies in its place', async () => {
    mkdirSync(path(), { recursive: true })
    expect((await failure(auditToFile(store).write(record('a')))).code).toBe('INTERNAL')
    rmSync(path(), { recursive: true })
    if (onWindows) return console.log('skipped: links need a right on Windows')
    const elsewhere = join(store, 'elsewhere')
    symlinkSync(elsewhere, path())
    expect((await failure(auditToFile(store).write(record('a')))).code).toBe('INTERNAL')
    expect(existsSync(elsewhere)).toBe(false)
  })
})

describe('onAudit', () => {
  it('gets a copy of each record in order, one at a time', async () => {
    const seen: ToolAuditRecord[] = []
    let under = 0
    const trail = auditToFunction(async (given) => {
      expect(under++).toBe(0)
      await new Promise((resolve) => setTimeout(resolve, 2))
      seen.push(given)
      under -= 1
    })
    const first = record('a')
    await Promise.all([trail.write(first), trail.write(record('b'))])
    expect(seen).toEqual([record('a'), record('b')])
    expect(seen[0]).not.toBe(first)
  })

  it('that throws or rejects fails the call INTERNAL, with its error as cause', async () => {
    const boom = new Error('sink is full')
    let calls = 0
    const trail = auditToFunction(() => {
      calls += 1
      if (calls === 1) throw boom
      return calls === 2 ? Promise.reject(boom) : undefined
    })
    for (let call = 0; call < 2; call++) {
      const error = await failure(trail.write(record('a')))
      expect([error.code, error.cause]).toEqual(['INTERNAL', boom])
    }
    await trail.write(record('a'))
    expect(calls).toBe(3)
  })
})

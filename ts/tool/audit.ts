/**
 * The audit trail: one record for each decision and each call, kept before the caller has its result.
 *
 * A trail that cannot be written fails the call: what must be on record did not happen otherwise.
 * Records hold ids, phases, times, sizes and codes, never payloads or values of the environment.
 */

import { constants, type Stats } from 'node:fs'
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { ToolAuditRecord } from '../../index.js'
import { RunletError } from '../errors'

/** Where records go. */
export interface AuditTrail {
  /**
   * Keeps a record. Records are kept one after the other, in the order of the calls.
   *
   * @throws RunletError `INTERNAL` when it could not be kept; `cause` is the sink's own error
   */
  write(record: ToolAuditRecord): Promise<void>
}

/** Name of the file in the store's folder. */
export const AUDIT_FILE = 'audit.jsonl'

const LONGEST_TEXT = 512

/** Each member of a record that may be written, in the order of the line. */
const MEMBERS = {
  at: 'string',
  type: 'string',
  toolId: 'string',
  execId: 'string',
  phase: 'string',
  decision: 'string',
  kind: 'string',
  target: 'string',
  reason: 'string',
  rule: 'string',
  roots: 'strings',
  count: 'number',
  ok: 'boolean',
  code: 'string',
  attempts: 'number',
  warm: 'boolean',
  durationMs: 'number',
  queueMs: 'number',
  startMs: 'number',
  inputBytes: 'number',
  outputBytes: 'number',
  stdoutBytes: 'number',
  stderrBytes: 'number',
  peakMemoryBytes: 'number',
} as const satisfies Record<keyof ToolAuditRecord, string>

/**
 * Appends to `<storeDir>/audit.jsonl`, mode 0600, each record by one write. The file is opened for each,
 * so that it can be moved away at any time; a symbolic link in its place is refused.
 *
 * @param storeDir folder of the runtime; made if it is missing
 */
export function auditToFile(storeDir: string): AuditTrail {
  return inOrder(async (record) => {
    const line = Buffer.from(`${JSON.stringify(record)}\n`)
    const file = await openTrail(storeDir)
    try {
      const { bytesWritten } = await file.write(line)
      if (bytesWritten !== line.length) throw new Error('only a part of the record was written')
    } finally {
      await file.close()
    }
  })
}

/**
 * Hands records to a function and waits for what it returns.
 *
 * @param onAudit gets a plain object of its own for each record
 */
export function auditToFunction(onAudit: (record: ToolAuditRecord) => unknown): AuditTrail {
  return inOrder(async (record) => {
    await onAudit(record)
  })
}

async function openTrail(storeDir: string): Promise<FileHandle> {
  const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants
  const path = join(storeDir, AUDIT_FILE)
  // O_NONBLOCK: a pipe in the file's place must not hang the open.
  const flags = O_APPEND | O_CREAT | O_WRONLY | O_NOFOLLOW | O_NONBLOCK
  let file: FileHandle
  try {
    file = await open(path, flags, 0o600)
  } catch (error) {
    if ((error as { code?: unknown } | null)?.code !== 'ENOENT') throw error
    await mkdir(storeDir, { recursive: true, mode: 0o755 })
    file = await open(path, flags, 0o600)
  }
  try {
    const facts: Stats = await file.stat()
    if (!facts.isFile()) throw new Error(`${AUDIT_FILE} is not a regular file`)
    if (process.platform !== 'win32' && (facts.mode & 0o077) !== 0) await file.chmod(0o600)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

function inOrder(keep: (record: ToolAuditRecord) => Promise<void>): AuditTrail {
  let last: Promise<unknown> = Promise.resolve()
  return {
    write(record) {
      const plain = onlyFacts(record)
      const kept = last.then(() => keep(plain))
      // A record that failed fails its own call, not the next one.
      last = kept.catch(() => undefined)
      return kept.catch((cause) => {
        const message = 'the audit trail could not be written, so the call does not count'
        throw new RunletError('INTERNAL', message, { cause, details: { reason: 'AUDIT_FAILED' } })
      })
    },
  }
}

/** The members that belong in a record, whatever else the object holds; long texts are cut. */
function onlyFacts(record: ToolAuditRecord): ToolAuditRecord {
  const plain: Record<string, unknown> = {}
  for (const [name, kind] of Object.entries(MEMBERS)) {
    const value: unknown = Reflect.get(record, name)
    if (kind === 'strings' && Array.isArray(value)) {
      plain[name] = value.slice(0, 100).map((text: unknown) => cut(String(text)))
    } else if (typeof value === kind) {
      plain[name] = typeof value === 'string' ? cut(value) : value
    }
  }
  return plain as unknown as ToolAuditRecord
}

function cut(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}...` : text
}

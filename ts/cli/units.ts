/** Durations and sizes as people write them on a command line. */

import { messages } from '../messages'
import { UsageError } from './usage-error'

const DURATION_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

const KIB = 1024
const SIZE_BYTES: Readonly<Record<string, number>> = {
  b: 1,
  kb: KIB,
  kib: KIB,
  mb: KIB ** 2,
  mib: KIB ** 2,
  gb: KIB ** 3,
  gib: KIB ** 3,
}

/** `2s`, `500ms`, `1.5m` as milliseconds; a bare number counts milliseconds. */
export function parseDuration(text: string, flag: string): number {
  const ms = parse(text, DURATION_MS, 'ms')
  if (ms !== undefined) return ms
  throw new UsageError(messages.cliBadValue(flag, 'a duration such as 500ms, 2s or 1m', text))
}

/** `64MB`, `512kb`, `1GiB` as bytes, powers of 1,024; a bare number counts bytes. */
export function parseSize(text: string, flag: string): number {
  const bytes = parse(text, SIZE_BYTES, 'b')
  if (bytes !== undefined) return bytes
  throw new UsageError(messages.cliBadValue(flag, 'a size such as 512KB, 64MB or 1GB', text))
}

function parse(
  text: string,
  units: Readonly<Record<string, number>>,
  bare: string,
): number | undefined {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim()) ?? []
  if (digits === undefined || unit === undefined) return undefined
  const name = unit === '' ? bare : unit.toLowerCase()
  const factor = Object.hasOwn(units, name) ? units[name] : undefined
  return factor === undefined ? undefined : Math.round(Number(digits) * factor)
}

/** The shortest exact spelling of a duration. */
export function formatDuration(ms: number): string {
  return format(ms, [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1000],
    ['ms', 1],
  ])
}

/** The shortest exact spelling of a size. */
export function formatSize(bytes: number): string {
  return format(bytes, [
    ['GB', KIB ** 3],
    ['MB', KIB ** 2],
    ['KB', KIB],
    ['B', 1],
  ])
}

function format(value: number, units: ReadonlyArray<[string, number]>): string {
  const [unit, factor] = units.find(([, size]) => value >= size && value % size === 0) ?? ['', 1]
  return `${value / factor}${unit}`
}

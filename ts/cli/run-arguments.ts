/** Flags of `runlet run` to the arguments of `runCodelet`. */

import { text as readAll } from 'node:stream/consumers'
import type {
  CodeletCapabilities,
  CodeletRunOptions,
  CodeletSource,
  Language,
} from '../../index.js'
import { messages } from '../messages'
import type { RunArguments } from './arguments'
import { readFile, readJson, readLimit } from './input'
import type { Flags } from './parse-flags'
import { parseDuration, parseSize } from './units'
import { UsageError } from './usage-error'

/** @throws UsageError for a value that cannot be read */
export async function readRun({
  file,
  flags,
}: RunArguments): Promise<{ source: CodeletSource; options: CodeletRunOptions }> {
  if (file === '-' && (flags.text('input') === '@-' || flags.text('globals') === '@-')) {
    throw new UsageError(messages.cliStdinTwice())
  }
  const source = await readSource(file, flags)
  const input = await readJson(flags, 'input')
  const globals = (await readJson(flags, 'globals')) as CodeletRunOptions['globals']
  const options: CodeletRunOptions = {
    input,
    globals,
    modules: readModules(flags),
    timeout_ms: readLimit(flags, 'timeout', parseDuration),
    cpu_ms: readLimit(flags, 'cpu', parseDuration),
    memory_limit_bytes: readLimit(flags, 'memory', parseSize),
    max_input_bytes: readLimit(flags, 'max-input', parseSize),
    max_result_bytes: readLimit(flags, 'max-result', parseSize),
    max_log_entries: readLimit(flags, 'max-logs', parseCount),
    allow: readGrants(flags),
    deterministic: readDeterministic(flags),
  }
  return { source, options }
}

async function readSource(file: string | undefined, flags: Flags): Promise<CodeletSource> {
  if (flags.has('ts') && flags.has('js')) throw new UsageError(messages.cliExclusive('ts', 'js'))
  const language: Language = flags.has('ts') ? 'ts' : flags.has('js') ? 'js' : 'auto'
  const export_name = flags.text('export')
  if (file !== undefined && file !== '-') {
    return { type: 'file', path: file, language, export_name }
  }
  const code = file === '-' ? await readAll(process.stdin) : (flags.text('code') ?? '')
  return { type: 'string', code, language, export_name }
}

function readModules(flags: Flags): CodeletRunOptions['modules'] {
  const modules: Record<string, string> = Object.create(null)
  for (const given of flags.list('module')) {
    const [, name, path] = /^([^=]+)=(.+)$/s.exec(given) ?? []
    if (name === undefined || path === undefined) {
      throw new UsageError(messages.cliBadValue('--module', 'NAME=FILE', given))
    }
    modules[name] = readFile(path, 'module')
  }
  return modules
}

function parseCount(text: string, flag: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new UsageError(messages.cliBadValue(flag, 'a whole number', text))
}

function readGrants(flags: Flags): CodeletCapabilities {
  const allow: CodeletCapabilities = {
    random: flags.has('allow-random'),
    now: flags.has('allow-now'),
    timers: flags.has('allow-timers'),
  }
  if (flags.has('allow-env')) allow.env = names(flags, 'allow-env')
  if (flags.has('allow-fetch')) allow.fetch = { hosts: names(flags, 'allow-fetch') }
  return allow
}

function names(flags: Flags, name: string): string[] {
  return flags
    .list(name)
    .flatMap((given) => given.split(','))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
}

function readDeterministic(flags: Flags): CodeletRunOptions['deterministic'] {
  const seed = flags.text('seed')
  const now = flags.text('now')
  if (seed === undefined) {
    if (now !== undefined) throw new UsageError(messages.cliNeedsFlag('now', 'seed'))
    return undefined
  }
  if (now === undefined) return { seed }
  const ms = /^-?\d+$/.test(now) ? Number(now) : Date.parse(now)
  if (Number.isNaN(ms)) {
    const accepted = 'milliseconds since the epoch or a date such as 2026-01-31T12:00:00Z'
    throw new UsageError(messages.cliBadValue('--now', accepted, now))
  }
  return { seed, now: ms }
}

/** Processes of the host as the older contract runs them: results with its codes and its bounds. */

import { realpathSync } from 'node:fs'
import type { ProcessOptions } from '../../../heypi.js'
import type { BashResult } from '../../../index.js'
import { RunletError } from '../../errors'
import { readSignal } from '../../signal'
import { findProgram } from '../../spawn/command'
import { refuse, text } from '../../tool/option-kinds'
import { timeMs } from '../../tool/option-ranges'
import { runProgram, scriptArguments } from '../../workspace/bash-process'
import { ended } from '../../workspace/exit-codes'
import { SEARCH_PATH } from '../../workspace/shell-environment'

/** Characters of a stream that a result shows. */
const SHOWN = 65_536
/** Characters of both streams beyond which a process is ended. */
const MOST = 262_144

const READING = { fillsBlanks: false }

/** See `heypi.d.ts`. */
export function clip(value: string): string {
  if (typeof value !== 'string') throw refuse('value', 'a string', value)
  if (value.length <= SHOWN) return value
  const at = value.length - SHOWN
  const unit = value.charCodeAt(at)
  // Not within a character.
  const start = unit >= 0xdc00 && unit <= 0xdfff ? at + 1 : at
  return `...[truncated]\n${value.slice(start)}`
}

/** See `heypi.d.ts`. */
export async function executeProcess(
  command: string,
  args: readonly string[],
  options: ProcessOptions,
): Promise<BashResult> {
  if (!Array.isArray(args) || args.some((arg) => typeof arg !== 'string' || arg.includes('\0'))) {
    throw refuse('args', 'an array of strings without NUL', args)
  }
  const cwd = text.read(options.cwd, 'cwd', READING) as string
  const timeoutMs = timeMs.read(options.timeoutMs, 'timeoutMs', READING) as number
  const signal = readSignal(options.signal, 'signal')
  if (signal?.aborted) return ended({ why: 'cancelled' })
  const env: Record<string, string> = {}
  for (const [name, value] of Object.entries(options.env)) {
    if (value !== undefined) env[name] = value
  }
  let program: string
  let folder: string
  try {
    folder = realpathSync(cwd)
    program = findProgram(command, folder, env.PATH ?? process.env.PATH ?? SEARCH_PATH)
  } catch (error) {
    const reason = error instanceof RunletError ? error.message : 'there is no folder to run it in'
    return ended({ why: 'not-started', reason })
  }
  const confinement = {
    permissions: [],
    unconfined: true,
    pins: '',
    memoryLimitBytes: 0,
    maxProcesses: 1_000_000,
    bestEffort: true,
  }
  const terms = { program, maxOutputBytes: MOST }
  const { result, out, err } = await runProgram(command, args, terms, {
    folder,
    env,
    timeoutMs,
    confinement,
    signal,
    onOutput: undefined,
  })
  const said = result.error?.message ?? ''
  const between = err === '' || err.endsWith('\n') || said === '' ? '' : '\n'
  return { ...result, out: clip(out), err: clip(`${err}${between}${said}`) }
}

/** See `heypi.d.ts`. */
export function executeBash(command: string, options: ProcessOptions): Promise<BashResult> {
  return executeProcess('bash', scriptArguments(command), options)
}

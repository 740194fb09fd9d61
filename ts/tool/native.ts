/** The native tools: `rl__read_file` and the others, by one door. */
import { addon } from '../addon'
import type { Network } from '../fetch/connect'
import { type NativeToolAnswer, nativeFailure } from './native-answer'
import { type NativeFetchBounds, nativeFetch } from './native-fetch'
import { NATIVE_INPUT_SCHEMAS, type NativeVerb } from './native-schemas'

export type { NativeToolAnswer, NativeToolError } from './native-answer'

/** What the tools may do; the names are those of the option `nativeTools`. */
export interface NativeToolSettings {
  /** Absolute path of the folder that relative paths belong to. */
  readonly rootDir: string
  /** Absolute paths of more folders, reached by absolute paths alone. Default none. */
  readonly additionalRoots?: readonly string[]
  readonly exec?: {
    /** Whether the tool is there. Default true. */
    readonly enabled?: boolean
    /** ms; a call may only shorten it. Default 30,000. */
    readonly timeoutMs?: number
    /** Bytes of stdout that are kept. Default 2 MiB. */
    readonly maxStdoutBytes?: number
    /** Bytes of stderr that are kept. Default 1 KiB. */
    readonly maxStderrBytes?: number
  }
  /** Without an `allow` list no host may be asked. */
  readonly fetch?: NativeFetchBounds & { readonly enabled?: boolean }
  /** Replaces name resolution and trusted authorities. */
  readonly network?: Partial<Network>
}

const PREFIX = 'rl__'
/** What the ids began with in the original. */
const OLD_PREFIX = 'cp__'
const VERBS = Object.keys(NATIVE_INPUT_SCHEMAS).sort() as NativeVerb[]

/** The ids of all native tools, sorted. */
export const NATIVE_TOOL_IDS: readonly string[] = Object.freeze(
  VERBS.map((verb) => `${PREFIX}${verb}`),
)

/** The verb of a native tool's id or of its alias; undefined for every other id. */
export function nativeVerb(id: string): NativeVerb | undefined {
  if (!id.startsWith(PREFIX) && !id.startsWith(OLD_PREFIX)) return undefined
  const name = id.slice(PREFIX.length)
  return VERBS.find((verb) => verb === name)
}

/** The input schema of a native tool. */
export function nativeInputSchema(verb: NativeVerb): Readonly<Record<string, unknown>> {
  return NATIVE_INPUT_SCHEMAS[verb]
}

/**
 * Performs one call. Every failure is a value. An aborted call is `CANCELLED` at once; what a file
 * tool or a command has begun by then runs to its end, within its limits, and its answer is dropped.
 */
export async function callNativeTool(
  id: string,
  input: unknown,
  settings: NativeToolSettings,
  signal: AbortSignal = new AbortController().signal,
): Promise<NativeToolAnswer> {
  const verb = nativeVerb(id)
  if (verb === undefined) return nativeFailure('InvalidArgument', 'there is no such native tool')
  if (signal.aborted) return cancelled(id)
  if ((verb === 'exec' || verb === 'fetch') && settings[verb]?.enabled === false) {
    const message = `${PREFIX}${verb} is switched off; grant it with nativeTools.${verb}.enabled`
    return nativeFailure('PermissionDenied', message, { reason: 'disabled' })
  }
  if (verb === 'fetch') {
    return nativeFetch(input ?? {}, settings.fetch ?? {}, signal, settings.network)
  }
  const text = jsonOf(input ?? {})
  if (text === undefined) return nativeFailure('InvalidArgument', 'the input is not JSON')
  return untilAborted(id, signal, addon().native.nativeTool(verb, rootsText(settings), text))
}

function rootsText({ rootDir, additionalRoots = [], exec = {} }: NativeToolSettings): string {
  const { enabled, ...bounds } = exec
  return JSON.stringify({ rootDir, additionalRoots, exec: bounds })
}

function jsonOf(input: unknown): string | undefined {
  try {
    return JSON.stringify(input)
  } catch {
    return undefined
  }
}

function cancelled(id: string): NativeToolAnswer {
  return nativeFailure('Cancelled', `the call of ${id} was cancelled`)
}

function untilAborted(
  id: string,
  signal: AbortSignal,
  answer: Promise<string>,
): Promise<NativeToolAnswer> {
  return new Promise((resolve) => {
    const onAbort = () => resolve(cancelled(id))
    signal.addEventListener('abort', onAbort, { once: true })
    answer
      .then(
        (text) => JSON.parse(text) as NativeToolAnswer,
        () => nativeFailure('Internal', 'the native tool failed'),
      )
      .then(resolve)
      .finally(() => signal.removeEventListener('abort', onAbort))
  })
}

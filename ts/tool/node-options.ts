/** Options for Node itself: which are refused, and the heap limit among them. */

import { invalidArgument } from '../errors'
import { configurationMessages } from './configuration-messages'
import { type Kind, textList } from './option-kinds'

const RUNS_CODE = 'it runs or loads code before the tool, or instead of it'
const OPENS_PORT = 'it opens a port to a debugger'
const POLICY = 'permissions are given in the option permissions'
const WRITES = 'it writes or reads files outside the permissions'
const FIXED = 'it would undo an option that runlet always passes'

/** Names without the leading dashes; a star stands for any rest or beginning. */
const REFUSED: readonly (readonly [pattern: string, why: string])[] = [
  ['require', RUNS_CODE],
  ['import', RUNS_CODE],
  ['loader', RUNS_CODE],
  ['experimental-loader', RUNS_CODE],
  ['eval', RUNS_CODE],
  ['print', RUNS_CODE],
  ['interactive', RUNS_CODE],
  ['check', RUNS_CODE],
  ['run', RUNS_CODE],
  ['test', RUNS_CODE],
  ['test-*', RUNS_CODE],
  ['experimental-test-*', RUNS_CODE],
  ['watch*', RUNS_CODE],
  ['entry-url', RUNS_CODE],
  ['input-type', RUNS_CODE],
  ['experimental-default-type', RUNS_CODE],
  ['snapshot-blob', RUNS_CODE],
  ['build-snapshot*', RUNS_CODE],
  ['build-sea', RUNS_CODE],
  ['experimental-sea-config', RUNS_CODE],
  ['experimental-default-config-file', RUNS_CODE],
  ['experimental-config-file', RUNS_CODE],
  ['version', RUNS_CODE],
  ['help', RUNS_CODE],
  ['v8-options', RUNS_CODE],
  ['completion-bash', RUNS_CODE],
  ['env-file*', 'variables are given in the option env'],
  ['inspect*', OPENS_PORT],
  ['debug*', OPENS_PORT],
  ['experimental-network-inspection', OPENS_PORT],
  ['permission*', POLICY],
  ['experimental-permission', POLICY],
  ['experimental-policy', POLICY],
  ['policy-integrity', POLICY],
  ['allow-*', POLICY],
  ['openssl-config', FIXED],
  ['openssl-shared-config', FIXED],
  ['addons', FIXED],
  ['global-search-paths', FIXED],
  ['no-disable-sigusr1', FIXED],
  ['prof*', WRITES],
  ['*-prof*', WRITES],
  ['perf-*', WRITES],
  ['logfile*', WRITES],
  ['redirect-*', WRITES],
  ['report-*', WRITES],
  ['diagnostic-dir', WRITES],
  ['heapsnapshot-*', WRITES],
  ['trace-event*', WRITES],
  ['tls-keylog', WRITES],
  ['localstorage-file', WRITES],
  ['icu-data-dir', WRITES],
]

const PATTERNS = REFUSED.map(([pattern, why]) => {
  const source = pattern.split('*').join('.*')
  return { pattern: new RegExp(`^${source}$`), why }
})

/** What Node makes of an option's name: `--max_old_space_size` is `--max-old-space-size`. */
function canonical(flag: string): string {
  return flag.slice(2).split('=', 1)[0]?.replaceAll('_', '-').toLowerCase() ?? ''
}

function refuseFlag(field: string, flag: string): void {
  // A short flag, a value of its own and a lone "--" cannot be told apart by their form.
  const wellFormed = /^--[A-Za-z0-9][A-Za-z0-9_-]*(=[^\0\r\n]*)?$/.test(flag)
  if (!wellFormed) throw invalidArgument(field, configurationMessages.nodeOptionForm(field, flag))
  const name = canonical(flag)
  // `--no-addons` asks for what holds anyway; `--no-inspect` is judged as `--inspect`.
  const subject = name.startsWith('no-') ? name.slice(3) : name
  const hit = PATTERNS.find(
    ({ pattern, why }) => pattern.test(name) || (why !== FIXED && pattern.test(subject)),
  )
  if (hit === undefined) return
  const shownFlag = flag.split('=', 1)[0] ?? flag
  const message = configurationMessages.nodeOptionRefused(field, shownFlag, hit.why)
  throw invalidArgument(field, message, {
    accepted: 'options that neither run code nor open anything',
  })
}

const list = textList()

/** Options for Node, each one long option with its value behind "=". */
export const nodeOptions: Kind<readonly string[]> = {
  accepts: 'an array of long options of Node, such as --max-old-space-size=2048',
  read(value, field, reading) {
    const flags = list.read(value, field, reading)
    for (const [index, flag] of flags.entries()) {
      refuseFlag(`${field}[${index}]`, flag)
      heapOf(flag, `${field}[${index}]`)
    }
    return flags
  },
}

/** MiB that an option gives the old space, or `undefined` when it is another option. */
function heapOf(flag: string, field: string): number | undefined {
  if (canonical(flag) !== 'max-old-space-size') return undefined
  const size = Number(/=(\d+)$/.exec(flag)?.[1])
  if (Number.isSafeInteger(size) && size > 0) return size
  const form = '--max-old-space-size=MIB with a whole number of MiB above 0'
  throw invalidArgument(field, configurationMessages.nodeOptionRefused(field, flag, `give ${form}`))
}

/** Options without the heap limit, and the smallest heap limit among them in MiB. */
export function splitHeapLimit(flags: readonly string[]): {
  flags: readonly string[]
  oldSpaceMiB: number | undefined
} {
  const rest = flags.filter((flag) => canonical(flag) !== 'max-old-space-size')
  const limits = flags.flatMap((flag) => heapOf(flag, 'nodeOptions') ?? [])
  return { flags: rest, oldSpaceMiB: limits.length === 0 ? undefined : Math.min(...limits) }
}

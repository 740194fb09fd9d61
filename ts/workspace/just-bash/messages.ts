/** What the host and its thread say to each other, besides calls. */

/** What a thread is told once, before its first script. Plain data: functions do not cross. */
export interface Opening {
  /** The open root; the host keeps it open. Undefined where the file system is not ours. */
  root: { fd: number; path: string } | undefined
  /** `calls`: the host's own file system. */
  fileSystem: 'workspace' | 'memory' | 'calls'
  maxFileBytes: number
  maxOutputBytes: number
  files: Record<string, string | Uint8Array> | undefined
  env: Record<string, string>
  /** Built-in commands; undefined for all. */
  commands: string[] | undefined
  /** Those of the caller, and ours; see `host-commands.ts`. */
  customCommands: { name: string; trusted: boolean | undefined }[]
  network: boolean
  python: boolean
  defenseInDepth: boolean | object
}

/** One script. */
export interface Script {
  run: number
  text: string
  env: Record<string, string>
  cwd: string
  stdin: string | undefined
  timeoutMs: number
}

export type ToThread = { open: Opening } | Script | { abort: number }

/** What came of a script, as far as the thread can tell. */
export interface Ended {
  ended: number
  code: number
  out: string
  err: string
  limited: string[]
  /** The engine threw, which it never should. */
  fault?: string
  /** More was printed than the host wants. */
  tooMuch?: boolean
}

/** `ready` comes once, after the engine was loaded; with a sentence where it could not be. */
export type FromThread = { ready: true | string } | Ended

/** What of a file system the two sides may ask each other for. */
export const FILE_OPERATIONS: readonly string[] = [
  'readFile',
  'readFileBuffer',
  'writeFile',
  'appendFile',
  'exists',
  'stat',
  'lstat',
  'mkdir',
  'readdir',
  'rm',
  'cp',
  'mv',
  'chmod',
  'symlink',
  'link',
  'readlink',
  'realpath',
  'utimes',
]

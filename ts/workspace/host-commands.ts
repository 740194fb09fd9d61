/**
 * Commands that the host answers while a script of a virtual shell waits for them: codelets and
 * tools. Any engine may serve them, since all that they need of a shell is their context.
 *
 * - `host-commands/js.ts`: `js`, `js-exec` and `node` run a codelet
 * - `host-commands/tool.ts`: `tool` calls a tool
 */

import type { JustBashOptions } from '../../index.js'
import { JsCommand } from './host-commands/js'
import { readJavaScript, readTools } from './host-commands/options'
import type { ShellFiles } from './host-commands/shell-files'
import { toolCommand } from './host-commands/tool'
import type { ShellNetwork } from './network'

/** What a command gets of the script that it is part of. */
export interface HostCommandContext {
  readonly stdin: string
  /** The variables that are exported. */
  readonly env: Readonly<Record<string, string>>
  /** Absolute, in the script's file system. */
  readonly cwd: string
  /** Aborted when nobody waits for the command any more. */
  readonly signal: AbortSignal
  /** When the script is ended, on the clock of `performance.now()`. */
  readonly deadline: number
  /** The file system as the script sees it. No call of it waits in the queue of the workspace. */
  readonly files: ShellFiles
}

export interface HostCommandResult {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

/** One command. It never rejects for what a script does. */
export interface HostCommand {
  readonly name: string
  run(args: readonly string[], context: HostCommandContext): Promise<HostCommandResult>
}

export interface HostCommands {
  readonly list: readonly HostCommand[]
  /** Names that mean something because they were granted. */
  readonly granted: readonly string[]
  /** Ends what runs. */
  close(): void
}

/** The shell's own way to say that something did not work. */
export function failure(stderr: string, exitCode = 1): HostCommandResult {
  return { stdout: '', stderr: stderr.endsWith('\n') ? stderr : `${stderr}\n`, exitCode }
}

/**
 * The commands of one shell. Those that are not granted are there too, and say which option is
 * missing; only `node` and `js-exec` are not.
 *
 * @throws RunletError `INVALID_ARGUMENT` naming the option
 */
export function hostCommands(
  options: JustBashOptions,
  network: ShellNetwork | undefined,
): HostCommands {
  const javascript = readJavaScript(options.javascript)
  const tools = readTools(options.tools)
  const js = javascript && new JsCommand({ javascript, tools, network })
  const list = [
    ...(js === undefined
      ? [missing('js', 'javascript')]
      : ['js', 'js-exec', 'node'].map((name) => js.as(name))),
    tools === undefined ? missing('tool', 'tools') : toolCommand(tools),
  ]
  const granted = list.filter((command) => !(command instanceof Missing)).map(({ name }) => name)
  return { list, granted, close: () => js?.close() }
}

/** A command that was not granted. */
class Missing implements HostCommand {
  readonly name: string
  readonly #option: string

  constructor(name: string, option: string) {
    this.name = name
    this.#option = option
  }

  async run(): Promise<HostCommandResult> {
    const { name } = this
    return failure(`${name}: not enabled: the host grants it with justBash.${this.#option}`, 127)
  }
}

function missing(name: string, option: string): HostCommand {
  return new Missing(name, option)
}

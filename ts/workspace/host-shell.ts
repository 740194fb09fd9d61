/** Bash on the host, confined or not. */

import { accessSync, constants, mkdirSync, realpathSync } from 'node:fs'
import type { RuntimeStatus } from '../../index.js'
import { RunletError } from '../errors'
import { BASH, type BashTerms, runBash } from './bash-process'
import { ended } from './exit-codes'
import { type Confined, confine, type Sandbox } from './sandbox'
import type { Shell, ShellCommand, ShellRun } from './shell'
import { shellEnvironment } from './shell-environment'
import { TemporaryFolder } from './temporary'

/** What a shell on the host is made with. */
export interface HostShellOptions {
  /** Absolute; made if it is missing. */
  readonly root: string
  /** HOME of its commands; the root without one. */
  readonly home?: string | undefined
  readonly hostEnv: Readonly<Record<string, string>>
  readonly sandbox: Sandbox
  readonly strictShell: boolean
  readonly maxOutputBytes: number
  /** Called once, with what the kernel does not keep. */
  readonly onUnconfined: (unenforced: NonNullable<RuntimeStatus['unenforced']>) => void
}

const ELSEWHERE = ['/usr/bin/bash', '/usr/local/bin/bash', '/run/current-system/sw/bin/bash']

/** Where bash is, if it is anywhere. */
export function bashHere(): string | undefined {
  return [BASH, ...ELSEWHERE].find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Why there is no bash to run. */
export function bashMissing(): string {
  const here = process.platform === 'linux'
  return here ? 'this system has none' : 'this version runs commands on Linux only'
}

/** One shell on the host: each text is a process of its own. */
export class HostShell implements Shell {
  readonly #options: HostShellOptions
  readonly #temporary = new TemporaryFolder()
  #confined: { root: string; confined: Confined } | undefined

  constructor(options: HostShellOptions) {
    this.#options = options
  }

  async run(command: ShellCommand): Promise<ShellRun> {
    if (command.signal.aborted) return { result: ended({ why: 'cancelled' }), out: '', err: '' }
    const program = process.platform === 'linux' ? bashHere() : undefined
    if (program === undefined) return missing()
    const { home, hostEnv, sandbox, strictShell, maxOutputBytes } = this.#options
    let place: { root: string; confined: Confined }
    let temporary: string | undefined
    try {
      place = this.#confine(program)
      temporary = sandbox.mode === 'off' ? undefined : this.#temporary.path()
    } catch (error) {
      if (error instanceof RunletError) throw error
      // The system's error names paths of the host.
      return notStarted('there is no folder to run it in', 'no_folder')
    }
    const { root, confined } = place
    const terms: BashTerms = { program, strictShell, maxOutputBytes }
    return runBash(terms, {
      ...command,
      folder: root,
      env: shellEnvironment(home ?? root, hostEnv, temporary),
      confinement: confined.confinement,
    })
  }

  #confine(program: string): { root: string; confined: Confined } {
    const { sandbox, root, onUnconfined } = this.#options
    mkdirSync(root, { recursive: true })
    const real = realpathSync(root)
    if (this.#confined?.root === real) return this.#confined
    const temporary = () => this.#temporary.path()
    const confined = confine(sandbox, { root: real, program, temporary })
    this.#confined = { root: real, confined }
    const { unenforced } = confined.facts
    if (unenforced !== undefined) onUnconfined(unenforced)
    return this.#confined
  }

  facts(): Confined['facts'] {
    return this.#confined?.confined.facts ?? {}
  }

  async close(): Promise<void> {
    this.#confined = undefined
    this.#temporary.remove()
  }
}

function missing(): ShellRun {
  return notStarted(bashMissing(), 'bash_missing')
}

function notStarted(why: string, reason: string): ShellRun {
  const ending = { why: 'not-started', reason: `bash could not be started: ${why}` } as const
  return { result: ended({ ...ending, details: { reason } }), out: '', err: '' }
}

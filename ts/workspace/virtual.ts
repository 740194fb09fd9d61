/** Which engine a virtual shell runs on. */

import { invalidArgument, RunletError } from '../errors'
import { openJustBash } from './just-bash'
import { beyondNative, openNative } from './native'
import { nativeProgram } from './native/program'
import type { VirtualExec, VirtualShell, VirtualShellOptions } from './virtual-shell'

const BOTH =
  'the virtual shell needs an engine: the program runlet-bash, which the package of this platform ' +
  'brings, or the package just-bash ("npm install just-bash", version 3.4.2 or later)'

/** @throws RunletError `RUNTIME_NOT_FOUND` where there is no engine, naming how to get one */
export function openVirtualShell(options: VirtualShellOptions): VirtualShell {
  const { engine = 'auto' } = options.justBash as { engine?: unknown }
  switch (engine) {
    case 'native':
      return openNative(options)
    case 'just-bash':
      return openJustBash(options)
    case 'auto':
      return openEither(options)
    default: {
      const accepted = "'auto', 'native' or 'just-bash'"
      throw invalidArgument('justBash.engine', `justBash.engine must be ${accepted}`, { accepted })
    }
  }
}

function openEither(options: VirtualShellOptions): VirtualShell {
  const beyond = beyondNative(options.justBash)
  if (beyond === undefined && nativeProgram() !== undefined) {
    return new EitherShell(openNative(options), options)
  }
  try {
    return openJustBash(options)
  } catch (error) {
    // What only that engine has, the other cannot help with.
    if (beyond !== undefined || !isMissing(error)) throw error
    const details = { reason: 'engine', package: 'just-bash', program: 'runlet-bash' }
    throw new RunletError('RUNTIME_NOT_FOUND', BOTH, { details })
  }
}

/** The program, or the package where it turns out that the program does not start. */
class EitherShell implements VirtualShell {
  #shell: VirtualShell
  readonly #options: VirtualShellOptions
  #known = false

  constructor(shell: VirtualShell, options: VirtualShellOptions) {
    this.#shell = shell
    this.#options = options
  }

  async exec(script: string, options: VirtualExec) {
    try {
      const outcome = await this.#shell.exec(script, options)
      this.#known = true
      return outcome
    } catch (error) {
      if (this.#known || !isMissing(error)) throw error
      await this.#fallBack(error as RunletError)
      return this.#shell.exec(script, options)
    }
  }

  close(): Promise<void> {
    return this.#shell.close()
  }

  async #fallBack(error: RunletError): Promise<void> {
    const given = this.#shell
    this.#known = true
    this.#shell = openJustBash(this.#options)
    await given.close()
    const fields = { engine: 'just-bash', reason: error.message }
    this.#options.logger?.warn('security.engine_fallback', fields)
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof RunletError && error.code === 'RUNTIME_NOT_FOUND'
}

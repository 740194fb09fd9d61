/** One command in a container, by a runner that somebody else wrote: it ends the client by itself. */

import { ended } from '../exit-codes'
import { shortened } from '../output'
import type { ShellCommand, ShellRun } from '../shell'
import { scriptArguments, shellArguments } from './argv'
import type { CommandEnd, CommandTerms } from './commands'
import { type Container, saysGone } from './container'
import { SWEEP } from './scripts'

/** Codes of a runner that ended a client, whose command may go on. */
const ENDED = [124, 125, 130, 137]

/** Runs one. Gives an end whatever happens, bar a runner that throws. */
export async function runForeign(
  terms: CommandTerms,
  container: Container,
  { text, timeoutMs, signal }: ShellCommand,
): Promise<CommandEnd> {
  return container.occupancy.during(async () => {
    const started = performance.now()
    const args = shellArguments(container.name, container.inside.shell, text)
    const result = await terms.engine.runForeign(args, { timeoutMs, signal })
    const ms = Math.round(performance.now() - started)
    const [out, err] = [shortened(result.out), shortened(result.err)]
    const late = ms >= timeoutMs && result.code === 124
    const stop = signal.aborted ? 'cancelled' : late ? 'timeout' : undefined
    const run: ShellRun = { result: { ...result }, out: result.out, err: result.err }
    run.result.out = out.text
    run.result.err = err.text
    if (out.cut || err.cut) run.result.truncated = true
    if (ENDED.includes(result.code)) {
      const sweep = scriptArguments(container.name, SWEEP, terms.brand, ['', '', 'all'])
      await container.occupancy.alone(() => terms.engine.call(sweep))
    }
    if (stop !== undefined) {
      const printed = { out: out.text, err: without(err.text, stop), ms: result.ms }
      return { kind: 'ran', run: { ...run, result: ended({ why: stop }, printed) } }
    }
    // A command can print these words, too: the engine is asked.
    const gone = result.code !== 0 && saysGone(result.err) && !(await container.isRunning())
    if (gone) return { kind: 'not-started', words: terms.engine.words(result.err) }
    return { kind: 'ran', run }
  })
}

/** Runners of the same house end `err` with the words that come now. */
function without(err: string, stop: 'timeout' | 'cancelled'): string {
  const words = stop === 'timeout' ? 'Command timed out' : 'Command cancelled'
  return err.endsWith(words) ? err.slice(0, -words.length) : err
}

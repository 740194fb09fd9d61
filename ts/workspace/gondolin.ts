/** Runtimes in micro-VMs: one warm machine for each scope. */

import type { GondolinRuntimeConfig } from '../../gondolin.js'
import type {
  BashInput,
  BashResult,
  CompleteRuntimeProvider,
  RuntimeLogger,
  RuntimeScope,
  RuntimeStatus,
} from '../../index.js'
import { onAbort } from '../signal'
import { readBash, readCall } from './calls'
import { emit } from './events'
import { ended } from './exit-codes'
import { filesOf } from './gondolin/files'
import type { Machine, MachineRun } from './gondolin/machine'
import { type GondolinSettings, readGondolinOptions } from './gondolin/options'
import { type Computer, thisComputer } from './gondolin/package'
import { startMachine } from './gondolin/start'
import { Spool } from './spool'
import { warmProvider } from './warm-provider'
import type { WarmScope } from './warm-scope'
import { Warnings } from './warnings'

const NAME = 'gondolin'

/** See `gondolin.d.ts`. */
export function gondolinRuntime(config: GondolinRuntimeConfig = {}): CompleteRuntimeProvider {
  return gondolinOn(thisComputer, config)
}

/** The same, on a computer that is told about. */
export function gondolinOn(
  computer: Computer,
  config: GondolinRuntimeConfig,
): CompleteRuntimeProvider {
  const settings = readGondolinOptions(config)
  let logger: RuntimeLogger | undefined
  let warnings = new Warnings(undefined)
  const closing: (() => void)[] = []
  const provider = warmProvider<Machine>({
    name: NAME,
    title: 'Gondolin',
    idleMs: settings.idleMs,
    start: (scope) => startMachine({ settings, computer, logger, warnings }, scope),
    stop: (machine) => machine.close(),
    id: ({ vm }) => vm.id,
    runtime(scope, warm) {
      const files = filesOf(settings, scope)
      const spool = new Spool(scope.root, logger)
      closing.push(files.close, () => spool.close())
      const shell: BashTerms = { settings, scope, warm, spool }
      return {
        name: NAME,
        root: scope.root,
        bash: (input) => bash(input, shell),
        ...files.operations,
      }
    },
  })
  return {
    ...provider,
    setLogger(given) {
      if (given === logger) return
      logger = given
      warnings = new Warnings(given)
      provider.setLogger?.(given)
    },
    status: async (scope) => {
      const all = (await provider.status?.(scope)) ?? []
      return all.map((status) => ({ ...status, ...opened(settings) }))
    },
    async close() {
      try {
        await provider.close?.()
      } finally {
        for (const close of closing.splice(0)) close()
      }
    },
  }
}

/** What an operator should see in a state: hosts that commands may reach. */
function opened({ network }: GondolinSettings): Pick<RuntimeStatus, 'unenforced'> {
  if (network.mode === 'none') return {}
  const why = network.mode === 'open' ? 'network is open' : 'network.allowedHosts names hosts'
  return { unenforced: [{ what: 'net', why }] }
}

/** What commands of one scope need. */
interface BashTerms {
  readonly settings: GondolinSettings
  readonly scope: RuntimeScope
  readonly warm: WarmScope<Machine>
  readonly spool: Spool
}

async function bash(
  input: BashInput,
  { settings, scope, warm, spool }: BashTerms,
): Promise<BashResult> {
  const terms = readCall(input, scope.path)
  const command = readBash(input, settings)
  const signal = terms.signal ?? new AbortController().signal
  if (signal.aborted) return ended({ why: 'cancelled' })
  const { runtimeEvents } = terms
  let isRunning = false
  const work = warm.use(runtimeEvents, async (machine) => {
    isRunning = true
    const run = await machine.run({ ...command, signal })
    if (run.unusable === true) {
      const why = run.failed ?? 'a command could not be ended'
      await warm.broken(runtimeEvents, machine, why).catch(() => {})
    } else if (run.failed !== undefined) {
      const event = { kind: 'exec_failed', runtime: NAME, message: run.failed } as const
      emit(runtimeEvents, { ...event, scope, root: scope.root, ...idOf(machine) })
    }
    return spooled(run, spool)
  })
  let unlisten = () => {}
  const aborted = new Promise<BashResult>((resolve) => {
    // A start goes on for whoever comes next; a command that runs has to end first.
    unlisten = onAbort(signal, () => {
      if (!isRunning) resolve(ended({ why: 'cancelled' }))
    })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    unlisten()
    work.catch(() => {})
  }
}

function idOf({ vm }: Machine): { id?: string } {
  return vm.id === undefined ? {} : { id: vm.id }
}

/** Writes all that was kept where the result shows only some of it. */
async function spooled({ result, out, err }: MachineRun, spool: Spool): Promise<BashResult> {
  if (result.truncated !== true) return result
  const file = await spool.write(out, err)
  if (file !== undefined) result.spool = file
  return result
}

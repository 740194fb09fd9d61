/**
 * Counts the processes of a container from outside: nothing that runs inside can lie about that. It takes
 * an engine on this machine whose groups of processes can be read.
 */

import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from './engine'

/** What ends by itself is gone by then: the shell around a command that is over. */
const ROUNDS = 20
const ROUND_MS = 5

/** Where the kernel shows its groups; the older way has a tree for each of its controllers. */
const PLACES = [
  [/^\d+:(?:[\w=]+,)*pids(?:,[\w=]+)*:(.*)$/m, '/sys/fs/cgroup/pids'],
  [/^0::(.*)$/m, '/sys/fs/cgroup'],
  [/^0::(.*)$/m, '/sys/fs/cgroup/unified'],
] as const

/** That of one container. */
export class Census {
  readonly #file: string
  readonly #usual: number

  private constructor(file: string, usual: number) {
    this.#file = file
    this.#usual = usual
  }

  /**
   * Finds out how one can be counted, or gives nothing where it cannot be.
   *
   * @param expected processes when no command runs
   */
  static async of(engine: Engine, name: string, expected: number): Promise<Census | undefined> {
    if (engine.foreign || process.platform !== 'linux') return undefined
    const { code, out } = await engine.call(['inspect', '-f', '{{.Id}} {{.State.Pid}}', name])
    const [id = '', pid = ''] = out.trim().split(' ')
    if (code !== 0 || !/^[0-9a-f]{64}$/.test(id) || !/^[1-9]\d*$/.test(pid)) return undefined
    const groups = readOrNothing(`/proc/${pid}/cgroup`)
    for (const [pattern, tree] of PLACES) {
      const [, path = ''] = pattern.exec(groups) ?? []
      // On another machine the number is anybody's.
      if (!path.includes(id)) continue
      const file = `${tree}${path}/cgroup.procs`
      const all = numbersIn(readOrNothing(file))
      if (all.includes(pid)) return new Census(file, Math.min(expected, all.length))
    }
    return undefined
  }

  /** How many there are that no command should have left, once what is just ending has ended. */
  async strangers(): Promise<number> {
    for (let round = 1; ; round++) {
      const more = numbersIn(readOrNothing(this.#file)).length - this.#usual
      if (more <= 0 || round === ROUNDS) return Math.max(0, more)
      await sleep(ROUND_MS)
    }
  }
}

function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function numbersIn(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}

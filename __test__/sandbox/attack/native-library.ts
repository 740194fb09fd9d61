/** Attacks by system calls alone: a library that each runtime can be made to load. */

import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type AttackOptions,
  confined,
  type Ground,
  named,
  type Outcomes,
  type PeerKind,
  type RuntimeType,
  unconfined,
} from './arena'

const SOURCES = join(__dirname, 'fixtures', 'native')

/** Compiles the attacks once for a test file; `remove` is for its end. */
export class NativeLibrary {
  readonly #folder = realpathSync(mkdtempSync(join(tmpdir(), 'runlet-native-')))
  readonly path = join(this.#folder, 'attacks.so')

  constructor() {
    const sources = readdirSync(SOURCES)
      .filter((name) => name.endsWith('.c'))
      .map((name) => join(SOURCES, name))
    const how = ['-std=gnu11', '-O1', '-Wall', '-Werror', '-shared', '-fPIC', '-pthread']
    execFileSync('cc', [...how, '-o', this.path, ...sources])
  }

  /** Where the attacker finds it. */
  putInto(folder: string): string {
    const path = join(folder, 'attacks.so')
    cpSync(this.path, path)
    chmodSync(path, 0o755)
    return path
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** The input of the tool that makes native attacks. */
export interface NativeOrder {
  names: readonly string[]
  values?: Record<string, string | number>
}

/** Native attacks from inside the sandbox. */
export async function nativeConfined(
  library: NativeLibrary,
  runtimeType: RuntimeType,
  ground: Ground,
  { names, values = {} }: NativeOrder,
  options: AttackOptions = {},
): Promise<Outcomes> {
  const path = library.putInto(ground.data)
  const input = { library: path, names, values: { ...ground, ...values } }
  return told(await confined(runtimeType, ground, 'native', { ...options, input }))
}

/** The same from a plain run. */
export async function nativeUnconfined(
  library: NativeLibrary,
  kind: PeerKind,
  ground: Ground,
  { names, values = {} }: NativeOrder,
): Promise<Outcomes> {
  const path = library.putInto(ground.data)
  const input = { library: path, names, values: { ...ground, ...values } }
  return told(await unconfined(kind, ground, 'native', { input }))
}

function told(output: unknown): Outcomes {
  if (typeof output !== 'object' || output === null || !('native' in output)) {
    throw new Error(`the native attacks told nothing: ${JSON.stringify(output)}`)
  }
  return named(output.native as Record<string, number>)
}

/** What the tests of the virtual shell share: a workspace beside a secret, and a shell over it. */

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type {
  VirtualExec,
  VirtualOutcome,
  VirtualShell,
  VirtualShellOptions,
} from '../../ts/workspace/virtual-shell'

const { openVirtualShell } = require(
  join(__dirname, '../../dist/workspace/virtual.js'),
) as typeof import('../../ts/workspace/virtual')

const { nativeProgram } = require(
  join(__dirname, '../../dist/workspace/native/program.js'),
) as typeof import('../../ts/workspace/native/program')

/** Which engines there are to test. One that is not there is named, with the reason. */
export const ENGINES: ('native' | 'just-bash')[] =
  nativeProgram() === undefined ? ['just-bash'] : ['native', 'just-bash']

if (ENGINES.length < 2)
  console.log('not checked: the native engine is not built; "npm run build:bash" does it')

/** What is in the secret file, which lies beside the workspace. */
export const SECRET = 'nobody must read this'

export interface VirtualGround {
  /** The workspace, on the host. */
  readonly root: string
  /** The folder beside it; `secret.txt` is in it. */
  readonly outside: string
  readonly shell: VirtualShell
  run(script: string, options?: Partial<VirtualExec>): Promise<VirtualOutcome>
}

export async function onVirtualGround(
  work: (ground: VirtualGround) => Promise<void>,
  justBash: object = {},
  options: Partial<VirtualShellOptions> = {},
): Promise<void> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'runlet-virtual-')))
  const [root, outside] = [join(folder, 'workspace'), join(folder, 'outside')]
  mkdirSync(root)
  mkdirSync(outside)
  writeFileSync(join(outside, 'secret.txt'), SECRET)
  const sizes = { maxOutputBytes: 16 * 1024 * 1024, maxFileBytes: 64 * 1024 * 1024 }
  try {
    const shell = openVirtualShell({ root, ...sizes, justBash, ...options } as VirtualShellOptions)
    const run: VirtualGround['run'] = (script, more) =>
      shell.exec(script, { timeoutMs: 20_000, ...more })
    try {
      await work({ root, outside, shell, run })
    } finally {
      await shell.close()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The same on one engine. */
export const virtualGroundOn =
  (engine: (typeof ENGINES)[number]): typeof onVirtualGround =>
  (work, justBash = {}, options = {}) =>
    onVirtualGround(work, { engine, ...justBash }, options)

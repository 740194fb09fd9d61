/** For the tests of native tools: a folder with a root in it, and calls through the built package. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { callNativeTool as Call, NativeToolSettings } from '../../ts/tool/native'

// The runtime that will offer these by name is not there yet.
const built = require('../../dist/tool/native.js') as typeof import('../../ts/tool/native')

export const { NATIVE_TOOL_IDS, nativeInputSchema, nativeVerb } = built
export const callNativeTool: typeof Call = built.callNativeTool

/** A root with a place beside it. */
export interface Folder {
  /** The folder that holds both; no answer may name it. */
  readonly path: string
  readonly rootDir: string
  readonly outside: string
  write(path: string, contents: string): void
  link(path: string, target: string): void
  remove(): void
}

/** Makes a folder with `root/` and `outside/secret`. */
export function makeFolder(): Folder {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'runlet-native-')))
  const [rootDir, outside] = [join(path, 'root'), join(path, 'outside')]
  mkdirSync(rootDir)
  mkdirSync(outside)
  writeFileSync(join(outside, 'secret'), 'outside')
  const inside = (name: string) => {
    const full = join(rootDir, name)
    mkdirSync(dirname(full), { recursive: true })
    return full
  }
  return {
    path,
    rootDir,
    outside,
    write: (name, contents) => writeFileSync(inside(name), contents),
    link: (name, target) => symlinkSync(target, inside(name)),
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}

/** The output of a call that succeeds, or `code nativeCode reason` of one that fails. */
export async function called(
  id: string,
  input: unknown,
  settings: NativeToolSettings,
): Promise<Record<string, unknown> | string> {
  const answer = await callNativeTool(id, input, settings)
  if (answer.ok) return answer.output
  const { code, nativeCode, details } = answer.error
  return [code, nativeCode, details.reason].filter((part) => part !== undefined).join(' ')
}

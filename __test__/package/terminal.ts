// Runs what a document shows, on the runtime that runs the tests.

import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Example } from './documents'
import { readManifest, root } from './repository'

/** How long a program may take, and a test of one with what is around it. */
const LONGEST_MS = 60_000
export const EXAMPLE_MS = LONGEST_MS + 30_000

/** What a terminal would show, and the exit code. */
export interface Ended {
  code: number
  printed: string
}

/** Runs a program in a folder of its own, a command in the repository. */
export async function runExample({ kind, text, files }: Example): Promise<Ended> {
  const folder = mkdtempSync(join(tmpdir(), 'runlet-documents-'))
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
    return kind === 'program' ? await runProgram(text, folder) : await runCommand(text, folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The package is installed there as a user would have it, and so is the documents' validator. */
function runProgram(text: string, folder: string): Promise<Ended> {
  const modules = join(folder, 'node_modules')
  mkdirSync(modules)
  symlinkSync(root, join(modules, 'runlet'), 'junction')
  symlinkSync(join(root, 'node_modules', 'zod'), join(modules, 'zod'), 'junction')
  writeFileSync(join(folder, 'program.mjs'), text)
  return start(process.execPath, [join(folder, 'program.mjs')], folder, {})
}

/** `runlet` and `node` are this runtime; `npm start` is what it starts, without the build. */
function runCommand(text: string, folder: string): Promise<Ended> {
  for (const [name, script] of [
    ['node', ''],
    ['runlet', `"${join(root, 'dist', 'cli.js')}"`],
  ]) {
    const path = join(folder, `${name}`)
    writeFileSync(path, `#!/bin/sh\nexec "${process.execPath}" ${script} "$@"\n`)
    chmodSync(path, 0o755)
  }
  const command = text === 'npm start' ? `${readManifest().scripts?.start}` : text
  const PATH = `${folder}${delimiter}${process.env.PATH}`
  return start('sh', ['-c', `exec 2>&1\n${command}`], root, { PATH, LANG: 'C.UTF-8' })
}

function start(
  program: string,
  args: string[],
  cwd: string,
  env: Record<string, string>,
): Promise<Ended> {
  const options = { cwd, env: { ...process.env, NO_COLOR: '1', ...env }, timeout: LONGEST_MS }
  return new Promise((resolve) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      resolve({ code, printed: stdout + stderr })
    })
  })
}

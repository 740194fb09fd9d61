/** Hands variables to the client by a file that nobody else can read, never by its arguments. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { engineFailure } from './engine'

function write(env: Readonly<Record<string, string>>): { folder: string; file: string } {
  try {
    const folder = mkdtempSync(join(tmpdir(), 'runlet-env-'))
    const file = join(folder, 'env')
    const lines = Object.entries(env).map(([name, value]) => `${name}=${value}\n`)
    writeFileSync(file, lines.join(''), { mode: 0o600, flag: 'wx' })
    return { folder, file }
  } catch {
    // The system's words name the folder.
    throw engineFailure('run_failed', 'the file of environment variables could not be written')
  }
}

/** Lets `work` use the file, which is gone afterwards. Without variables there is none. */
export async function withEnvFile<T>(
  env: Readonly<Record<string, string>>,
  work: (file: string | undefined) => Promise<T>,
): Promise<T> {
  if (Object.keys(env).length === 0) return work(undefined)
  const { folder, file } = write(env)
  try {
    return await work(file)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

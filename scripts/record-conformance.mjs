// Records what a real bash prints for each conformance script, for the virtual shell to be compared with.
//
//   node scripts/record-conformance.mjs
//
// Each script runs in an empty temporary folder, with the bash and the tools of this machine. It should
// be bash 5.2 with GNU coreutils; the version is recorded too. stderr is not: its wording is nobody's
// contract.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './command.mjs'
import { filesBelow } from './sources.mjs'

const folder = join(root, '__test__', 'workspace', 'fixtures', 'conformance')

/** `{name, script}` of each program in a file: a line `#== name` begins one. */
function programsOf(file) {
  const group = file.slice(folder.length + 1).replace(/\.sh$/, '')
  const [, ...parts] = readFileSync(file, 'utf8').split(/^#== /m)
  return parts.map((part) => {
    const end = part.indexOf('\n')
    return { name: `${group}/${part.slice(0, end)}`, script: part.slice(end + 1) }
  })
}

function record({ name, script }) {
  const home = mkdtempSync(join(tmpdir(), 'runlet-conformance-'))
  try {
    const cwd = join(home, 'work')
    mkdirSync(cwd)
    const { status, stdout, error } = spawnSync('bash', ['--noprofile', '--norc', '-c', script], {
      cwd,
      env: { PATH: '/usr/bin:/bin', HOME: home, LC_ALL: 'C.UTF-8', TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 20_000,
      encoding: 'utf8',
    })
    if (error || status === null) throw new Error(`${name} did not end: ${error?.message}`)
    if (stdout.includes(home)) throw new Error(`${name} prints the temporary folder`)
    return { name, script, code: status, out: stdout }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

const programs = filesBelow(folder)
  .filter((file) => file.endsWith('.sh'))
  .sort()
  .flatMap(programsOf)
const names = new Set(programs.map(({ name }) => name))
if (names.size !== programs.length) throw new Error('two programs have one name')
const version = spawnSync('bash', ['-c', 'echo $BASH_VERSION'], { encoding: 'utf8' }).stdout.trim()
const recorded = { bash: version, programs: programs.map(record) }
writeFileSync(join(folder, 'recorded.json'), `${JSON.stringify(recorded, null, 2)}\n`)
console.log(`${programs.length} programs recorded with bash ${version}`)

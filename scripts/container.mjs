// Runs the tests of the sandbox once more as in a container: without capabilities, under a filter that
// refuses namespaces and the descriptors of other processes (__test__/sandbox/container/enter.c).
// Connections have to be made in another way there. Says which one was used, and fails if it is not the
// one that such a container leaves.
//
//   node scripts/container.mjs [--all]
//
//   --all   the files, too, that an ordinary run leaves out
//
// It needs Linux and a C compiler. Where there is none the tests are skipped with the reason; where CI
// is set they fail.

import { chmodSync, chownSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { release, tmpdir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { capture, packageScript, root, run } from './command.mjs'
import { filesBelow } from './sources.mjs'
import { addTotals, finish, jestTotals } from './totals.mjs'

const NOBODY = 65534
const tests = join(root, '__test__', 'sandbox')
const launcher = join(tests, 'container', 'enter.c')

/** Files that a container changes nothing for; the rest run, new ones, too. */
const leftOut = {
  'kernel-surface': 'calls that the filter refuses, here as elsewhere',
  libraries: 'files that Landlock refuses, here as elsewhere',
  outliving: 'ends of processes, which no supervisor has a part in',
  'outside-files': 'files that Landlock refuses, here as elsewhere',
  'replaced-worker': 'files that Landlock refuses, here as elsewhere',
  'watched-files': 'files that Landlock refuses, here as elsewhere',
}

/** Of those, for the second container: what its refusal of foreign memory changes nothing for. */
const alike = {
  'other-processes': 'done in the first container; calls that the filter refuses',
  processes: 'done in the first container; calls that the filter refuses',
  'real-programs': 'done in the first container',
  'resolved-addresses': 'done in the first container; judged after the address was read',
  sockets: 'done in the first container; calls that the filter refuses',
}

const nameOf = (file) => basename(file, '.test.ts')

/** What is run, and what is not for a reason. */
function choose(files, ...reasons) {
  const all = Object.assign({}, ...reasons)
  return {
    chosen: files.filter((file) => !Object.hasOwn(all, nameOf(file))),
    out: files
      .filter((file) => Object.hasOwn(all, nameOf(file)))
      .map((file) => [file, all[nameOf(file)]]),
  }
}

/** The way to a child's sockets that is left: one must be able to make them, which came with 5.14. */
function expected() {
  const [major, minor] = release().split('.').map(Number)
  return major > 5 || (major === 5 && minor >= 14) ? 'held' : 'replace'
}

/** Prints how connections are made, as the package sees it. */
const question = `
const { createToolRuntime } = require(process.argv[1])
console.log(createToolRuntime({ permissions: ['-A'] }).capabilities().userNotify)
`

function broken(note) {
  return { passed: 0, failed: 1, skipped: 0, note, failures: [`container: ${note}`] }
}

/** The tests in one container. */
async function contained({ name, uid, variant }, { enter, files: { chosen, out }, folder }) {
  console.log(`\n-- ${name}`)
  const inside = (args) => [String(uid), variant, process.execPath, ...args]
  const own = mkdtempSync(join(folder, 'own-'))
  if (process.getuid() === 0) chownSync(own, uid, uid)
  const used = capture(enter, inside(['-e', question, root]), { cwd: '/' })
  const way = used.stdout.trim()
  if (used.code !== 0) return broken(`${name}: the package does not load: ${used.stderr.trim()}`)
  console.log(`connections are made by: ${way} (expected: ${expected()})`)
  for (const [file, why] of out) console.log(`left out: ${relative(tests, file)} (${why})`)
  const report = join(own, 'report.json')
  const jest = [packageScript('jest', 'jest'), '--json', `--outputFile=${report}`]
  const env = { TMPDIR: own, HOME: own, RUNLET_TEST_CONTAINER: expected() }
  const { code } = await run(enter, inside([...jest, '--runTestsByPath', ...chosen]), { env })
  const totals = (() => {
    try {
      return jestTotals(readFileSync(report, 'utf8'))
    } catch {
      return undefined
    }
  })()
  if (!totals) return broken(`${name}: ended with exit code ${code} and printed no totals`)
  if (way !== expected()) return { ...totals, failed: totals.failed + 1, note: `made by ${way}` }
  if (code !== 0 && totals.failed === 0) return { ...totals, failed: 1, note: `exit code ${code}` }
  return { ...totals, note: `${name}: ${way}` }
}

/** Why nothing of it can be run here; undefined where it can. */
function compile(enter) {
  if (process.platform !== 'linux') return `containers are Linux, and this is ${process.platform}`
  const flags = ['-std=gnu11', '-O1', '-Wall', '-Wextra', '-Werror', '-o', enter, launcher]
  const built = capture('cc', flags)
  return built.code === 0 ? undefined : `no C compiler: ${built.stderr.trim()}`
}

/** Who runs in which container. */
function containers(enter) {
  const self = process.getuid()
  const elder = {
    name: 'root without capabilities, foreign memory refused',
    uid: 0,
    variant: 'elder',
  }
  if (self !== 0) {
    return [
      { name: 'this user', uid: self, variant: 'current' },
      { ...elder, name: 'this user, foreign memory refused', uid: self },
    ]
  }
  const loads = capture(
    enter,
    [String(NOBODY), 'current', process.execPath, '-e', `require(${JSON.stringify(root)})`],
    { cwd: '/' },
  )
  if (loads.code === 0) return [{ name: 'nobody', uid: NOBODY, variant: 'current' }, elder]
  console.log(`not run as nobody, who cannot load the package: ${loads.stderr.split('\n')[0]}`)
  return [{ name: 'root without capabilities', uid: 0, variant: 'current' }, elder]
}

async function main() {
  const started = Date.now()
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'runlet-container-')))
  chmodSync(folder, 0o755)
  const enter = join(folder, 'enter')
  let row
  try {
    const why = compile(enter)
    if (why === undefined) {
      const all = process.argv.includes('--all')
      const files = filesBelow(tests).filter((file) => file.endsWith('.test.ts'))
      const [first, second] = containers(enter)
      const rows = [
        await contained(first, { enter, folder, files: choose(files, all ? {} : leftOut) }),
        await contained(second, {
          enter,
          folder,
          files: choose(files, all ? {} : leftOut, all ? {} : alike),
        }),
      ]
      row = { ...addTotals(rows), note: rows.map((one) => one.note).join('; ') }
    } else {
      console.log(why)
      const counts = process.env.CI ? { failed: 1, skipped: 0 } : { failed: 0, skipped: 1 }
      row = { passed: 0, ...counts, note: why.split('\n')[0] }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  finish([{ runner: 'container', ...row, seconds: (Date.now() - started) / 1000 }])
}

await main()

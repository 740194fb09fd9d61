// Runs the tests of the sandbox once more as in a container: without capabilities, under a filter that
// refuses namespaces and the descriptors of other processes (__test__/sandbox/container/enter.c).
// Connections have to be made in another way there. Says which one was used, and fails if it is not the
// one that such a container leaves. Two more, which leave none, show that what cannot be kept is refused.
//
//   node scripts/container.mjs [--all]
//
//   --all   the files, too, that an ordinary run leaves out
//
// It needs Linux and a C compiler. Where there is none the tests are skipped with the reason; where CI
// is set they fail.

import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
} from 'node:fs'
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
function choose(files, reasons) {
  const isOut = (file) => Object.hasOwn(reasons, nameOf(file))
  return {
    chosen: files.filter((file) => !isOut(file)),
    out: files.filter(isOut).map((file) => [file, reasons[nameOf(file)]]),
  }
}

/** The way to a child's sockets that is left: one must be able to make them, which came with 5.14. */
function leftHere() {
  const [major, minor] = release().split('.').map(Number)
  return major > 5 || (major === 5 && minor >= 14) ? 'held' : 'replace'
}

/** What a container leaves where no connection can be judged, and where no process can be confined. */
const NO_WAY = 'no way to sockets'
const NOTHING = 'nothing'

/** Prints how connections are made, as the package sees it. */
const question = `
const { createToolRuntime } = require(process.argv[1])
console.log(createToolRuntime({ permissions: ['-A'] }).capabilities().userNotify)
`

function broken(note) {
  return { passed: 0, failed: 1, skipped: 0, note, failures: [`container: ${note}`] }
}

/** The tests in one container. */
async function contained({ name, uid, variant, left, files: { chosen, out } }, { enter, folder }) {
  console.log(`\n-- ${name}`)
  const inside = (args) => [String(uid), variant, process.execPath, ...args]
  const own = mkdtempSync(join(folder, 'own-'))
  if (process.getuid() === 0) chownSync(own, uid, uid)
  const used = capture(enter, inside(['-e', question, root]), { cwd: '/' })
  if (used.code !== 0) return broken(`${name}: the package does not load: ${used.stderr.trim()}`)
  const way = used.stdout.trim()
  const wanted = [NO_WAY, NOTHING].includes(left) ? 'null' : left
  console.log(`connections are made by: ${way} (expected: ${wanted})`)
  for (const [file, why] of out) console.log(`left out: ${relative(tests, file)} (${why})`)
  const report = join(own, 'report.json')
  const jest = [packageScript('jest', 'jest'), '--json', `--outputFile=${report}`]
  const env = { TMPDIR: own, HOME: own, RUNLET_TEST_CONTAINER: left }
  const { code } = await run(enter, inside([...jest, '--runTestsByPath', ...chosen]), { env })
  const totals = existsSync(report) ? jestTotals(readFileSync(report, 'utf8')) : undefined
  if (!totals) return broken(`${name}: ended with exit code ${code} and printed no totals`)
  if (way !== wanted) return addTotals([totals, broken(`${name}: made by ${way}, not ${wanted}`)])
  if (code !== 0 && totals.failed === 0) return { ...totals, failed: 1, note: `exit code ${code}` }
  return { ...totals, note: `${name}: ${left}` }
}

/** Why nothing of it can be run here; undefined where it can. */
function compile(enter) {
  if (process.platform !== 'linux') return `containers are Linux, and this is ${process.platform}`
  const flags = ['-std=gnu11', '-O1', '-Wall', '-Wextra', '-Werror', '-o', enter, launcher]
  const built = capture('cc', flags)
  return built.code === 0 ? undefined : `no C compiler: ${built.stderr.trim()}`
}

/** Who runs what in which container. */
function containers(enter, all) {
  const self = process.getuid()
  const root = self === 0
  const files = filesBelow(tests).filter((file) => file.endsWith('.test.ts'))
  const [most, fewer] = all ? [{}, {}] : [leftOut, { ...leftOut, ...alike }]
  const refused = files.filter((file) => nameOf(file) === 'fall-back')
  const one = (name, variant, uid, left, chosen) => ({ name, variant, uid, left, files: chosen })
  const [first, uid] = root && nobodyLoads(enter) ? ['nobody', NOBODY] : ['the same user', self]
  return [
    one(`${first}, without capabilities`, 'current', uid, leftHere(), choose(files, most)),
    one('the same user, foreign memory refused', 'elder', self, leftHere(), choose(files, fewer)),
    one('foreign descriptors refused in every way', 'closed', uid, NO_WAY, choose(refused, {})),
    one('under a manager that supervises', 'managed', uid, NOTHING, choose(refused, {})),
  ]
}

function nobodyLoads(enter) {
  const load = ['-e', 'require(process.argv[1])', root]
  const loads = capture(enter, [String(NOBODY), 'current', process.execPath, ...load], { cwd: '/' })
  if (loads.code === 0) return true
  console.log(`not run as nobody, who cannot load the package: ${loads.stderr.trim()}`)
  return false
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
      const rows = []
      for (const one of containers(enter, process.argv.includes('--all'))) {
        rows.push(await contained(one, { enter, folder }))
      }
      row = { ...addTotals(rows), note: rows.flatMap((one) => one.note ?? []).join('; ') }
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

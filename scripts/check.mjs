// Every check that reads code without running it: format, lint, types, licences, revisions. What CI
// runs is this.
//
//   node scripts/check.mjs [NAME …]     all if none is named
//
// Warnings become errors where CI is set, so that work in progress is not stopped by one.

import { packageScript, run } from './command.mjs'
import { finish } from './totals.mjs'

const strict = Boolean(process.env.CI)

const tsc = (...args) => [process.execPath, packageScript('typescript', 'tsc'), ...args]
const clippy = (...args) => {
  const warnings = strict ? ['--', '-D', 'warnings'] : []
  return ['cargo', 'clippy', '--locked', ...args, ...warnings]
}

const checks = {
  biome: {
    title: 'format and lint of TypeScript, JavaScript and JSON (biome)',
    command: [
      process.execPath,
      packageScript('@biomejs/biome', 'biome'),
      'check',
      ...(strict ? ['--error-on-warnings'] : []),
      '.',
    ],
  },
  face: { title: 'types of the face (tsc)', command: tsc('-p', 'tsconfig.json', '--noEmit') },
  types: { title: 'types of the tests and of the contract (tsc)', command: tsc('-p', '__test__') },
  engine: {
    title: 'revision of the JavaScript engine',
    command: [process.execPath, 'scripts/engine-revision.mjs'],
  },
  notices: {
    title: 'licences of what is linked in',
    command: [process.execPath, 'scripts/third-party-notices.mjs', '--check'],
  },
  fmt: { title: 'format of Rust (rustfmt)', command: ['cargo', 'fmt', '--check'] },
  // Without the test targets: there napi registers nothing, so all of src/node would count as unused.
  clippy: { title: 'lint of the addon (clippy)', command: clippy('--lib') },
  core: {
    title: 'lint of the core without napi, and of its tests (clippy)',
    command: clippy('--no-default-features', '--features', 'engine-process', '--all-targets'),
  },
  bash: {
    title: 'lint of the virtual bash (clippy)',
    // The profile it is built with, whose dependencies are there already.
    command: clippy('--package', 'runlet-bash', '--profile', 'bash', '--all-targets'),
  },
}

const named = process.argv.slice(2)
const unknown = named.find((name) => !Object.hasOwn(checks, name))
if (unknown !== undefined) {
  console.error(`unknown check "${unknown}"; there are ${Object.keys(checks).join(', ')}`)
  process.exit(2)
}

const rows = []
for (const name of named.length > 0 ? named : Object.keys(checks)) {
  const { title, command } = checks[name]
  console.log(`\n== ${title}`)
  const started = Date.now()
  const [program, ...args] = command
  const { code, startError } = await run(program, args)
  const ok = code === 0
  if (startError) console.error(`${program} could not be started: ${startError.message}`)
  console.log(ok ? 'clean' : `failed with exit code ${code}`)
  const row = { runner: `check ${name}`, passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 }
  rows.push({ ...row, seconds: (Date.now() - started) / 1000 })
}
finish(rows)

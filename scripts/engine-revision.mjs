// Checks that the engine cargo would build is the one docs/engine-revision.md speaks of: the
// sha256 of every C source that ends up in the addon, against scripts/engine-revision.json.
//
//   node scripts/engine-revision.mjs            exit 0 when all match, 1 when any differs
//   node scripts/engine-revision.mjs --print    prints what is resolved now, in the record's form
//
// The version macro in quickjs.h cannot serve for this: it stays the same for months of commits.

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { capture, root } from './command.mjs'

const CRATE = 'rquickjs-sys'
const record = JSON.parse(readFileSync(join(root, 'scripts', 'engine-revision.json'), 'utf8'))

/** Ends the script with what is wrong, on stderr. */
function fail(lines, code = 1) {
  for (const line of lines) console.error(line)
  process.exit(code)
}

/** Version and folder of the engine crate that Cargo.lock resolves to. */
function resolved() {
  // `--locked`: the lock file decides what is built, so it must not move under the check.
  const args = ['metadata', '--format-version', '1', '--locked']
  const { code, stdout, stderr } = capture('cargo', args)
  if (code !== 0) fail([`cargo metadata failed with exit code ${code}`, stderr.trim()])
  const found = JSON.parse(stdout).packages.filter((item) => item.name === CRATE)
  if (found.length !== 1) {
    fail([`cargo resolves ${found.length} versions of ${CRATE}; exactly one is expected`])
  }
  const [{ version, manifest_path: manifest }] = found
  return { version, sources: join(dirname(manifest), 'quickjs') }
}

/** Not compiled into the addon: the engine's command line tools, their library, its own tests. */
const tools =
  /^(api-test|ctest|fuzz|lre-test|qjs|qjsc|qjs-wasi-reactor|quickjs-libc|run-test262|unicode_gen|unicode_gen_def)\.[ch]$/

/** sha256 in hex of every engine source in `folder`, by file name, in a fixed order. */
function hashes(folder) {
  const names = readdirSync(folder).filter((name) => /\.[ch]$/.test(name) && !tools.test(name))
  return Object.fromEntries(
    names.sort().map((name) => {
      const hash = createHash('sha256').update(readFileSync(join(folder, name)))
      return [name, hash.digest('hex')]
    }),
  )
}

const options = process.argv.slice(2)
const unknown = options.find((option) => option !== '--print')
if (unknown !== undefined) fail([`unknown option "${unknown}"; there is --print`], 2)

const { version, sources } = resolved()
const files = hashes(sources)

if (options.includes('--print')) {
  console.log(JSON.stringify({ crate: CRATE, version, commit: record.commit, files }, null, 2))
  process.exit(0)
}

const wrong = []
if (version !== record.version) {
  wrong.push(`${CRATE} is ${version}, the record is of ${record.version}`)
}
for (const name of new Set([...Object.keys(record.files), ...Object.keys(files)])) {
  if (!(name in files)) wrong.push(`${name} is gone`)
  else if (!(name in record.files)) wrong.push(`${name} is new: ${files[name]}`)
  else if (files[name] !== record.files[name]) {
    wrong.push(`${name} has sha256 ${files[name]}, recorded is ${record.files[name]}`)
  }
}
if (wrong.length > 0) {
  fail([
    'the engine sources are not the recorded ones:',
    ...wrong.map((line) => `  ${line}`),
    'docs/engine-revision.md says how to move to another revision',
  ])
}
const count = Object.keys(files).length
console.log(
  `engine: ${CRATE} ${version}, quickjs-ng ${record.commit}, ${count} sources as recorded`,
)

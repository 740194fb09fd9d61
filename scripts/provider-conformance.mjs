// Tries the conformance kit on every runtime that this machine has, and prints what came of it.
//
//   node scripts/provider-conformance.mjs [--publish] [--install] [NAME …]     all if none is named
//
// --publish writes docs/conformance.md, and only takes a run of all of them. --install has apt-get fetch
// what containers and virtual machines lack. The cases that a runtime of
// ours cannot hold are in __test__/workspace/kit/skips.json, each with its reason.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './command.mjs'
import { startEngine } from './docker-engine.mjs'
import { gondolinPlace, tryKit } from './gondolin-place.mjs'

const require = createRequire(import.meta.url)
const { createRuntime } = require('../dist/index.js')
const { caseNames, providerOf, testRuntimeProvider } = require('../dist/testing.js')
const { dockerRuntime } = require('../dist/docker.js')
const { nativeProgram } = require('../dist/workspace/native/program.js')
const skips = JSON.parse(
  readFileSync(join(root, '__test__', 'workspace', 'kit', 'skips.json'), 'utf8'),
)
const still = skips['nothing warm']

const nothing = () => {}
const logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }

const builtIn = (options) =>
  providerOf((scope) =>
    createRuntime({ root: scope.root, runtimeScope: scope, logger, ...options }),
  )

const onLinux = () =>
  process.platform === 'linux' ? undefined : 'commands run on the host on Linux only'

/** What there is to try: by `result`, or in this process, where `missing` says why it cannot be. */
const runtimes = [
  {
    name: 'host-bash',
    missing: onLinux,
    make: () => ({ provider: builtIn({ name: 'host-bash' }), skip: still }),
  },
  {
    name: 'guarded-bash',
    note: 'with somebody who approves',
    missing: onLinux,
    make: () => ({
      provider: builtIn({ name: 'guarded-bash', guard: { onApproval: () => true } }),
      skip: still,
    }),
  },
  {
    name: 'just-bash/native',
    note: 'the virtual shell on its own engine',
    missing: () => (nativeProgram() ? undefined : 'the program runlet-bash has not been built'),
    make: () => ({
      provider: builtIn({ name: 'just-bash', justBash: { engine: 'native' } }),
      skip: { ...still, ...skips.native },
    }),
  },
  {
    name: 'just-bash/npm',
    note: 'the virtual shell on the npm package just-bash',
    missing: () =>
      existsSync(join(root, 'node_modules', 'just-bash'))
        ? undefined
        : 'the package just-bash is not installed',
    make: () => ({
      provider: builtIn({ name: 'just-bash', justBash: { engine: 'just-bash' } }),
      skip: { ...still, ...skips['just-bash'] },
    }),
  },
  { name: 'docker', note: 'containers', result: inContainers },
  { name: 'gondolin', note: 'virtual machines', result: inMachines },
]

/** A search of the whole space below the limits takes some machines a while. */
const PATIENCE = { caseTimeoutMs: 120_000 }

async function inContainers(folder) {
  const engine = await startEngine({ install })
  if (engine.why !== undefined) return { why: engine.why.split('\n')[0] }
  Object.assign(process.env, engine.env)
  const terms = { image: engine.image, pull: 'never', prefix: 'runlet-kit' }
  const made = (more) => dockerRuntime({ ...terms, ...more })
  const failing = made({ image: 'runlet-kit/there-is-no-such-image' })
  const idling = { provider: made({ idleMs: 1_000 }), idleMs: 1_000 }
  try {
    const options = { root: folder, skip: skips.docker ?? {}, failing, idling, ...PATIENCE }
    return await testRuntimeProvider(made({}), options)
  } finally {
    await idling.provider.close()
    await failing.close()
    await engine.stop()
  }
}

async function inMachines(folder) {
  const place = await gondolinPlace({ install })
  if (place.why !== undefined) return { why: place.why }
  const { code, result } = await tryKit(place, folder)
  if (result === undefined) throw new Error(`the kit ended with exit code ${code} and no result`)
  return result
}

/** In this process. */
async function here({ missing, make }, folder) {
  const why = missing()
  if (why !== undefined) return { why }
  const { provider, skip } = make()
  return testRuntimeProvider(provider, { root: folder, skip, ...PATIENCE })
}

async function tried(runtime) {
  const folder = mkdtempSync(join(tmpdir(), 'runlet-kit-'))
  try {
    return {
      name: runtime.name,
      ...(await (runtime.result ?? ((at) => here(runtime, at)))(folder)),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const escaped = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ').slice(0, 300)

function rowOf({ name, why, passed, failed, skipped }) {
  const { note } = runtimes.find((runtime) => runtime.name === name)
  const title = note === undefined ? name : `${name}, ${note}`
  if (why !== undefined) return `| ${title} | not tried: ${escaped(why)} | | |`
  return `| ${title} | ${passed.length} | ${failed.length} | ${skipped.length} |`
}

function document(results) {
  const open = results.filter(({ why }) => why === undefined)
  const list = (kind) =>
    open.flatMap((result) =>
      result[kind].map(
        ({ case: row, reason }) => `| ${row} | ${result.name} | ${escaped(reason)} |`,
      ),
    )
  const failed = list('failed')
  const areas = [...new Set(caseNames().map((name) => name.split('/')[0]))]
  const inArea = (names, area) => names.filter((name) => name.startsWith(`${area}/`)).length
  const areaRows = areas.map((area) => {
    const cells = open.map(({ passed }) => inArea(passed, area))
    return `| ${area} | ${inArea(caseNames(), area)} | ${cells.join(' | ')} |`
  })
  return `# What every runtime holds

Made by \`scripts/provider-conformance.mjs\`; do not edit.

The ${caseNames().length} cases of \`testRuntimeProvider\` from \`runlet/testing\`, tried on the runtimes of this package. A
provider of your own can be tried in the same way, see [below](#a-provider-of-your-own).

| runtime | passed | failed | left out |
|---|---|---|---|
${results.map(rowOf).join('\n')}

| cases of | all | ${open.map(({ name }) => name).join(' | ')} |
|---|---|${open.map(() => '---|').join('')}
${areaRows.join('\n')}

## Failed

${failed.length === 0 ? 'None.' : `| case | runtime | reason |\n|---|---|---|\n${failed.join('\n')}`}

## Left out

| case | runtime | reason |
|---|---|---|
${list('skipped').join('\n')}

## A provider of your own

\`\`\`js
import { providerOf, testRuntimeProvider } from 'runlet/testing'
import { createRuntime } from 'runlet'

const logger = { debug() {}, info() {}, warn() {}, error() {} }
const provider = providerOf((scope) =>
  createRuntime({ root: scope.root, runtimeScope: scope, name: 'host-bash', logger }),
)
const { passed, failed, skipped } = await testRuntimeProvider(provider, {
  root: 'kit',
  only: ['bash/result', 'escape/parent', 'events/first-and-later'],
  skip: { 'events/first-and-later': 'it keeps nothing warm' },
})
console.log(passed.join(', '), failed.length)
for (const { case: name, reason } of skipped) console.log(\`\${name}: \${reason}\`)
\`\`\`

\`\`\`text
bash/result, escape/parent 0
events/first-and-later: it keeps nothing warm
\`\`\`

\`describeRuntimeProvider(name, makeProvider, { describe, it, afterAll, root })\` makes a test of each case, with
whatever test library the functions are from. A runtime can be tried in place of a provider; an operation
or a method that is missing is left out, and said so. The provider is closed at the end.
`
}

const [options, named] = [
  process.argv.slice(2).filter((word) => word.startsWith('--')),
  process.argv.slice(2).filter((word) => !word.startsWith('--')),
]
const publishes = options.includes('--publish')
const install = options.includes('--install')
const unknown = [
  ...options.filter((word) => !['--publish', '--install'].includes(word)),
  ...named.filter((name) => !runtimes.some((runtime) => runtime.name === name)),
]
if (unknown.length > 0 || (publishes && named.length > 0)) {
  const names = runtimes.map(({ name }) => name).join(', ')
  console.error(
    `usage: node scripts/provider-conformance.mjs [--publish] [--install] [NAME …]\nNAME: ${names}`,
  )
  process.exit(2)
}

const results = []
for (const runtime of runtimes) {
  if (named.length > 0 && !named.includes(runtime.name)) continue
  const result = await tried(runtime)
  results.push(result)
  const { name, why, passed = [], failed = [], skipped = [] } = result
  if (why !== undefined) console.log(`${name}: not tried: ${why}`)
  else console.log(`${name}: ${passed.length} passed, ${failed.length} failed`)
  for (const { case: row, reason } of failed) console.log(`  failed: ${row}: ${reason}`)
  for (const { case: row, reason } of skipped) console.log(`  left out: ${row}: ${reason}`)
  if (failed.length > 0) process.exitCode = 1
}
if (publishes) writeFileSync(join(root, 'docs', 'conformance.md'), document(results))

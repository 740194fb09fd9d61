// Very many runs of all kinds in one process, then very many calls of tools: every outcome is checked,
// and nothing may be left behind. Then, where they are, the long forms of the sanitizers.
//
//   node scripts/soak.mjs [--runs N] [--seed S] [--cold N] [--warm N] [--only runs|tools|sanitizer]

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root, run } from './command.mjs'

const USAGE = `node scripts/soak.mjs [options]

  --runs N     how many runs; default 1000000
  --seed S     what chooses them, 0 to 4294967295; default 1
  --cold N     calls of tools that start a process each; default 1000
  --warm N     calls of tools that find one idle; default 10000
  --only PART  runs, tools, or sanitizer; default all
`
/** What resident memory may grow by, MiB: ten times what 100,000 runs and more vary by. */
const MAX_GROWTH_MIB = 32
const SANITIZER = 'scripts/sanitize.mjs'
const PARTS = ['runs', 'tools', 'sanitizer']
/** The same for calls of tools, whose logs and results pass through the host. */
const MAX_TOOL_GROWTH_MIB = 32

function wholeNumber(name, text, min, max) {
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= min && number <= max) return number
  throw new Error(`--${name} is "${text}": accepted are whole numbers from ${min} to ${max}`)
}

function readArguments() {
  const text = { type: 'string' }
  const { values } = parseArgs({
    options: {
      runs: text,
      seed: text,
      cold: text,
      warm: text,
      only: text,
      help: { type: 'boolean' },
    },
  })
  if (values.only !== undefined && !PARTS.includes(values.only)) {
    throw new Error(`--only is "${values.only}": accepted are ${PARTS.join(', ')}`)
  }
  return {
    help: values.help === true,
    runs: wholeNumber('runs', values.runs ?? '1000000', 1000, 1e9),
    cold: wholeNumber('cold', values.cold ?? '1000', 100, 1e7),
    warm: wholeNumber('warm', values.warm ?? '10000', 100, 1e7),
    seed: wholeNumber('seed', values.seed ?? '1', 0, 2 ** 32 - 1),
    parts: values.only === undefined ? PARTS : [values.only],
  }
}

function printTable(codes) {
  for (const [name, counted] of Object.entries(codes)) {
    const cells = Object.entries(counted).map(([code, count]) => `${code} ${count}`)
    console.log(`  ${name.padEnd(28)} ${cells.join(', ')}`)
  }
}

async function soakRuns({ runs, seed }) {
  const { soak } = await import('./soak/soak.mjs')
  console.log(`${runs} runs, seed ${seed}`)
  let told = 0
  const onProgress = ({ done, seconds, resident }) => {
    if (++told % 10 !== 0) return
    const rate = (done / seconds).toFixed(0)
    console.log(`  ${done} runs, ${seconds.toFixed(0)} s, ${rate}/s, ${resident.toFixed(1)} MiB`)
  }
  const report = await soak({ runs, seed, maxGrowthMiB: MAX_GROWTH_MIB, onProgress })
  const sum = (key) => report.stats.reduce((total, stats) => total + stats[key], 0)
  console.log(
    `\n${runs} runs in ${report.seconds.toFixed(1)} s, ${(runs / report.seconds).toFixed(0)}/s`,
  )
  console.log(
    `stopped by the flag ${sum('interrupts')}, by force ${sum('hardKills')}, cache hits ${sum('cacheHits')}`,
  )
  printTable(report.codes)
  const { threads, files } = report.counts
  console.log(`threads ${threads ?? 'not counted: no /proc'}, open files ${files ?? 'not counted'}`)
  console.log(`resident MiB by tenths: ${report.resident.map((mib) => mib.toFixed(1)).join(' ')}`)
  console.log(
    `growth from the second tenth to the last: ${report.growthMiB.toFixed(1)} MiB of ${MAX_GROWTH_MIB}`,
  )
}

async function soakCalls({ cold, warm }) {
  const { soakTools } = await import('./soak/tools.mjs')
  for (const runtimeType of ['bun', 'node']) {
    for (const [kind, calls] of [
      ['cold', cold],
      ['warm', warm],
    ]) {
      console.log(`\n${calls} ${kind} calls of tools on ${runtimeType}`)
      let told = 0
      const onProgress = ({ done, seconds, resident }) => {
        if (++told % 10 !== 0) return
        const rate = (done / seconds).toFixed(0)
        console.log(
          `  ${done} calls, ${seconds.toFixed(0)} s, ${rate}/s, ${resident.toFixed(1)} MiB`,
        )
      }
      const report = await soakTools({
        runtimeType,
        calls,
        warm: kind === 'warm',
        maxGrowthMiB: MAX_TOOL_GROWTH_MIB,
        onProgress,
      })
      printTable({ [kind]: report.codes })
      const { hits, misses } = report.pool
      if (kind === 'warm') console.log(`  found an idle worker ${hits}, did not ${misses}`)
      const { threads, files } = report.counts
      console.log(
        `  threads ${threads ?? 'not counted: no /proc'}, open files ${files ?? 'not counted'}`,
      )
      const growth = report.growthMiB.toFixed(1)
      console.log(`  growth of resident memory ${growth} MiB of ${MAX_TOOL_GROWTH_MIB}`)
    }
  }
}

async function runSanitizer(named) {
  if (!existsSync(join(root, SANITIZER))) {
    console.log(`sanitizer: not run, there is no ${SANITIZER}`)
    // Asked for by name, that is a failure.
    if (named) process.exitCode = 1
    return
  }
  const { code } = await run(process.execPath, [SANITIZER, '--long'])
  if (code !== 0) throw new Error(`${SANITIZER} --long ended with exit code ${code}`)
}

async function main() {
  const { help, parts, ...options } = readArguments()
  if (help) {
    process.stdout.write(USAGE)
    return
  }
  if (parts.includes('runs')) await soakRuns(options)
  if (parts.includes('tools')) await soakCalls(options)
  if (parts.includes('sanitizer')) await runSanitizer(parts.length === 1)
}

main().catch((error) => {
  console.error(error.message)
  // What is still running must not keep a failed soak alive.
  process.exit(error.code?.startsWith?.('ERR_PARSE_ARGS') || error.message.startsWith('--') ? 2 : 1)
})

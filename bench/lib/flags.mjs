/**
 * The command line of the benchmark: what is accepted, and a clear word about what is not.
 * @module
 */
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { peerIds } from './peers.mjs'
import { workloads } from './workloads.mjs'

/** Results lie beside the benchmark, wherever it is started from. */
const fileAt = (path) =>
  relative(process.cwd(), fileURLToPath(new URL(`../../${path}`, import.meta.url)))
const resultFile = (name) => fileAt(`bench/results/${name}`)

const workloadNames = [...new Set(workloads.flatMap(({ group, id }) => [group, id]))]

export const help = `Measures runlet beside the sandboxes one would pick instead.

  npm run bench -- [options]

Options
  --quick              one process per cell and about a tenth of the samples; for a first look,
                       not for figures to publish; leaves out 10 MB JSON, the loops and the
                       one-liners
  --loops              add the runaway loops and the hostile one-liners to a quick pass
  --only=PEER,...      measure these peers beside runlet
                       ${listed(peerIds)}
  --workload=NAME,...  measure these workloads, or groups of them
                       ${listed(workloadNames)}
  --out=FILE           where the figures go, default bench/results/codelets.json;
                       the raw samples go beside it as .jsonl
  --svg=FILE           where the chart goes, default bench/results/codelets.svg
  --publish            put the figures into docs: benchmarks.json, .svg and .md; needs every
                       peer and every workload, so no --only and no --workload
  --help               this text

One cell runs at a time, each in a fresh process, the peers in turns. Keep the machine idle.
The peers are installed into bench/peers when they are missing (about 230 MB): node_modules by npm,
python_modules by pip. Targets are printed as met or missed and decide no exit code.
`

function listed(names) {
  const lines = ['']
  for (const name of names) {
    if (lines.at(-1).length + name.length > 66) lines.push('')
    lines[lines.length - 1] += `${name} `
  }
  return lines.map((line) => line.trim()).join(`\n${' '.repeat(23)}`)
}

/** A wrong command line; the message says what was wrong and what is accepted. */
export class UsageError extends Error {}

function choose(option, text, accepted) {
  if (text === undefined) return undefined
  const chosen = text.split(',').map((name) => name.trim())
  for (const name of chosen) {
    if (accepted.includes(name)) continue
    throw new UsageError(`--${option}: "${name}" is not known; accepted are ${accepted.join(', ')}`)
  }
  return chosen
}

function fileName(option, text, fallback) {
  if (text === undefined) return fallback
  if (text.trim() === '') throw new UsageError(`--${option} needs a file name`)
  return text
}

function parse(args) {
  try {
    return parseArgs({
      args,
      strict: true,
      allowPositionals: false,
      options: {
        quick: { type: 'boolean', default: false },
        loops: { type: 'boolean', default: false },
        publish: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        only: { type: 'string' },
        workload: { type: 'string' },
        out: { type: 'string' },
        svg: { type: 'string' },
      },
    }).values
  } catch (error) {
    throw new UsageError(`${error.message.split('. To specify')[0]}\nTry --help.`)
  }
}

/** What is published is one pass: a page with some of its rows would be read as the whole. */
function refuseHalfPublished(values) {
  if (!values.publish) return
  for (const option of ['only', 'workload', 'out', 'svg']) {
    if (values[option] === undefined) continue
    throw new UsageError(`--publish and --${option} exclude each other`)
  }
}

function outputs(values) {
  const lines = resultFile('codelets.jsonl')
  if (values.publish) {
    const page = fileAt('docs/benchmarks.md')
    return { out: fileAt('docs/benchmarks.json'), svg: fileAt('docs/benchmarks.svg'), lines, page }
  }
  const out = fileName('out', values.out, resultFile('codelets.json'))
  const svg = fileName('svg', values.svg, resultFile('codelets.svg'))
  return { out, svg, lines: out.replace(/\.json$/, '').concat('.jsonl') }
}

/**
 * @param {string[]} args arguments after the script's name
 * @returns {{help: boolean, quick: boolean, peers: string[], workloads: object[], out: string,
 *   svg: string, lines: string, page?: string}} `page` only with --publish
 * @throws {UsageError} on an unknown option, peer or workload
 */
export function readFlags(args) {
  const values = parse(args)
  refuseHalfPublished(values)
  const only = choose('only', values.only, peerIds)
  const wanted = choose('workload', values.workload, workloadNames)
  const isWanted = ({ id, group, effort }) => {
    if (wanted) return wanted.includes(id) || wanted.includes(group)
    if (group === 'loops' && values.loops) return true
    return !(values.quick && effort.fullOnly)
  }
  return {
    help: values.help,
    quick: values.quick,
    // Ratios are to runlet, so it is always there.
    peers: peerIds.filter((id) => !only || id === 'runlet' || only.includes(id)),
    workloads: workloads.filter(isWanted),
    ...outputs(values),
  }
}

/**
 * The figures as a page.
 * @module
 */
import { BURST, REFILL_MS } from './measure.mjs'

const shown = (ms) => (ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms.toFixed(2))

function verdict(met, text) {
  return `- ${met ? 'met' : 'missed'}: ${text}`
}

function targets({ rows, host }) {
  const at = (id) => rows.find((row) => row.id === id).ways
  const [small, mega, ten] = [at('1k'), at('1m'), at('10m')]
  const [little, big] = host
  const lines = []
  const cold = small['runlet-bun'].median - small['bun-run'].median
  lines.push(
    verdict(
      cold <= 1,
      `a cold call takes at most 1 ms more than plain \`bun run\`: ${shown(small['runlet-bun'].median)} beside ${shown(small['bun-run'].median)} ms`,
    ),
  )
  const warm = small['runlet-bun-warm'].median
  lines.push(
    verdict(
      warm <= 0.5,
      `a warm call of 1 KB takes at most 0.5 ms: ${shown(warm)} ms on Bun, ${shown(small['runlet-node-warm'].median)} ms on Node`,
    ),
  )
  const times = small['bun-run'].median / warm
  lines.push(
    verdict(
      times >= 30,
      `warm is at least 30 times faster than a process per call over stdin: ${times.toFixed(0)} times`,
    ),
  )
  for (const peer of ['execa', 'node-stdin', 'fork', 'worker-threads']) {
    if (small[peer].problem !== undefined) continue
    const ratio = small[peer].median / small['runlet-bun'].median
    lines.push(
      verdict(
        ratio >= 1.3,
        `cold is at least 1.3 times faster than ${peer}: ${ratio.toFixed(1)} times`,
      ),
    )
  }
  for (const [name, row] of [
    ['1 MB', mega],
    ['10 MB', ten],
  ]) {
    const ratio = row['runlet-bun-warm'].median / row['bun-run'].median
    lines.push(
      verdict(
        ratio <= 1,
        `${name}, warm, takes no longer than plain \`bun run\`: ${ratio.toFixed(2)} of its time`,
      ),
    )
  }
  const growth = big['runlet-bun'].median - little['runlet-bun'].median
  lines.push(
    verdict(
      growth <= 0.5,
      `a call from a host of 1 GiB takes at most 0.5 ms more than from a small one: ${shown(Math.max(growth, 0))} ms more (plain \`spawn\`: ${shown(Math.max(big['bun-run'].median - little['bun-run'].median, 0))} ms more)`,
    ),
  )
  return lines
}

function firsts(rows) {
  const { ways } = rows.find((row) => row.id === '1k')
  const [bun, node] = ['runlet-bun-warm', 'runlet-node-warm'].map((id) => shown(ways[id].first))
  return `${bun} ms on Bun and ${node} ms on Node`
}

/**
 * @param {object} report what was measured
 * @param {Record<string, {title: string}>} ways
 * @returns {string} Markdown
 */
export function page(report, ways) {
  const { machine, rows, host, quick } = report
  const lines = [
    '# Benchmark: tools beside the plain ways',
    '',
    'One call of the same tool, echoing its input, each way in turn within one pass:',
    '`npm run bench:tools -- --publish`. Medians (minima) in ms.',
    '',
    `${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}, Node ${machine.node}, Bun ${machine.bun}.${quick ? ' **A quick pass.**' : ''}`,
    '',
    `| way | ${rows.map((row) => `${row.title} (n = ${row.rounds * BURST})`).join(' | ')} |`,
    `|---|${rows.map(() => '---:|').join('')}`,
  ]
  for (const [id, way] of Object.entries(ways)) {
    const cells = rows.map(({ ways: found }) =>
      found[id].problem === undefined
        ? `${shown(found[id].median)} (${shown(found[id].min)})`
        : `not measured: ${found[id].problem}`,
    )
    lines.push(`| ${way.title} | ${cells.join(' | ')} |`)
  }
  lines.push(
    '',
    "\\* A thread shares the host's process: no memory limit that holds, no way to end what it started.",
    'Kept threads also keep what one call leaves for the next. Being faster than a process is no',
    'surprise there.',
    '',
    `Each way makes ${BURST} calls in its turn. Warm ones find a pool of ${BURST} that had ${REFILL_MS} ms to fill;`,
    'calls beyond the pool are cold. The first warm call of a turn, from a host that did nothing for that',
    `long, takes ${firsts(rows)} at 1 KB.`,
    '',
    '## A large host',
    '',
    '| host holds | runlet, Bun | spawn `bun run` |',
    '|---|---:|---:|',
  )
  for (const row of host) {
    const [ours, plain] = [row['runlet-bun'], row['bun-run']]
    lines.push(
      `| ${row.mib} MiB more | ${shown(ours.median)} (${shown(ours.min)}) | ${shown(plain.median)} (${shown(plain.min)}) |`,
    )
  }
  lines.push('', '## Targets', '', ...targets(report), '')
  return `${lines.join('\n')}`
}

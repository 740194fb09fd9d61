/**
 * The figures as a page.
 * @module
 */
import { figure, percent } from '../lib/figures.mjs'
import { targets } from './targets.mjs'

const times = ({ median, min, problem }, scale) =>
  problem === undefined ? `${figure(median * scale)} (${figure(min * scale)})` : undefined

/** Ways down, rows across would be too wide: one line a row, one column a way. */
function table({ titles, rows }, scale = 1) {
  const ids = Object.keys(titles)
  const lines = [
    `| | ${ids.map((id) => titles[id]).join(' | ')} |`,
    `|---|${ids.map(() => '---:|').join('')}`,
  ]
  const notes = new Map()
  for (const { title, ways, perSample = 1 } of rows) {
    const cells = ids.map((id) => {
      if (ways[id] === undefined) return ''
      const text = times(ways[id], scale / perSample)
      if (text !== undefined) return text
      const { problem } = ways[id]
      if (!notes.has(problem)) notes.set(problem, notes.size + 1)
      return `– [${notes.get(problem)}]`
    })
    lines.push(`| ${title} | ${cells.join(' | ')} |`)
  }
  return [...lines, ...listed(notes)]
}

const listed = (notes) =>
  notes.size === 0 ? [] : ['', ...[...notes].map(([text, number]) => `[${number}] ${text}  `)]

const mib = (bytes) => {
  const size = Math.max(0, bytes) / 2 ** 20
  return size < 1 ? `${(size * 1024).toFixed(0)} KiB` : `${size.toFixed(1)} MiB`
}

function deadlineTable({ titles, ways }) {
  const lines = [
    '| | ended after, ms (worst) | longest block of the loop, ms (worst) |',
    '|---|---:|---:|',
  ]
  for (const [id, title] of Object.entries(titles)) {
    const way = ways[id]
    const cells =
      way.problem === undefined
        ? `${figure(way.ended)} (${figure(way.worstEnd)}) | ${figure(way.gap)} (${figure(way.worstGap)})`
        : way.hung
          ? `${way.problem} | as long`
          : `${way.problem} | `
    lines.push(`| ${title} | ${cells} |`)
  }
  return lines
}

function memoryTable({ titles, ways }) {
  const lines = [
    '| | the library and the first | each that has run nothing | each that has run `echo` |',
    '|---|---:|---:|---:|',
  ]
  for (const [id, title] of Object.entries(titles)) {
    const { problem, firstBytes, madeBytes, usedBytes } = ways[id]
    const cells =
      problem === undefined
        ? [firstBytes, madeBytes, usedBytes].map(mib).join(' | ')
        : `${problem} | | `
    lines.push(`| ${title} | ${cells} |`)
  }
  return lines
}

/** The sections in their order: the group that each shows, its title and its text. */
const sections = [
  [
    'scripts',
    'Scripts',
    (group) => [
      'All work on files of one folder on the disk. runlet begins a new shell for each script; the peers',
      'keep one, with what the last script left in it, but in the row that says otherwise.',
      '',
      ...table(group),
    ],
  ],
  [
    'starts',
    'Starts',
    (group) => [
      'A first call counts from `createRuntime`, or what a peer has for it, to the result of `echo hi`.',
      '',
      ...table(group),
    ],
  ],
  [
    'files',
    'Operations on files',
    (group) => [
      'In µs per operation. runlet opens each path beneath the folder, writes whole or not at all, and',
      'takes a turn in its queue.',
      '',
      ...table(group, 1000),
    ],
  ],
  [
    'searches',
    'Searches',
    (group) => [
      'ripgrep and GNU grep run as processes started by `spawn`, as whoever uses them has to: their',
      'figures hold that start. The walk in JavaScript has a turn in one of six rounds.',
      '',
      ...table(group),
    ],
  ],
  [
    'deadline',
    'A loop without an end',
    (group) => [
      `\`while true; do :; done\` with a deadline of ${group.deadlineMs} ms, beside a timer that ticks every 2 ms.`,
      '',
      ...deadlineTable(group),
    ],
  ],
  [
    'memory',
    'Memory',
    (group) => [
      'Proportional share of memory, children included. A thread or a process that has run something is',
      'kept for a minute.',
      '',
      ...memoryTable(group),
    ],
  ],
  ['classifier', 'Guard', (group) => ['In µs per text.', '', ...table(group, 1000)]],
]

/** The names of all groups. */
export const groupNames = sections.map(([name]) => name)

/**
 * @param {object} report what was measured: all groups, or some
 * @returns {string} Markdown
 */
export function page({ machine, others, quick, groups }) {
  const busy =
    others === undefined ? '' : ` Others took ${percent(others)} of the processors meanwhile.`
  const shown = sections.filter(([name]) => groups[name] !== undefined)
  return `${[
    '# Benchmark: workspaces beside their peers',
    '',
    'Every way does the same thing in turns within one pass: `npm run bench:workspaces -- --publish`.',
    'Medians (minima), in ms unless said otherwise. A way that gives another result than bash has no',
    'figure.',
    '',
    `${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}, Node ${machine.node}.${busy}${quick ? ' **A quick pass.**' : ''}`,
    '',
    ...shown.flatMap(([name, title, text]) => [`## ${title}`, '', ...text(groups[name]), '']),
    '## Targets',
    '',
    ...targets(groups),
  ].join('\n')}\n`
}

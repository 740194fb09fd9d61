/**
 * The chart: one panel per workload, one horizontal bar per peer on a logarithmic scale, the
 * median as the bar's end and the minimum as a tick on it. Plain SVG that carries its own style
 * for light and dark pages and needs nothing else.
 * @module
 */
import { figure, times } from './figures.mjs'
import { failures, labelOf } from './labels.mjs'

const COLUMN = 492
const LABELS = 204
const PLOT = 192
const BAR = 13
const STEP = 19
const GUTTER = 28
const MARGIN = 24

const style = `
  text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
  .page { fill: #ffffff } .title { font-size: 18px; font-weight: 600 }
  .panel { font-weight: 600 } .quiet { fill: #59636e; font-size: 11px }
  .value { fill: #59636e; font-size: 11px }
  .value, .ours-text { stroke: #ffffff; stroke-width: 3px; paint-order: stroke }
  .grid { stroke: #d1d9e0; stroke-width: 1 } .peer { fill: #8c96a0 } .none { fill: #c3cad1 }
  .ours { fill: #0969da } .ours-text { fill: #0969da; font-weight: 600 }
  .tick { stroke: #1f2328; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .page { fill: #0d1117 } .quiet { fill: #9198a1 }
    .value { fill: #9198a1 } .value, .ours-text { stroke: #0d1117 }
    .grid { stroke: #30363d } .peer { fill: #6e7681 } .none { fill: #484f58 }
    .ours { fill: #4493f8 } .ours-text { fill: #4493f8 } .tick { stroke: #e6edf3 }
  }`

const escapeXml = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

function text(x, y, content, { kind, anchor } = {}) {
  const attributes = [
    `x="${x.toFixed(1)}" y="${y.toFixed(1)}"`,
    kind && `class="${kind}"`,
    anchor && `text-anchor="${anchor}"`,
  ]
  return `<text ${attributes.filter(Boolean).join(' ')}>${escapeXml(content)}</text>`
}

/** The two figures of a row: where its bar ends, and the better one marked on it. */
function figuresOf(row) {
  return row.medianRunsPerSecond === undefined
    ? { end: row.median, best: row.min }
    : { end: row.medianRunsPerSecond, best: row.bestRunsPerSecond }
}

/** Whole decades around all figures, so that every bar has some length. */
function scaleOf(rows) {
  const values = rows.flatMap((row) => Object.values(figuresOf(row)))
  const from = Math.floor(Math.log10(Math.min(...values)) - 0.15)
  const to = Math.max(from + 1, Math.ceil(Math.log10(Math.max(...values))))
  return { from, to, x: (value) => ((Math.log10(value) - from) / (to - from)) * PLOT }
}

function gridLines({ from, to, x }, top, height) {
  const lines = []
  for (let decade = from; decade <= to; decade++) {
    const at = LABELS + x(10 ** decade)
    lines.push(
      `<line class="grid" x1="${at.toFixed(1)}" x2="${at.toFixed(1)}" y1="${top}" y2="${top + height}"/>`,
      text(
        at,
        top + height + 13,
        Number(`1e${decade}`).toLocaleString('en-US', { maximumFractionDigits: 6 }),
        {
          kind: 'quiet',
          anchor: 'middle',
        },
      ),
    )
  }
  return lines
}

function label(row, peer, modes, y) {
  const shown = labelOf(row, peer, modes)
  const kind = row.peer === 'runlet' ? 'ours-text' : undefined
  return text(LABELS - 8, y + 10.5, shown, { kind, anchor: 'end' })
}

/** A peer that gave no figure keeps its line, so that what it lacks is seen. */
function blank(row, peer, modes, y) {
  return [
    label(row, peer, modes, y),
    text(LABELS + 6, y + 10.5, failures[row.status], { kind: 'value' }),
  ]
}

function bar(row, peer, modes, scale, y) {
  const { end, best } = figuresOf(row)
  const isOurs = row.peer === 'runlet'
  const kind = isOurs ? 'ours' : peer.boundary ? 'peer' : 'none'
  const ratio = row.runletIs ? ` (${times(row.runletIs.median)})` : ''
  const tick = LABELS + scale.x(best)
  return [
    label(row, peer, modes, y),
    `<rect class="${kind}" x="${LABELS}" y="${y}" width="${Math.max(1, scale.x(end)).toFixed(1)}" height="${BAR}" rx="2"/>`,
    `<line class="tick" x1="${tick.toFixed(1)}" x2="${tick.toFixed(1)}" y1="${y}" y2="${y + BAR}"/>`,
    text(LABELS + Math.max(scale.x(end), scale.x(best)) + 6, y + 10.5, `${figure(end)}${ratio}`, {
      kind: isOurs ? 'ours-text' : 'value',
    }),
  ]
}

/** One workload's panel, drawn at the origin; `undefined` when nothing was measured. */
function panelOf(workload, rows, peers) {
  const mine = rows.filter((row) => row.workload === workload.id)
  const good = mine.filter((row) => row.status === 'ok')
  if (good.length === 0) return undefined
  const isRate = workload.kind === 'throughput'
  const direction = isRate ? 1 : -1
  good.sort((a, b) => direction * (figuresOf(b).end - figuresOf(a).end))
  const scale = scaleOf(good)
  const top = 42
  const lines = [...good, ...mine.filter((row) => row.status !== 'ok')]
  const height = lines.length * STEP + 4
  const unit = isRate ? 'runs/s, longer is better' : `${workload.unit}, shorter is better`
  return {
    height: top + height + 20,
    marks: [
      text(0, 12, workload.title, { kind: 'panel' }),
      text(0, 29, unit, { kind: 'quiet' }),
      ...gridLines(scale, top, height),
      ...lines.flatMap((row, i) => {
        const peer = peers.find(({ id }) => id === row.peer)
        const y = top + 4 + i * STEP
        return row.status === 'ok'
          ? bar(row, peer, workload.modes, scale, y)
          : blank(row, peer, workload.modes, y)
      }),
    ],
  }
}

/** Puts each panel into the shorter of two columns. */
function arrange(panels, top) {
  const heights = [top, top]
  const placed = panels.map((panel) => {
    const column = heights[0] <= heights[1] ? 0 : 1
    const x = MARGIN + column * (COLUMN + GUTTER)
    const y = heights[column]
    heights[column] += panel.height + GUTTER
    return `<g transform="translate(${x} ${y})">${panel.marks.join('\n')}</g>`
  })
  return { placed, height: Math.max(...heights) }
}

/**
 * @param {object} report
 * @param {object[]} workloads in the order of the panels
 * @returns {string} the SVG document
 */
export function drawChart(report, workloads) {
  const { machine, peers, rows } = report
  const panels = workloads
    .filter(({ kind }) => kind === 'serial' || kind === 'throughput')
    .map((workload) => panelOf(workload, rows, peers))
    .filter((panel) => panel !== undefined)
  const { placed, height } = arrange(panels, 100)
  const width = 2 * MARGIN + 2 * COLUMN + GUTTER
  const missing = peers.filter((peer) => peer.notMeasured !== undefined)
  const notMeasured =
    missing.length > 0 ? ` Not measured: ${missing.map(({ name }) => name).join(', ')}.` : ''
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title">`,
    '<title id="title">runlet beside its peers, medians on a logarithmic scale</title>',
    `<style>${style}\n</style>`,
    `<rect class="page" width="${width}" height="${height}" rx="8"/>`,
    text(MARGIN, 36, `runlet beside its peers${report.quick ? ' (quick pass)' : ''}`, {
      kind: 'title',
    }),
    text(
      MARGIN,
      58,
      'Bars end at the median, the tick is the best; logarithmic scale. In brackets: how many times runlet is ahead (below 1x: behind).',
      { kind: 'quiet' },
    ),
    text(
      MARGIN,
      75,
      `${report.date.slice(0, 10)}, ${machine.processor}, ${machine.cores} cores, Node ${machine.node}. * no memory boundary.${notMeasured}`,
      { kind: 'quiet' },
    ),
    ...placed,
    '</svg>\n',
  ].join('\n')
}

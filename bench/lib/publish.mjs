/**
 * `--publish`: puts a pass into the documentation. The figures go to docs/benchmarks.json and
 * docs/benchmarks.svg; the page docs/benchmarks.md gets, between its two marks, what the JSON says.
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { heading, lostRows, workloadTable } from './table.mjs'
import { targetLines, targetSummary } from './targets.mjs'
import { workloads } from './workloads.mjs'

const BEGIN = '<!-- figures: written by npm run bench -- --publish -->'
const END = '<!-- end of figures -->'

/**
 * @param {object} report as it stands in docs/benchmarks.json
 * @returns {string} the text that the benchmark printed for it
 */
export function reportText(report) {
  const measured = workloads.filter(({ id }) => report.rows.some((row) => row.workload === id))
  const blocks = measured.map((workload) => {
    const of = (entries) => entries.filter((entry) => entry.workload === workload.id)
    const table = workloadTable(workload, of(report.rows), report.peers)
    return [table, ...targetLines(of(report.targets))].join('\n')
  })
  return [heading(report), ...blocks, lostRows(report, measured), targetSummary(report)].join(
    '\n\n',
  )
}

function figures(report) {
  return [
    `Taken on ${report.date.slice(0, 10)} with \`${report.command}\`, printed as it came.`,
    '',
    '```text',
    reportText(report),
    '```',
  ].join('\n')
}

/**
 * @param {string} page text of docs/benchmarks.md
 * @param {object} report
 * @returns {string} the page with the figures of this report between its marks
 * @throws when the page lacks one of its marks
 */
export function withFigures(page, report) {
  const from = page.indexOf(BEGIN)
  const to = page.indexOf(END)
  if (from < 0 || to < from) throw new Error(`docs/benchmarks.md must have ${BEGIN} and ${END}`)
  return `${page.slice(0, from + BEGIN.length)}\n${figures(report)}\n${page.slice(to)}`
}

/**
 * Rewrites the page from the JSON that was written for it, digits cut as they are there.
 * @param {string} jsonPath of docs/benchmarks.json
 * @param {string} pagePath of docs/benchmarks.md
 */
export function publish(jsonPath, pagePath) {
  const report = JSON.parse(readFileSync(jsonPath, 'utf8'))
  writeFileSync(pagePath, withFigures(readFileSync(pagePath, 'utf8'), report))
}

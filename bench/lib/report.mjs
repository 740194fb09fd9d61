/**
 * Writes what was measured: the report as JSON, the raw cells as JSON lines, the chart as SVG.
 * @module
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { drawChart } from './chart.mjs'

/** Shape of the JSON report; raised when a reader would have to change. */
export const REPORT_VERSION = 2

const sixDigits = (_, value) =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value

function write(path, text) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

/**
 * @param {object} report
 * @param {object[]} cells every cell's answer, samples included
 * @param {{out: string, svg: string, lines: string}} paths
 * @param {object[]} workloads those that were measured
 * @returns {string[]} the files written
 */
export function writeReport(report, cells, { out, svg, lines }, workloads) {
  write(out, `${JSON.stringify(report, sixDigits, 2)}\n`)
  write(lines, cells.map((cell) => `${JSON.stringify(cell, sixDigits)}\n`).join(''))
  write(svg, drawChart(report, workloads))
  return [out, lines, svg]
}

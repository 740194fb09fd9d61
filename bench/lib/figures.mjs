/**
 * How figures are written, in the table and in the chart alike.
 * @module
 */

/**
 * @param {number} number
 * @returns {string} about three significant digits, thousands separated
 */
export function figure(number) {
  if (!Number.isFinite(number)) return '-'
  const size = Math.abs(number)
  if (size >= 100) return Math.round(number).toLocaleString('en-US')
  if (size >= 10) return number.toFixed(1)
  if (size >= 1) return number.toFixed(2)
  return number.toFixed(size >= 0.01 || size === 0 ? 3 : 4)
}

/**
 * @param {number} share between 0 and 1
 * @returns {string} a whole percentage
 */
export const percent = (share) => `${Math.round(share * 100)} %`

/**
 * @param {number} ratio how many times runlet is ahead; below 1 it is behind
 * @returns {string} such as `12x` or `0.4x`
 */
export function times(ratio) {
  if (!Number.isFinite(ratio)) return '-'
  return `${ratio >= 10 ? Math.round(ratio).toLocaleString('en-US') : ratio.toFixed(ratio >= 1 ? 1 : 2)}x`
}

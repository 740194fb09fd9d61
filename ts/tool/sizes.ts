/** Sizes as text: `512`, `64KB`, `256MB`, `1GiB`. K, M and G are powers of 1024 with and without i. */

/** What a size in text looks like, for messages. */
export const SIZE_TEXT = 'a size in bytes or with a unit, such as 512, 64KB, 256MB or 1GB'

const POWERS: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3 }

const SIZE = /^(\d+(?:\.\d+)?) ?(?:([kmg])?(i?)b?)$/i

/**
 * Bytes of a size in text.
 *
 * @returns `undefined` when the text is no size, or no whole number of bytes that JavaScript holds
 */
export function parseSize(text: string): number | undefined {
  const match = SIZE.exec(text)
  if (match === null) return undefined
  const unit = (match[2] ?? '').toLowerCase()
  if (unit === '' && match[3] !== '') return undefined
  const bytes = Number(match[1]) * 1024 ** (POWERS[unit] ?? Number.NaN)
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

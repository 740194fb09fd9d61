/** The nearest known name to a mistyped one, for error messages. */

/** Number of single-character edits between two short words. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

/** Lower case without separators: `timeout-ms`, `timeoutMS` and `timeout_ms` are alike. */
function folded(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '')
}

/** The known name that `name` was probably meant to be, or `undefined` when none is close. */
export function suggest(name: string, known: readonly string[]): string | undefined {
  if (name.length > 40) return undefined
  const word = folded(name)
  let best: string | undefined
  let least = Math.floor(word.length / 3) + 1
  for (const candidate of known) {
    const other = folded(candidate)
    const cost = other.startsWith(word) && word.length > 2 ? 0.5 : distance(word, other)
    if (cost < least) {
      least = cost
      best = candidate
    }
  }
  return best
}

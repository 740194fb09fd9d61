// The list of hostile one-liners as data, for the attack and for the benchmark.

import { readFileSync } from 'node:fs'

/**
 * Every program of `one-liners.txt`, in its order: `name` is the built-in that holds the engine,
 * `grows` whether it may end at the memory limit too, `code` a codelet.
 */
export function oneLiners() {
  const text = readFileSync(new URL('one-liners.txt', import.meta.url), 'utf8')
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name, memory, program] = /^(.+?)( \[memory\])?: (.+)$/.exec(line) ?? []
      if (program === undefined) throw new Error(`not "name: program": ${line}`)
      const code = `export async function main(input, helpers) {\n${program}\n}`
      return { name, grows: memory !== undefined, code }
    })
}

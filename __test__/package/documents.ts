// What the documents claim, as data: their programs and commands with the output they show, and
// their tables.

import { read } from './repository'

/** One piece of a document that can be run. */
export interface Example {
  /** File and line, as in `README.md:12`. */
  place: string
  kind: 'program' | 'command'
  text: string
  /** What the document shows as its output; undefined when it shows none. */
  output: string | undefined
  /** Files that the document has its reader write, by name; they lie beside a program. */
  files: Readonly<Record<string, string>>
}

interface Fence {
  line: number
  language: string
  lines: string[]
}

function fencesOf(path: string): Fence[] {
  const fences: Fence[] = []
  let open: Fence | undefined
  for (const [index, line] of read(path).split('\n').entries()) {
    const mark = /^ *```(\w*)/.exec(line)
    if (mark && open) {
      fences.push(open)
      open = undefined
    } else if (mark) open = { line: index + 1, language: mark[1] ?? '', lines: [] }
    else if (open) open.lines.push(line)
  }
  if (open) throw new Error(`${path}:${open.line}: the code block is not closed`)
  return fences
}

/** The name that the first line of a block gives it, as in `// tools.mjs` or `# runlet.yaml`. */
function nameOf({ lines }: Fence): string | undefined {
  return /^(?:\/\/|#) ([\w-]+\.(?:mjs|ts|yaml))$/.exec(lines[0] ?? '')?.[1]
}

/** Blocks that nothing runs: neither program, output, command nor file. */
export function idleBlocks(path: string): string[] {
  const used = ['js', 'text', 'console']
  return fencesOf(path)
    .filter((fence) => !used.includes(fence.language) && nameOf(fence) === undefined)
    .map(({ line, language }) => `${path}:${line}: ${language}`)
}

/**
 * The runnable pieces: each js block with the text block behind it, each `$` of a console block. A
 * block that names itself is a file for all programs of the document.
 */
export function examplesOf(path: string): Example[] {
  const fences = fencesOf(path)
  const files: Record<string, string> = {}
  for (const fence of fences) {
    const name = nameOf(fence)
    if (name === undefined) continue
    if (Object.hasOwn(files, name)) throw new Error(`${path}:${fence.line}: a second ${name}`)
    files[name] = `${fence.lines.join('\n')}\n`
  }
  return fences.flatMap((fence, index): Example[] => {
    if (fence.language === 'console') return commandsOf(fence, path)
    if (fence.language !== 'js' || nameOf(fence) !== undefined) return []
    const next = fences[index + 1]
    const output = next?.language === 'text' ? next.lines.join('\n') : undefined
    const place = `${path}:${fence.line}`
    return [{ place, kind: 'program', text: fence.lines.join('\n'), output, files }]
  })
}

/** `$ ` starts a command, a backslash at the end of its line carries it on. */
function commandsOf(fence: Fence, path: string): Example[] {
  const examples: Example[] = []
  let open = false
  for (const [index, line] of fence.lines.entries()) {
    const last = examples.at(-1)
    const starts = line.startsWith('$ ')
    if (starts) {
      const place = `${path}:${fence.line + index + 1}`
      examples.push({ place, kind: 'command', text: line.slice(2), output: '', files: {} })
    } else if (!last) throw new Error(`${path}:${fence.line}: output without a command`)
    else if (open) last.text += `\n${line}`
    else last.output += `${line}\n`
    open = line.endsWith('\\') && (starts || open)
  }
  return examples
}

/**
 * Text without what differs from run to run: figures before a unit of time or memory become N, and
 * runs of spaces one.
 */
function settled(text: string): string[] {
  return text
    .replace(/\d[\d,]*(\.\d+)?(?= ?(ms|MiB|threads|times)\b)/g, 'N')
    .replace(/"(\w*Ms|duration_ms|peakMemoryBytes)":[\d.]+/g, '"$1":N')
    .split('\n')
    .map((line) => line.replace(/\s+/g, ' ').trimEnd())
    .filter((line) => line !== '')
}

/**
 * The first line of `shown` that `printed` does not have in its place; undefined when it has all.
 * A line `…` stands for any number of lines.
 */
export function firstDifference(shown: string, printed: string): string | undefined {
  const have = settled(printed)
  let at = 0
  let anywhere = false
  for (const line of settled(shown)) {
    if (line.trim() === '…') {
      anywhere = true
      continue
    }
    const found = anywhere ? have.indexOf(line, at) : have[at] === line ? at : -1
    if (found < 0) return `shown: ${line}\nprinted: ${have[at] ?? '(nothing)'}`
    at = found + 1
    anywhere = false
  }
  return anywhere || at === have.length ? undefined : `printed, not shown: ${have[at]}`
}

/** The rows of the first table below a heading, each as its cells; the head row is left out. */
export function tableBelow(path: string, heading: string): string[][] {
  const lines = read(path).split('\n')
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading)
  if (start < 0) throw new Error(`${path} has no heading "${heading}"`)
  const first = lines.findIndex((line, index) => index > start && line.startsWith('|'))
  const rows: string[][] = []
  for (const line of lines.slice(first)) {
    if (!line.startsWith('|')) break
    const cells = line.split(/(?<!\\)\|/).slice(1, -1)
    rows.push(cells.map((cell) => cell.trim().replaceAll('\\|', '|')))
  }
  return rows.slice(2)
}

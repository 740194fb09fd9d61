/**
 * Folders with files to work on, the same for every way and in every run.
 * @module
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const WORDS = `the value of a file is read when the line has been found and no other part of it was
  changed before const function return import while result number string error open close path`.split(
  /\s+/,
)

/** Text of about `bytes` bytes in lines as programs have them, another one for each seed. */
export function textOf(bytes, seed) {
  let state = (seed * 2_654_435_761 + 1) >>> 0
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 8
  }
  let text = ''
  while (text.length < bytes) {
    let line = ' '.repeat(2 * (next() % 4))
    for (let words = 4 + (next() % 8); words > 0; words--)
      line += `${WORDS[next() % WORDS.length]} `
    text += `${line.trimEnd()}\n`
  }
  return text.slice(0, bytes - 1).concat('\n')
}

// Whoever interrupts a pass leaves no folders behind either.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

/** A new folder, gone when this process ends. */
export function scratch() {
  const folder = mkdtempSync(join(tmpdir(), 'runlet-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/**
 * Lays out 100 folders of files; the first file of each has a line that searches look for.
 * @param {string} folder
 * @param {number} files how many, in hundreds
 * @param {number} bytes of each
 */
export function layTree(folder, files, bytes) {
  const each = files / 100
  for (let at = 0; at < 100; at++) {
    const below = join(folder, `d${at}`, 'src')
    mkdirSync(below, { recursive: true })
    for (let file = 0; file < each; file++) {
      const text = textOf(bytes, at * each + file)
      const line = file === 0 ? `a needle-${at} in a line\n` : ''
      writeFileSync(join(below, `f${file}.txt`), text + line)
    }
  }
}

/**
 * The folder of one shell: `lines.txt` of 1,000 lines and `tree` of 1,000 files.
 * @param {string} folder
 */
export function layWorkspace(folder) {
  mkdirSync(join(folder, 'tree'), { recursive: true })
  const names = ['pear', 'apple', 'plum', 'fig', 'date', 'lime', 'kiwi']
  const lines = Array.from({ length: 1000 }, (_, at) => `${names[(at * at) % 7]} ${at % 13} item`)
  writeFileSync(join(folder, 'lines.txt'), `${lines.join('\n')}\n`)
  for (let file = 0; file < 1000; file++) {
    const line = file % 10 === 0 ? 'a needle in a line\n' : 'nothing in a line\n'
    writeFileSync(join(folder, 'tree', `f${file}.txt`), `${textOf(200, file)}${line}`)
  }
}

/**
 * What is measured, group by group. Each function gives a table: its ways and its rows with their
 * figures.
 * @module
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { median } from '../lib/statistics.mjs'
import { inChild } from './children.mjs'
import { classifiers, texts } from './classifiers.mjs'
import { fileWays, searchWays } from './file-ways.mjs'
import { plain, scripts } from './scripts.mjs'
import { shells } from './shells.mjs'
import { layTree, layWorkspace, scratch, textOf } from './trees.mjs'
import { closeAll, figures, inTurns, openAll } from './turns.mjs'

const DEADLINE_MS = 300
const SLOWEST_END_MS = 10_000

const titlesOf = (ways) =>
  Object.fromEntries(Object.entries(ways).map(([id, { title }]) => [id, title]))

/** One folder for all ways, since not every place of a disk is as fast; they take turns. */
function sharedFolder() {
  const folder = scratch()
  layWorkspace(folder)
  return folder
}

/** Texts in shells that are open. */
export async function scriptRows({ quick, say }) {
  const folder = sharedFolder()
  const ways = Object.fromEntries(
    Object.entries(shells).map(([id, way]) => [
      id,
      {
        open: async () => {
          const library = await way.load()
          const shell = await way.open(library, folder)
          await shell.run('echo hi')
          // The peers keep a shell; runlet has a new one for each script anyway.
          const anew = async (text) => {
            const { run, close } = way.ours ? shell : await way.open(library, folder)
            const result = await run(text)
            if (!way.ours) await close()
            return result
          }
          return { ...shell, anew }
        },
      },
    ]),
  )
  const handles = await openAll(ways)
  const expected = {}
  const rows = []
  for (const { id, title, text, makes, anew, burst = 1 } of scripts) {
    say(`measuring ${title} ...`)
    const prepare = () => {
      if (makes === undefined) return
      rmSync(join(folder, makes), { recursive: true, force: true })
      mkdirSync(join(folder, makes))
    }
    prepare()
    expected[id] = plain((await handles.spawn.run(text)).out)
    const check = ({ code, out, err }) => {
      if (code === 0 && plain(out) === expected[id]) return undefined
      return `wrong result: exit code ${code}, ${JSON.stringify((err || plain(out)).slice(0, 60))}`
    }
    const run = (shell) => (anew ? shell.anew(text) : shell.run(text))
    const rounds = quick ? 3 : 10
    rows.push({ id, title, ways: await inTurns(handles, { run, prepare, check, rounds, burst }) })
  }
  await closeAll(handles)
  return { titles: titlesOf(shells), rows }
}

/** Starts, each in a process of its own. */
export function startRows({ quick, say }) {
  say('measuring starts ...')
  const folder = sharedFolder()
  const found = { loadMs: {}, firstMs: {}, anotherMs: {} }
  const problems = {}
  const ids = Object.keys(shells)
  for (let round = 0; round < (quick ? 2 : 5); round++) {
    for (let turn = 0; turn < ids.length; turn++) {
      const id = ids[(round + turn) % ids.length]
      if (problems[id] !== undefined) continue
      const told = inChild('start.mjs', [id, folder, 4])
      if (told.problem !== undefined) problems[id] = told.problem
      for (const name of Object.keys(found)) {
        found[name][id] ??= []
        found[name][id].push([told[name]].flat())
      }
    }
  }
  const row = (name, title) => ({
    id: name,
    title,
    ways: Object.fromEntries(
      ids.map((id) => [
        id,
        problems[id] === undefined ? figures(found[name][id]) : { problem: problems[id] },
      ]),
    ),
  })
  return {
    titles: titlesOf(shells),
    rows: [
      row('loadMs', 'load the library, in a new process'),
      row('firstMs', 'first call of the first runtime'),
      row('anotherMs', 'first call of a further runtime, same process'),
    ],
  }
}

/** Operations on single files. */
export async function fileRows({ quick, say }) {
  const FILES = quick ? 200 : 1000
  const BYTES = 4096
  const content = textOf(BYTES, 7)
  const folder = scratch()
  for (let at = 0; at < FILES / 10; at++) {
    mkdirSync(join(folder, `d${at}`))
    for (let file = 0; file < 10; file++) {
      writeFileSync(join(folder, `d${at}`, `f${file}.txt`), `${content}number 0\n`)
    }
  }
  const handles = await openAll(fileWays, folder)
  const path = (at) => `d${Math.floor(at / 10)}/f${at % 10}.txt`
  const operations = {
    read: ['`read`, a file of 4 KB', (on, at, chat) => on.read(path(at), chat)],
    write: ['`write`, 4 KB', (on, at, chat) => on.write(path(at), `${content}number 0\n`, chat)],
    edit: [
      '`edit` of 4 KB, there and back',
      async (on, at, chat) => {
        await on.edit(path(at), 'number 0', 'number 1', chat)
        await on.edit(path(at), 'number 1', 'number 0', chat)
      },
    ],
    ls: ['`ls`, a folder of 10', (on, at, chat) => on.ls(`d${at % (FILES / 10)}`, chat)],
  }
  const rows = []
  for (const [id, [title, work]] of Object.entries(operations)) {
    for (const atOnce of [1, 12]) {
      say(`measuring ${id}, ${atOnce} at once ...`)
      const run = async (on) => {
        let next = 0
        const worker = async (_, chat) => {
          for (let at = next++; at < FILES; at = next++) await work(on, at, `chat ${chat}`)
        }
        await Promise.all(Array.from({ length: atOnce }, worker))
      }
      const ways = await inTurns(handles, { run, rounds: quick ? 3 : 10 })
      const name = atOnce === 1 ? 'one by one' : '12 at once'
      rows.push({ id: `${id}-${atOnce}`, title: `${title}, ${name}`, perSample: FILES, ways })
    }
  }
  await closeAll(handles)
  return { titles: titlesOf(fileWays), rows, unit: 'µs per operation' }
}

/** Searches of trees of 10,000 files. */
export async function searchRows({ quick, say, ripgrep }) {
  const FILES = quick ? 2000 : 10_000
  const shown = FILES.toLocaleString('en-US')
  const ways = searchWays(ripgrep)
  const every = { older: quick ? 3 : 6 }
  const rounds = quick ? 3 : 11
  const rows = []
  const queries = [
    ['literal', 'needle-', false, 100],
    ['regex', 'ne+dle-[0-9]+ in', true, 100],
    ['none', 'nowhere-to-be-found', false, 0],
  ]
  for (const [bytes, size] of [
    [500, '500 B'],
    [4096, '4 KB'],
    [16_384, '16 KB'],
  ]) {
    const folder = scratch()
    layTree(folder, FILES, bytes)
    // What was just written is still on its way to the disk.
    await sleep(quick ? 200 : 3000)
    const handles = await openAll(ways, folder)
    for (const [kind, query, regex, hits] of queries) {
      say(`measuring grep, ${kind}, ${shown} files of ${size} ...`)
      const run = (on) => on.grep(query, regex)
      const check = (found) => (found === hits ? undefined : `found ${found} lines, not ${hits}`)
      const title = `grep, ${shown} files of ${size}, ${{ literal: 'literal', regex: 'regular expression', none: 'no hit' }[kind]}`
      const measured = await inTurns(handles, { run, check, rounds, every })
      rows.push({ id: `grep-${kind}-${bytes}`, kind: 'grep', title, ways: measured })
    }
    if (bytes === 4096) {
      say(`measuring find over ${shown} files ...`)
      const check = (found) => (found === FILES / 10 ? undefined : `found ${found} paths`)
      const run = (on) => on.find('*7.txt')
      const title = `find by name, ${shown} files`
      const measured = await inTurns(handles, { run, check, rounds, every })
      rows.push({ id: 'find', kind: 'find', title, ways: measured })
      const start = { rg: handles.rg }
      const run0 = (on) => on.start()
      rows.push({
        id: 'start',
        title: '`rg --version`: the start of a process, which all its figures hold',
        ways: await inTurns(start, { run: run0, rounds: 2 * rounds }),
      })
    }
    await closeAll(handles)
    rmSync(folder, { recursive: true })
  }
  return { titles: titlesOf(ways), rows }
}

/** A loop without an end, each in a process of its own. */
export function deadlineRows({ quick, say }) {
  say(`measuring a deadline of ${DEADLINE_MS} ms ...`)
  const folder = sharedFolder()
  const rows = {}
  for (let round = 0; round < (quick ? 2 : 5); round++) {
    for (const id of Object.keys(shells)) {
      if (rows[id]?.problem !== undefined) continue
      const told = inChild('deadline.mjs', [id, folder, DEADLINE_MS], {
        timeoutMs: SLOWEST_END_MS,
      })
      if (told.problem !== undefined) rows[id] = told
      else {
        rows[id] ??= { ended: [], gap: [] }
        rows[id].ended.push(told.endedMs)
        rows[id].gap.push(told.longestGapMs)
      }
    }
  }
  const ways = Object.entries(rows).map(([id, { problem, hung, ended, gap }]) => {
    if (problem !== undefined) return [id, { problem, hung }]
    const most = (list) => Math.max(...list)
    const told = { ended: median(ended), worstEnd: most(ended), gap: median(gap) }
    return [id, { ...told, worstGap: most(gap), n: ended.length }]
  })
  return { titles: titlesOf(shells), deadlineMs: DEADLINE_MS, ways: Object.fromEntries(ways) }
}

/** What idle shells hold, each kind in a process of its own. */
export function memoryRows({ quick, say }) {
  say('measuring memory ...')
  const folder = sharedFolder()
  const ways = {}
  for (const id of Object.keys(shells)) {
    ways[id] = inChild('idle.mjs', [id, folder, quick ? 20 : 200, quick ? 3 : 10], {
      flags: ['--expose-gc'],
    })
  }
  return { titles: titlesOf(shells), ways }
}

/** Verdicts on texts. */
export async function classifierRows({ quick, say }) {
  say('measuring the guard ...')
  const handles = await openAll(classifiers)
  const rows = []
  for (const { id, title, text, calls } of texts) {
    const run = (on) => {
      for (let call = 0; call < calls; call++) on.judge(text)
    }
    const ways = await inTurns(handles, { run, rounds: quick ? 5 : 30, burst: 2 })
    rows.push({ id, title, perSample: calls, ways })
  }
  return { titles: titlesOf(classifiers), rows, unit: 'µs per text' }
}

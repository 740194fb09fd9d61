// Writes THIRD_PARTY_NOTICES: every crate that is linked into the addon or the virtual bash on any
// published target, the engine's C code, and their licence texts.
//
//   node scripts/third-party-notices.mjs [--check]     --check writes nothing, exits 1 when stale

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { capture, root } from './command.mjs'

const file = join(root, 'THIRD_PARTY_NOTICES')

/** The first one that a crate offers is taken. */
const preferred = [
  'MIT',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'Zlib',
  'Unicode-3.0',
  'Apache-2.0',
]

/** The package's own source folder and C parts that crates bring along, with their licence files. */
const embedded = {
  'rquickjs-sys': {
    name: 'QuickJS-ng (C code of rquickjs-sys)',
    license: 'MIT',
    text: 'quickjs/LICENSE',
  },
}

function metadata(target) {
  const args = ['metadata', '--format-version', '1', '--locked', '--filter-platform', target]
  const { code, stdout, stderr } = capture('cargo', args)
  if (code !== 0) throw new Error(`cargo metadata failed for ${target}:\n${stderr}`)
  return JSON.parse(stdout)
}

const isProcMacro = (crate) => crate.targets.some(({ kind }) => kind.includes('proc-macro'))

/** What is linked: normal dependencies only. A procedural macro runs in the compiler and stays there. */
function linkedCrates(target) {
  const { packages, resolve, workspace_members: own } = metadata(target)
  const crates = new Map(packages.map((crate) => [crate.id, crate]))
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]))
  const linked = new Map()
  const visit = (id) => {
    for (const { pkg, dep_kinds } of nodes.get(id).deps) {
      const crate = crates.get(pkg)
      const normal = dep_kinds.some(({ kind }) => kind === null)
      if (!normal || linked.has(pkg) || own.includes(pkg) || isProcMacro(crate)) continue
      linked.set(pkg, crate)
      visit(pkg)
    }
  }
  for (const id of own) visit(id)
  return linked
}

/** `(MIT OR Apache-2.0) AND Unicode-3.0` → one name of each alternative. */
function chosenLicenses({ name, license }) {
  if (!license) throw new Error(`${name} states no licence`)
  return license.split(/ AND /).map((part) => {
    const offered = part
      .replace(/[()]/g, '')
      .split(/ OR |\//)
      .map((text) => text.trim())
    return preferred.find((wanted) => offered.includes(wanted)) ?? offered[0]
  })
}

const authorsOf = ({ authors, repository }) =>
  authors.length > 0
    ? authors.map((name) => name.replace(/ *<.*>/, '')).join(', ')
    : `the contributors of ${repository}`

/** For crates that say MIT in their manifest and ship no file. */
const usualMit = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction,
including without limitation the rights to use, copy, modify, merge, publish, distribute,
sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial
portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES
OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`

/** Licence files of a crate that belong to the chosen licences; all of them if none is named so. */
function licenseTexts(crate, chosen) {
  const folder = dirname(crate.manifest_path)
  // A folder of that name repeats, one file for each licence, what its neighbours say.
  const files = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /^(licen[cs]e|copying|unlicense)/i.test(entry.name))
    .map((entry) => entry.name)
  const short = (name) => name.replace(/-.*/, '').toLowerCase()
  const named = files.filter((name) =>
    chosen.some((one) => name.toLowerCase().includes(short(one))),
  )
  return (named.length > 0 ? named : files).sort().map((name) => tidy(join(folder, name)))
}

const tidy = (path) =>
  readFileSync(path, 'utf8')
    .replaceAll('\r\n', '\n')
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .trim()

function collect() {
  const { napi } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const crates = new Map()
  for (const target of napi.targets) {
    for (const [id, crate] of linkedCrates(target)) crates.set(id, crate)
  }
  return [...crates.values()].sort((a, b) =>
    `${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1,
  )
}

function notices() {
  const rows = []
  /** Text → the parts it covers; many crates share one text. */
  const texts = new Map()
  const add = (label, found) => {
    for (const text of found) texts.set(text, [...(texts.get(text) ?? []), label])
  }
  const bare = []
  for (const crate of collect()) {
    const label = `${crate.name} ${crate.version}`
    const chosen = chosenLicenses(crate)
    rows.push([label, chosen.join(' AND '), crate.repository ?? ''])
    const found = licenseTexts(crate, chosen)
    if (found.length === 0) bare.push(`${label} (${authorsOf(crate)}; ${chosen.join(' AND ')})`)
    add(label, found)
    const inside = embedded[crate.name]
    if (!inside) continue
    const path = join(dirname(crate.manifest_path), inside.text)
    if (!existsSync(path)) throw new Error(`${label} has no ${inside.text}`)
    rows.push([inside.name, inside.license, 'https://github.com/quickjs-ng/quickjs'])
    add(inside.name, [tidy(path)])
  }
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column].length)))
  const table = rows.map(([name, license, url]) =>
    `${name.padEnd(widths[0])}  ${license.padEnd(widths[1])}  ${url}`.trimEnd(),
  )
  const sections = [...texts].map(
    ([text, labels]) => `${'-'.repeat(80)}\n${labels.join('\n')}\n\n${text}`,
  )
  const without =
    bare.length === 0
      ? []
      : [
          `${'-'.repeat(80)}\nThese crates ship no licence text; theirs is the usual one:\n\n${bare.join('\n')}\n\n${usualMit}`,
        ]
  const foreign = bare.filter((line) => !line.endsWith('; MIT)'))
  if (foreign.length > 0) throw new Error(`no licence text for ${foreign.join(', ')}`)
  const head = `Third-party notices

The native binaries of runlet contain the parts below. Of licences offered as alternatives, the one
named here was chosen. Made by scripts/third-party-notices.mjs from Cargo.lock.`
  return `${[head, table.join('\n'), ...sections, ...without].join('\n\n')}\n`
}

const [option, ...rest] = process.argv.slice(2)
if (rest.length > 0 || (option !== undefined && option !== '--check')) {
  console.error('usage: node scripts/third-party-notices.mjs [--check]')
  process.exit(2)
}
const wanted = notices()
if (option === undefined) writeFileSync(file, wanted)
else if (!existsSync(file) || readFileSync(file, 'utf8') !== wanted) {
  console.error('THIRD_PARTY_NOTICES is stale; run: node scripts/third-party-notices.mjs')
  process.exit(1)
}

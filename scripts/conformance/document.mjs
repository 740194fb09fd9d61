// docs/bash-conformance.md, from what was measured.

/** The first line that differs, for a table. */
export function difference({ code, out, got }) {
  const [wanted, printed] = [out.split('\n'), got.out.split('\n')]
  const at = wanted.findIndex((line, index) => line !== printed[index])
  const shown = (line) => (line === undefined ? 'nothing' : `\`${JSON.stringify(line)}\``)
  const says = got.err.trim().split('\n').at(-1) ?? ''
  const because = says === '' ? '' : `; it says \`${says}\``
  if (at < 0 && printed.length === wanted.length)
    return `exit code ${got.code}, not ${code}${because}`
  if (at < 0) return `prints more: ${shown(printed[wanted.length - 1])}${because}`
  return `line ${at + 1}: ${shown(printed[at])}, not ${shown(wanted[at])}${because}`
}

const escaped = (text) => text.replaceAll('|', '\\|').slice(0, 300)
const goodOf = (rows) => rows.filter((row) => row.good)

const crashed = (count) => (count === 0 ? '' : `; ${count} of them ended the process it runs in`)

/** Each measured shell is `{ title, rows }`; peers are `{ title, equal }`. */
export function document({ bash, programs, measured, peers }) {
  const total = programs.length
  const groups = [...new Set(programs.map(({ name }) => name.split('/')[0]))]
  const inGroup = (rows, group) => rows.filter(({ name }) => name.startsWith(`${group}/`)).length
  const scores = [
    ...measured.map(({ title, rows }) => [title, goodOf(rows).length]),
    ...peers.map(({ title, equal, crashes }) => [`${title}${crashed(crashes)}`, equal]),
  ]
  const known = measured.map(
    ({ title, rows }) => `## Known differences: ${title}

The first line of each program that differs.

| program | in the virtual shell |
|---|---|
${rows
  .filter((row) => !row.good)
  .map((row) => `| ${row.name} | ${escaped(difference(row))} |`)
  .join('\n')}
`,
  )
  return `# How close the virtual shell is to bash

Made by \`scripts/conformance.mjs\`; do not edit.

${total} small programs were recorded with bash ${bash}. A program counts as equal where the shell prints
the same and ends with the same exit code. What is printed to stderr is not compared. The programs are in
\`__test__/workspace/fixtures/conformance\`, by group and name.

| shell | equal | programs |
|---|---|---|
${scores.map(([title, equal]) => `| ${title} | ${equal} | ${total} |`).join('\n')}

| group | programs |${measured.map(({ key }) => ` ${key} |`).join('')}
|---|---|${measured.map(() => '---|').join('')}
${groups
  .map((group) => {
    const cells = measured.map(({ rows }) => ` ${inGroup(goodOf(rows), group)} |`)
    return `| ${group} | ${inGroup(programs, group)} |${cells.join('')}`
  })
  .join('\n')}

${known.join('\n')}`
}

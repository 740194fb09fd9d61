/**
 * Judging the text of a command, beside parsers of shell texts, which judge nothing.
 * @module
 */
import { createRequire } from 'node:module'
import { importPeer } from '../lib/peers.mjs'

const { classifyCommand } = createRequire(import.meta.url)('../..')

/** Texts of these many bytes are cut or filled up with a comment. */
function sized(text, bytes) {
  return text.length < bytes ? `${text} ${'#'.repeat(bytes - text.length - 1)}` : text
}

const command =
  `git status --short && grep -rn "TODO" src --include='*.ts' | sort | uniq -c | sort -rn | ` +
  `head -n 20 > todo.txt && wc -l < todo.txt || echo "nothing was found in: $(pwd), go on and then look elsewhere"`

const script = `#!/bin/sh
set -eu
out=build/report
mkdir -p "$out"
count=0
for file in src/*.ts src/workspace/*.ts; do
  name=$(basename "$file" .ts)
  if grep -q 'TODO' "$file"; then
    count=$((count + 1))
    printf '%s\\t%s\\n' "$name" "$(grep -c TODO "$file")" >> "$out/todo.tsv"
  fi
  case "$name" in
    test-*) continue ;;
    *.generated) echo "generated: $name" ;;
    *) sed -n '1,20p' "$file" | awk '{ print NR ": " $0 }' > "$out/$name.head" ;;
  esac
done
sort -k2 -rn "$out/todo.tsv" | head -n 10 > "$out/top.tsv"
while IFS= read -r line; do
  echo "- \${line%%	*}" >> "$out/list.md"
done < "$out/top.tsv"
if [ "$count" -gt 0 ]; then
  echo "$count files have notes" && cat "$out/list.md"
else
  echo 'nothing to do'
fi
find "$out" -name '*.head' -size -1k | while read -r empty; do echo "short: $empty"; done
tar -czf build/report.tgz -C build report && ls -l build/report.tgz | awk '{ print $5 }'
`

const plainer =
  `cd packages/server && npx vitest run --reporter=dot src/routes/users.test.ts 2>&1 | tail -n 40 && ` +
  `git add -A && git commit -m "fix(routes): answer 404 for users that are not known (was a 500 before)"`

/** What is judged. */
export const texts = [
  { id: '200', title: `${command.length} bytes, nine commands`, text: command, calls: 200 },
  { id: '200-5', title: `${plainer.length} bytes, five commands`, text: plainer, calls: 200 },
  { id: '1k', title: 'a script of 1 KiB', text: sized(script, 1024), calls: 40 },
]

/** @type {Record<string, {title: string, open: () => object}>} */
export const classifiers = {
  runlet: { title: '`classifyCommand`', open: () => ({ judge: (text) => classifyCommand(text) }) },
  bashkit: {
    title: '`analyze` of @everruns/bashkit, names no risk',
    open: async () => {
      const { Bash } = await importPeer('@everruns/bashkit')
      const bash = new Bash()
      return { judge: (text) => bash.analyze(text) }
    },
  },
  'just-bash': {
    title: '`parse` of just-bash, a syntax tree alone',
    open: async () => {
      const { parse } = await import('just-bash')
      return { judge: (text) => parse(text) }
    },
  },
}

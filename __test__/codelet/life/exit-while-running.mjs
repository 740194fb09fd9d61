// process.exit with codelets running, queued, parked and being killed ends at once, with its code.
import { createCodeletRunner } from 'runlet'

const runner = createCodeletRunner()
const codes = [
  'for (;;) {}',
  'for (;;) await null',
  'new Array(2 ** 32 - 1).reverse()',
  'await h.never()',
  "const a = []; for (;;) a.push('x'.repeat(100))",
  'for (;;) console.log(1)',
]
for (let index = 0; index < 24; index++) {
  const code = `export async function main(i, h) { ${codes[index % codes.length]} }`
  runner.run(
    { type: 'string', code },
    {
      timeout_ms: index % 2 ? 20 : 60_000,
      host: { never: () => new Promise(() => {}) },
      on_log: () => {},
    },
  )
}
const delay = Number(process.argv[2] ?? 30)
setTimeout(() => {
  process.stdout.write('pass\n')
  process.exit(7)
}, delay)

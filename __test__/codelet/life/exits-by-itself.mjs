// After the last result nothing keeps the process alive: no timer, no thread, no handle.
import { createCodeletRunner, runCodelet } from 'runlet'

const source = { type: 'string', code: 'export const main = () => 1' }
const runner = createCodeletRunner()
await Promise.all([
  runCodelet(source),
  runner.run(source),
  runner.run(
    { type: 'string', code: 'export async function main(i, h) { await h.f(); for (;;) {} }' },
    { timeout_ms: 50, host: { f: () => 1 } },
  ),
])
const { signal } = new AbortController()
await runner.run(source, { signal, on_log: () => {} })
const started = Date.now()
process.on('exit', () => process.stdout.write(Date.now() - started < 2000 ? 'pass\n' : 'late\n'))

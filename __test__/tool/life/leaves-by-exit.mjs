// process.exit in mid-call: prints which processes must be gone soon after.
import { join } from 'node:path'
import { createToolRuntime } from 'runlet'
import { marked, options, until } from './support.mjs'

const [type, how] = process.argv.slice(2)
const given = options(type, { warm: { size: 1 }, maxConcurrent: 3 })
const tools = createToolRuntime(given)
const file = join(given.projectRoot, 'marks')
for (let at = 0; at < 3; at++) tools.executeTool('markAndWait', { input: file })
await until('three run', () => marked(file).length === 3)
process.stdout.write(`${marked(file).join(' ')}\n`, () => {
  if (how === 'exit') process.exit(7)
  else process.kill(process.pid, 'SIGKILL')
})

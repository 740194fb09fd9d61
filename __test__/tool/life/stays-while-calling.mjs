// A call that is under way keeps the process alive, whatever else there is to do; then it ends.
import { createToolRuntime } from 'runlet'
import { options } from './support.mjs'

const [type] = process.argv.slice(2)
const tools = createToolRuntime(options(type))
tools.executeTool('sleep', { input: { ms: 700, value: 'pass' } }).then((result) => {
  process.stdout.write(`${result.output?.value ?? result.error}\n`)
})

// Runs one of the guests the way node:vm is commonly used: a fresh context, a timeout, JSON out.
// Prints `kept` when the guest was stopped or got nowhere; anything else is a fall of node:vm.

import vm from 'node:vm'
import { guests } from './guests.mjs'

// Memory runs out after more time on a busy machine; only the others are told by their time.
const timeout = process.argv[2] === 'memory bomb' ? 60_000 : 200
const script = `(async (input, console) => { ${guests[process.argv[2]]} })(input, console)`
let value
try {
  const promise = vm.runInNewContext(script, { input: { value: 1 }, console }, { timeout })
  value = JSON.stringify(await promise)
} catch {
  value = 'stopped'
}
if ({}.polluted !== undefined) value = 'polluted the host'
process.stdout.write(value === '"escaped"' || value === 'polluted the host' ? 'fell\n' : 'kept\n')

// Runs one of the guests the way node:vm is commonly used: a fresh context, a timeout, JSON out.
// Prints `kept` when the guest was stopped or got nowhere; anything else is a fall of node:vm.

import vm from 'node:vm'
import { guests } from './guests.mjs'

const script = `(async (input, console) => { ${guests[process.argv[2]]} })(input, console)`
let value
try {
  const promise = vm.runInNewContext(script, { input: { value: 1 }, console }, { timeout: 200 })
  value = JSON.stringify(await promise)
} catch {
  value = 'stopped'
}
if ({}.polluted !== undefined) value = 'polluted the host'
process.stdout.write(value === '"escaped"' || value === 'polluted the host' ? 'fell\n' : 'kept\n')

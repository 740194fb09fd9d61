// A tool asks a server, with a token that it gets and this process's other variables withheld.
//
//   node examples/tools/stock-check.mjs
//
// The server is one of this very process, on the loopback interface.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { createToolRuntime, isBunAvailable } from 'runlet'

const shelves = { 'LAMP-01': 12, 'DESK-160': 3 }
const server = createServer(({ url, headers }, response) => {
  const count = shelves[url.slice(1)]
  const status =
    headers.authorization !== 'Bearer open-sesame' ? 401 : count === undefined ? 404 : 200
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ count }))
}).listen(0, '127.0.0.1')
await once(server, 'listening')

const address = `127.0.0.1:${server.address().port}`
const runtime = createToolRuntime({
  runtimeType: isBunAvailable() ? 'bun' : 'node',
  projectRoot: fileURLToPath(new URL('.', import.meta.url)),
  entrypointPath: 'entrypoints/stock.mjs',
  // This server and no other; no file but the tool's own code.
  permissions: [`--allow-net=${address}`],
  tools: { stock: { config: { url: `http://${address}/` } } },
})

async function show(label, skus, options) {
  const { ok, output, error } = await runtime.executeTool('stock', { input: { skus }, ...options })
  if (ok) console.log(`allowed  ${label.padEnd(15)} ${JSON.stringify(output)}`)
  else console.log(`refused  ${label.padEnd(15)} ${error.code}: ${error.cause.message}`)
}

const env = { WAREHOUSE_TOKEN: 'open-sesame' }
await show('with the token', ['LAMP-01', 'DESK-160'], { env })
// It is there, in this process, and not in the tool's.
process.env.WAREHOUSE_TOKEN = env.WAREHOUSE_TOKEN
await show('without it', ['LAMP-01'])
await show('no such article', ['SOFA'], { env })
await show('a wrong name', ['LAMP-01'], { env: { NODE_OPTIONS: '--require ./evil.js' } })

await runtime.dispose()
server.close()

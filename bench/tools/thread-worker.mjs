// For worker_threads: one message in, one out.

import { parentPort } from 'node:worker_threads'
import tools from './tool.mjs'

parentPort.once('message', async ({ tool, input }) => {
  parentPort.postMessage(await tools[tool](input))
})

// For child_process.fork: one message in, one out.

import tools from './tool.mjs'

process.once('message', async ({ tool, input }) => {
  process.send(await tools[tool](input), () => process.exit(0))
})

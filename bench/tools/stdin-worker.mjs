// The plain way: one process per call, the request on stdin, the answer on stdout.

import tools from './tool.mjs'

const pieces = []
for await (const piece of process.stdin) pieces.push(piece)
const { tool, input } = JSON.parse(Buffer.concat(pieces).toString())
process.stdout.write(JSON.stringify(await tools[tool](input)))

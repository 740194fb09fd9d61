// For tinypool and piscina: the default export is called.

import tools from './tool.mjs'

export default ({ tool, input }) => tools[tool](input)

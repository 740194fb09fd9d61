/** What the codelet room runs for a program of the shell. */

import type { CodeletModule, CodeletStringSource } from '../../../index.js'

/** One way to read a program. */
export interface Reading {
  readonly source: CodeletStringSource
  readonly modules?: Record<string, CodeletModule>
  /** Lines of the source above the program's own. */
  readonly linesAbove: number
}

/** The text that a program has in messages. */
const NAME = 'script.js'

/** `tools.math.add(input)` calls the function `tool` with `math.add`. */
const TOOLS = `const toolsOf = (call) => {
  const at = (path) => new Proxy(() => undefined, {
    get: (_, name) => typeof name === 'string' && (path === '' ? name !== 'then' : true)
      ? at(path === '' ? name : path + '.' + name) : undefined,
    apply: (_, self, [input]) => call(path, input),
  })
  return at('')
}`

/**
 * The ways to read a program, most likely first: the next is for one that does not compile.
 * A module has an export; its `main` or default is called. Anything else is an expression, whose value
 * is the result, or the body of a function.
 */
export function readingsOf(
  code: string,
  {
    bootstrap,
    hasTools,
    typescript,
  }: { bootstrap: string; hasTools: boolean; typescript: boolean },
): Reading[] {
  const language = typescript ? 'ts' : 'auto'
  const text = code.replace(/^#!.*/, '')
  const tools = hasTools ? TOOLS : 'const toolsOf = () => undefined'
  // Both look at each line once, however many blanks a hostile text has.
  if (/^[ \t]*export\b/m.test(text) || /^[ \t]*import\b(?![ \t]*\()/m.test(text)) {
    const entry = `import * as program from ${JSON.stringify(NAME)}
${tools}
export default async (input, host) => {
  const { tool, ...rest } = host
  const main = program.main ?? program.default
  if (typeof main !== 'function') return main
  return main(input, { ...rest, ...(tool && { tools: toolsOf(tool) }) })
}`
    const linesAbove = linesOf(bootstrap)
    const module = bootstrap === '' ? text : `${bootstrap}\n${text}`
    const source = { type: 'string' as const, code: entry, filename: 'shell.js' }
    return [{ source, modules: { [NAME]: { code: module, language } }, linesAbove }]
  }
  const head = `${tools}
export default async ({ args, stdin, cwd, env }, { files, tool }) => {
const process = Object.freeze({ argv: ['node', 'script', ...args], env, cwd: () => cwd })
const tools = toolsOf(tool)
${bootstrap}
return await (async () => `
  const linesAbove = linesOf(head)
  return [`(\n${text}\n)`, `{\n${text}\n}`].map((body) => ({
    source: { type: 'string', code: `${head}${body})() }`, language, filename: NAME },
    linesAbove,
  }))
}

function linesOf(text: string): number {
  return text === '' ? 0 : text.split('\n').length
}

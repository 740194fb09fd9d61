// What runlet does with tools that hang, leak, exit and leave processes behind.
//
//   node examples/tools/careless-tools.mjs

import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createToolRuntime, isBunAvailable } from 'runlet'

const runtime = createToolRuntime({
  runtimeType: isBunAvailable() ? 'bun' : 'node',
  projectRoot: fileURLToPath(new URL('.', import.meta.url)),
  entrypointPath: 'entrypoints/careless.mjs',
  // One of them starts a program, which gets no more than the tool itself.
  permissions: ['--allow-read', '--allow-run'],
  toolExecutionTimeoutMs: 20_000,
  tools: { endless: { timeoutMs: 1000 }, greedy: { memoryLimitBytes: 256 * 1024 * 1024 } },
})

async function show(toolId, note = () => '') {
  const result = await runtime.executeTool(toolId)
  const came = result.ok ? JSON.stringify(result.output) : result.error.code
  console.log(`${toolId.padEnd(8)} ${came.padEnd(40)} ${note(result)}`.trimEnd())
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

await show('count')
await show('count', () => 'a process of its own: it starts from nothing')
await show('noisy', ({ logs }) => `printed ${logs.stdout.trim()}`)
await show('endless', ({ error }) => error.cause.message)
await show('greedy', ({ error }) => `phase ${error.details.phase}`)
await show('abrupt', ({ error }) => `exit code ${error.cause.exitCode}`)

const { output } = await runtime.executeTool('parent')
// A result is not kept waiting for the end of the process.
for (let tries = 0; isAlive(output.child) && tries < 100; tries++) await setTimeout(50)
console.log(`parent   its child is ${isAlive(output.child) ? 'still there' : 'gone with it'}`)

const { executions, byCode } = runtime.stats()
console.log(`\n${executions.success} succeeded, failed: ${Object.keys(byCode).sort().join(', ')}`)
await runtime.dispose()

// Tools sum up a CSV file of 3,000 rows, on Bun and on Node, with zod at both ends.
//
//   node examples/tools/sales-report.mjs
//
// Any validator that follows Standard Schema will do, and so does JSON Schema.

import { fileURLToPath } from 'node:url'
import { createToolRuntime } from 'runlet'
import { z } from 'zod'

const File = z.object({ path: z.string().endsWith('.csv') })
const Cents = z.number().int()
const tools = {
  summarize: {
    inputSchema: File,
    outputSchema: z.object({
      rows: z.number(),
      currency: z.string(),
      cents: z.record(z.string(), Cents),
    }),
    config: { currency: 'EUR' },
    timeoutMs: 20_000,
  },
  average: { inputSchema: File, outputSchema: z.object({ rows: z.number(), cents: Cents }) },
}

async function show(runtime, toolId, input) {
  const { ok, output, error } = await runtime.executeTool(toolId, {
    input,
    onLog: ({ text }) => console.log(`         it printed: ${text.trim()}`),
  })
  if (!ok) return console.log(`refused  ${toolId}: ${error.code}: ${error.cause.message}`)
  console.log(`allowed  ${toolId}: ${output.rows} rows`)
  for (const [region, cents] of Object.entries(output.cents).sort()) {
    const amount = (cents / 100).toLocaleString('en', { minimumFractionDigits: 2 })
    console.log(`         ${region.padEnd(6)} ${output.currency} ${amount.padStart(10)}`)
  }
}

for (const runtimeType of ['bun', 'node']) {
  console.log(`${runtimeType}:`)
  const runtime = createToolRuntime({
    runtimeType,
    projectRoot: fileURLToPath(new URL('..', import.meta.url)),
    entrypointPath: 'tools/entrypoints/sales.mjs',
    // Beside their own code the tools may read this folder, and do nothing else.
    permissions: ['--allow-read=./data'],
    tools,
  })
  await show(runtime, 'summarize', { path: 'data/sales.csv' })
  await show(runtime, 'summarize', { path: 'data/orders.json' })
  await show(runtime, 'average', { path: 'data/sales.csv' })
  await runtime.dispose()
}

// An agent at work in a folder of its own: the calls below are those of a model, one after the other.
// It has bash behind a guard, confined by the kernel, and tools for files. A person is asked before
// something dangerous runs. What the agent made is handed on by the host.
//
//   node examples/agent-workspace.mjs

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRuntime, localWorkspace, workspaceTools } from 'runlet'

const sales = readFileSync(new URL('data/sales.csv', import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'runlet-agent-'))
await localWorkspace(root).write('sales.csv', sales)

/** What the agent asks for, in order. */
const calls = [
  ['ls', {}],
  ['bash', { command: 'head -n 2 sales.csv; wc -l < sales.csv' }],
  ['read', { path: 'sales.csv', offset: 3, limit: 2, lineNumbers: true }],
  [
    'write',
    { path: 'report.sh', content: 'cut -d , -f 2 sales.csv | sort | uniq -c > report.txt\n' },
  ],
  ['bash', { command: 'bash report.sh; cat report.txt' }],
  ['edit', { path: 'report.sh', oldText: 'sales.csv |', newText: 'sales.csv | tail -n +2 |' }],
  ['bash', { command: 'bash report.sh; cat report.txt' }],
  ['grep', { query: 'DESK-.*,9,', regex: true, glob: '*.csv', maxResults: 3 }],
  ['read', { file: 'report.txt' }],
  ['read', { path: '../../etc/passwd' }],
  ['bash', { command: 'cat /etc/shadow' }],
  ['bash', { command: 'mkdir drafts; chmod -R 700 drafts' }],
  ['bash', { command: 'git push --force' }],
  ['bash', { command: 'rm -rf /' }],
  ['attach', { path: 'report.txt', name: 'Sales by region' }],
]

const runtime = createRuntime({
  root,
  name: 'guarded-bash',
  guard: {
    // In place of a person.
    onApproval: async ({ command, reason }) => {
      const answer = command.endsWith('drafts')
      console.log(`         asked: ${reason}? ${answer ? 'yes' : 'no'}`)
      return answer
    },
  },
  // Without one, a warning says that commands run on the host.
  logger: { debug() {}, info() {}, warn() {}, error() {} },
})
try {
  const mark = await runtime.mark()
  const tools = new Map(workspaceTools(runtime).map((tool) => [tool.name, tool]))
  for (const [name, input] of calls) {
    console.log(`${name.padEnd(7)}  ${Object.values(input).join(' | ').trim()}`)
    const { text, isError } = await tools.get(name).execute(input)
    console.log(
      `${isError ? 'refused' : '       '}  ${text.trim().replaceAll('\n', '\n         ')}`,
    )
  }

  console.log('\nfor the host:')
  for (const { path } of await runtime.generated({ since: mark })) {
    const { bytes, mimeType } = await runtime.openGenerated({ path })
    console.log(`${path}: ${bytes.length} bytes, ${mimeType}`)
  }
} finally {
  await runtime.close()
  rmSync(root, { recursive: true })
}

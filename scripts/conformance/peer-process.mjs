// The process that a shell of somebody else runs in: such a shell may end it, which is its own result and
// not the end of the measurement. Told one program at a time; started by engines.mjs.

import { pathToFileURL } from 'node:url'

const [, , entry] = process.argv
const { Bash } = await import(pathToFileURL(entry).href)

process.on('message', async ({ script, cwd, env, timeoutMs }) => {
  const bash = new Bash({ cwd, env, timeoutMs })
  await bash.execute(`mkdir -p ${cwd}`)
  const { stdout, stderr, exitCode } = await bash.execute(script)
  process.send({ out: stdout, err: stderr, code: exitCode })
})
process.send('ready')

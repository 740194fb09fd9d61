/**
 * The thread that scripts run in: it loads the engine, is told of one workspace, runs script after
 * script. Nothing of the engine runs in any other thread, since a script may keep its thread busy for
 * ever. Started by `just-bash/thread.ts`.
 */

import { parentPort } from 'node:worker_threads'
import type { ToThread } from './just-bash/messages'
import { openInThread, type ThreadShell } from './just-bash/thread-shell'

if (parentPort === null) throw new Error('this file is the entry of a thread')
const port = parentPort
const send = (message: object) => port.postMessage(message)

const engine = import('just-bash').then(
  async (loaded) => {
    // What the first script would wait for.
    await new loaded.Bash({ defenseInDepth: false }).exec('echo | cat')
    send({ ready: true })
    return loaded
  },
  (error: unknown) => {
    send({ ready: error instanceof Error ? error.message : 'it could not be loaded' })
    return undefined
  },
)

let shell: ThreadShell | undefined

port.on('message', async (message: ToThread) => {
  const loaded = await engine
  if (loaded === undefined) return
  if ('open' in message) shell = openInThread(loaded, message.open, send)
  else if ('run' in message) send((await shell?.run(message)) as object)
  else if ('abort' in message) shell?.abort(message.abort)
  else shell?.receive(message)
})

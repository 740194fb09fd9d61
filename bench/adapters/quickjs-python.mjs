/**
 * QuickJS as a native build, which is what runlet's engine is too. The only ready-made ones are
 * Python extensions, so a Python process is kept beside the cell and gets one line per run: the
 * pipe there and back, some 0.1 ms, lies inside the timed region. Measured on the CPU kernels only.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { withDeadline } from '../lib/deadline.mjs'
import { findPython, pythonFolder, pythonPeerVersion } from '../lib/install-python.mjs'

const guestPath = fileURLToPath(new URL('./quickjs-python-guest.py', import.meta.url))

function startPython(packageName) {
  const python = findPython()
  if (!python) throw new Error('there is no Python 3 here')
  const child = spawn(python, ['-u', guestPath, pythonFolder(packageName)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const waiting = []
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()(JSON.parse(line)))
  child.on('close', () => {
    for (const settle of waiting.splice(0)) settle({ error: 'the Python process ended' })
  })
  return {
    ask(order) {
      const answer = new Promise((resolve) => waiting.push(resolve))
      child.stdin.write(`${JSON.stringify(order)}\n`)
      return answer
    },
    stop: () => child.kill('SIGKILL'),
  }
}

/**
 * @param {string} packageName its name on PyPI
 * @param {string} name what the rows are called
 * @returns {object} an adapter
 */
export function quickjsPython(packageName, name) {
  return {
    name,
    boundary: 'native heap in a Python process',
    engine: 'quickjs',
    onMainThread: false,
    warmGivesUp: undefined,
    onlyGroups: ['cpu'],
    pythonPackage: packageName,
    version: () => pythonPeerVersion(packageName),
    async load() {},
    setup: async (limits) => ({ limits, python: startPython(packageName) }),
    async runOnce({ limits, python }, { source, input }) {
      const { timeoutMs, memoryBytes } = limits
      const order = { source, timeoutMs, memoryBytes, inputText: JSON.stringify(input) }
      const { text, error } = await withDeadline(python.ask(order), timeoutMs, python.stop)
      if (error !== undefined) throw new Error(error)
      return JSON.parse(text)
    },
    isTimeout: (error) => /interrupted|outer timer/i.test(String(error?.message)),
    teardown: ({ python }) => python.stop(),
  }
}

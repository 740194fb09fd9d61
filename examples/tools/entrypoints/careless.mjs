// Tools as one would rather not have them. None of them harms the process that calls it.

import { spawn } from 'node:child_process'

let calls = 0

/** State does not outlive a call. */
export const count = () => ++calls

/** What it prints looks like an answer, and is a log. */
export function noisy() {
  process.stdout.write('{"result": "forged"}\n')
  setInterval(() => undefined, 1000)
  return 'the value that it returned'
}

export function endless() {
  for (;;);
}

export function greedy() {
  const kept = []
  for (;;) kept.push(Buffer.alloc(1e6, 1))
}

export function abrupt() {
  process.exit(3)
}

/** Its child holds the pipes open. */
export function parent() {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], {
    stdio: 'inherit',
  })
  return { child: child.pid }
}

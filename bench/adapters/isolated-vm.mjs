/**
 * isolated-vm. Cold: a new isolate and context for every run. Warm: a new context in one shared
 * isolate. Its own timeout covers synchronous code; the outer timer that disposes the isolate is
 * what its documentation recommends for the rest.
 */
import { DeadlineError, withDeadline } from '../lib/deadline.mjs'
import { importPeer, peerVersion } from '../lib/peers.mjs'

/** Runs the shared isolate of the warm mode has to hold at once; its limit is theirs together. */
const SHARED_BY = 8
let ivm

const newIsolate = (memoryBytes) =>
  new ivm.Isolate({ memoryLimit: Math.max(8, Math.round(memoryBytes / 1024 / 1024)) })

/** Host functions arrive as $1, $2, ... and are put together under their names in the guest. */
function hostObject(host) {
  const names = Object.keys(host ?? {})
  const members = names.map(
    (name, i) =>
      `${name}: (...args) => $${i + 1}.apply(undefined, args, ` +
      '{ arguments: { copy: true }, result: { promise: true, copy: true } })',
  )
  return {
    text: `{ ${members.join(', ')} }`,
    references: names.map((name) => new ivm.Reference(host[name])),
  }
}

async function execute(context, limits, body, args) {
  return await context.evalClosure(body, args, {
    timeout: limits.timeoutMs,
    result: { promise: true, copy: true },
  })
}

async function throughText(context, limits, { source, input, host }) {
  const { text, references } = hostObject(host)
  const body = `${source}\nreturn main(JSON.parse($0), ${text}).then(JSON.stringify)`
  return JSON.parse(await execute(context, limits, body, [JSON.stringify(input), ...references]))
}

async function inFreshIsolate(limits, work) {
  const isolate = newIsolate(limits.memoryBytes)
  try {
    const running = isolate.createContext().then(work)
    return await withDeadline(running, limits.timeoutMs, () => isolate.dispose())
  } finally {
    if (!isolate.isDisposed) isolate.dispose()
  }
}

export default {
  name: 'isolated-vm',
  boundary: 'own V8 isolate',
  engine: 'v8',
  onMainThread: false,
  warmGivesUp: 'one isolate for all: heap, memory limit and thread shared, one breach ends all',
  /** Its readme demands the second way on newer Nodes; both are tried and the better one kept. */
  launchFlags: [[], ['--no-node-snapshot']],
  version: () => peerVersion('isolated-vm'),
  async load() {
    ivm = (await importPeer('isolated-vm')).default
  },
  async setup(limits) {
    return { limits, shared: newIsolate(limits.memoryBytes * SHARED_BY) }
  },
  runOnce: ({ limits }, codelet) =>
    inFreshIsolate(limits, (context) => throughText(context, limits, codelet)),
  async runWarm({ shared, limits }, codelet) {
    const context = await shared.createContext()
    try {
      return await withDeadline(throughText(context, limits, codelet), limits.timeoutMs)
    } finally {
      context.release()
    }
  },
  /** Structured clone through ExternalCopy, its documented fast path for objects. */
  runNative: ({ limits }, { source, input }) =>
    inFreshIsolate(limits, (context) => {
      const copy = new ivm.ExternalCopy(input).copyInto({ release: true })
      return execute(context, limits, `${source}\nreturn main($0)`, [copy])
    }),
  /** An isolate with a context, each; runs that wait are held to what fits this address space. */
  parkedAtMost: 50,
  async holdIdle({ limits }) {
    const isolates = []
    for (let i = 0; i < 20; i++) {
      const isolate = newIsolate(limits.memoryBytes)
      isolates.push({ isolate, context: await isolate.createContext() })
    }
    return {
      count: isolates.length,
      release() {
        for (const { isolate } of isolates) isolate.dispose()
      },
    }
  },
  isTimeout: (error) => error instanceof DeadlineError || /timed out/i.test(String(error?.message)),
  teardown: ({ shared }) => shared.dispose(),
}

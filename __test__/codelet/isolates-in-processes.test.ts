import { spawn } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { type CodeletRunner, capabilities, createCodeletRunner, runCodelet } from 'runlet'
import { body, js, rejectionOf, sleep } from './run-text'

/** Elsewhere there are no such processes, which the last test says. */
const onLinux = process.platform === 'linux' ? describe : describe.skip

/** Engine processes that a process has started, by what the kernel says of all of them. */
function enginesOf(parent = process.pid): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      // "pid (name) state parent …"
      const [, comm, state, ppid] =
        /^\d+ \((.*)\) (\S) (\d+) /s.exec(readFileSync(`/proc/${name}/stat`, 'latin1')) ?? []
      return comm === 'runlet-engine' && state !== 'Z' && Number(ppid) === parent
        ? [Number(name)]
        : []
    } catch {
      return []
    }
  })
}

/** Waits until `holds`, for as long as a busy machine may need. */
async function until(holds: () => boolean): Promise<void> {
  for (let left = 1000; !holds(); left--) {
    if (left === 0) throw new Error('it did not come to be')
    await sleep(10)
  }
}

/**
 * Ends a process as a fault of its own would. One that is only sent, and does not happen again, is passed
 * on by the engine's handler to the one before it, and by that to the default: the third ends it.
 */
async function crash(pid: number): Promise<void> {
  await until(() => {
    if (!enginesOf().includes(pid)) return true
    process.kill(pid, 'SIGSEGV')
    return false
  })
}

/** Stops a process. The kernel does so thread by thread, and one that is awake may take a run meanwhile. */
async function stop(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP')
  await until(() =>
    readdirSync(`/proc/${pid}/task`).every((thread) =>
      /^\d+ \(.*\) T /s.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1')),
    ),
  )
}

/** The one process of a runner that has had one run. */
async function only(runner: CodeletRunner): Promise<number> {
  const before = new Set(enginesOf())
  expect((await runner.run(js(body('return 1')))).value).toBe(1)
  const fresh = () => enginesOf().filter((pid) => !before.has(pid))
  // One that was started for a runner of an earlier test ends as soon as it is ready.
  await until(() => fresh().length <= 1)
  const own = fresh()
  // The process that showed that there can be any goes to the first runner.
  return own[0] ?? ([...before].at(-1) as number)
}

const apart = () => createCodeletRunner({ isolation: 'process', maxConcurrent: 1 })

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

onLinux('codelets in processes of their own', () => {
  it('are what capabilities says there is', () => {
    expect(capabilities().processIsolation).toBe(true)
  })

  it('run as they do on threads', async () => {
    const runner = apart()
    const source = js(
      body(`console.log('given', input)
        const sum = await helpers.add(input.a, input.b)
        return new Map([['sum', sum], ['bytes', new Uint8Array([1, 2])]])`),
    )
    const options = {
      input: { a: 1n, b: 2n },
      host: { add: (a: bigint, b: bigint) => a + b },
      values: 'clone' as const,
    }
    const [inProcess, onThread] = [
      await runner.run(source, options),
      await createCodeletRunner({ isolation: 'thread' }).run(source, options),
    ]
    expect(inProcess.error).toBeUndefined()
    expect(inProcess.value).toEqual(onThread.value)
    expect(inProcess.logs.map(({ message }) => message)).toEqual(['given { a: 1n, b: 2n }'])
    expect(inProcess.usage.hostCalls).toBe(1)
    runner.dispose()
  })

  it('can be asked for by a run, on a runner of threads', async () => {
    const runner = createCodeletRunner({ isolation: 'thread' })
    const before = runner.stats().threads
    const result = await runner.run(js(body('return 2')), { isolation: 'process' })
    expect(result.value).toBe(2)
    expect(runner.stats().threads).toBe(before + 1)
    expect(runner.stats().runsByCode.OK).toBe(1)
    runner.dispose()
  })

  it('cannot be refused by a run, on a runner of processes', async () => {
    const runner = apart()
    const error = await rejectionOf(runner.run(js(body('return 1')), { isolation: 'thread' }))
    expect([error.code, error.details?.field]).toEqual(['INVALID_ARGUMENT', 'isolation'])
    runner.dispose()
  })

  it('have nothing but memory, time and one channel', async () => {
    const runner = apart()
    const pid = await only(runner)
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1]
    expect(field('Seccomp')).toBe('2')
    expect(field('NoNewPrivs')).toBe('1')
    for (const set of ['CapInh', 'CapPrm', 'CapEff']) {
      expect([set, field(set)]).toEqual([set, '0000000000000000'])
    }
    // Reader, worker and watchdog: no thread is ever made again.
    expect(field('Threads')).toBe('3')
    const limits = readFileSync(`/proc/${pid}/limits`, 'latin1')
    for (const what of ['open files', 'file size', 'core file size', 'processes']) {
      expect(limits).toMatch(new RegExp(`^Max ${what}\\s+0\\s+0\\s`, 'm'))
    }
    // Not even its owner may look at its descriptors, unless he is root.
    if (process.getuid?.() === 0) expect(readdirSync(`/proc/${pid}/fd`)).toEqual(['3'])
    else expect(() => readdirSync(`/proc/${pid}/fd`)).toThrow(/EACCES/)
    runner.dispose()
  })

  it('end with their runner', async () => {
    const runner = apart()
    const pid = await only(runner)
    runner.dispose()
    await until(() => !enginesOf().includes(pid))
  })

  it('end with their host, however that ends', async () => {
    const script = `const { createCodeletRunner } = require('runlet')
      const runner = createCodeletRunner({ isolation: 'process' })
      const source = { type: 'string', code: 'export const main = () => { for (;;) {} }' }
      runner.run(source, { timeout_ms: 60000 })
      setTimeout(() => console.log('runs'), 300)`
    const child = spawn(process.execPath, ['-e', script], { cwd: join(__dirname, '..', '..') })
    await new Promise((resolve) => child.stdout.once('data', resolve))
    const engines = enginesOf(child.pid as number)
    expect(engines.length).toBeGreaterThan(0)
    child.kill('SIGKILL')
    const isThere = (pid: number) => {
      try {
        return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))
      } catch {
        return false
      }
    }
    await until(() => !engines.some(isThere))
  })
})

onLinux('a process that dies', () => {
  it('is WORKER_LOST for its own run, which may be tried again', async () => {
    const runner = apart()
    const pid = await only(runner)
    const running = runner.run(js(body('for (;;) {}')), { timeout_ms: 20_000 })
    await sleep(50)
    await crash(pid)
    const { error, duration_ms } = await running
    expect(error).toMatchObject({
      code: 'WORKER_LOST',
      retryable: true,
      details: { signal: 11, exitCode: null },
    })
    expect(duration_ms).toBeGreaterThan(0)
    expect((await runner.run(js(body('return "again"')))).value).toBe('again')
    expect(runner.stats().runsByCode.WORKER_LOST).toBe(1)
    expect(runner.stats().running).toBe(0)
    runner.dispose()
  })

  it('takes no other run with it', async () => {
    const runner = createCodeletRunner({ isolation: 'process' })
    const gates: Array<() => void> = []
    const host = { wait: () => new Promise<void>((resolve) => gates.push(resolve)) }
    const before = new Set(enginesOf())
    const options = { host, timeout_ms: 20_000 }
    const runs = Array.from({ length: 6 }, (_, number) =>
      runner.run(js(body('await helpers.wait(); return input')), { ...options, input: number }),
    )
    await until(() => gates.length === 6)
    const victim = enginesOf().find((pid) => !before.has(pid)) as number
    await crash(victim)
    await until(() => runner.stats().runsByCode.WORKER_LOST === 1)
    for (const open of gates) open()
    const results = await Promise.all(runs)
    const lost = results.filter((result) => !result.ok)
    expect(lost.map(({ error }) => error?.code)).toEqual(['WORKER_LOST'])
    // It had called the host: what that did is done.
    expect(lost[0]?.error?.retryable).toBe(false)
    expect(lost[0]?.usage.hostCalls).toBe(1)
    results.forEach((result, number) => {
      if (result.ok) expect(result.value).toBe(number)
    })
    runner.dispose()
  })

  it('is replaced when nothing ran in it', async () => {
    const runner = apart()
    const pid = await only(runner)
    const before = runner.stats().threads
    await crash(pid)
    await until(() => runner.stats().threads < before)
    expect((await runner.run(js(body('return 3')))).value).toBe(3)
    runner.dispose()
  })

  it('is ended when it hears of neither deadline nor abort', async () => {
    const runner = apart()
    const stopped = async () => stop(await only(runner))
    await stopped()
    const late = await runner.run(js(body('return 1')), { timeout_ms: 100 })
    expect(late.error).toMatchObject({ code: 'TIMEOUT', details: { limit: 'wall', limitMs: 100 } })
    expect(late.usage.stoppedBy).toBe('kill')
    await stopped()
    const abort = new AbortController()
    const running = runner.run(js(body('return 1')), { signal: abort.signal, timeout_ms: 60_000 })
    await sleep(20)
    abort.abort()
    expect((await running).error).toMatchObject({ code: 'CANCELLED', details: { by: 'signal' } })
    expect((await runner.run(js(body('return 4')))).value).toBe(4)
    runner.dispose()
  })
})

/** What a copy of the package says whose program was changed, or is not there. */
async function without(change: (program: string) => void) {
  const folder = mkdtempSync(join(tmpdir(), 'runlet-engine-'))
  folders.push(folder)
  const dist = join(folder, 'dist')
  cpSync(join(__dirname, '..', '..', 'dist'), dist, { recursive: true })
  rmSync(join(dist, 'runlet-engine'))
  change(join(dist, 'runlet-engine'))
  const script = `const { capabilities, createCodeletRunner } = require(${JSON.stringify(dist)})
    const said = { processIsolation: capabilities().processIsolation }
    try { createCodeletRunner({ isolation: 'process' }); said.error = null }
    catch ({ code, message, details }) { said.error = { code, message, details } }
    createCodeletRunner().run({ type: 'string', code: 'export default () => 1' }, { isolation: 'process' })
      .then(() => 'it ran', ({ code }) => code).then((run) => console.log(JSON.stringify({ ...said, run })))`
  // Nothing that asks for processes on its own.
  const env = { ...process.env, NODE_OPTIONS: '', BUN_OPTIONS: '' }
  const child = spawn(process.execPath, ['-e', script], { cwd: folder, env })
  let out = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  await new Promise((resolve) => child.once('close', resolve))
  return JSON.parse(out)
}

onLinux('where there can be no such process, that is said and nothing runs', () => {
  it.each<[string, (program: string) => void, RegExp]>([
    ['without the program', () => {}, /No such file/],
    ['with one that may not be run', (program) => writeFileSync(program, ''), /Permission denied/],
    [
      'with one that is none of ours',
      (program) => {
        writeFileSync(program, '#!/bin/sh\nexit 3\n')
        chmodSync(program, 0o755)
      },
      /ended before it was ready \(code Some\(3\)/,
    ],
  ])('%s', async (_what, change, reason) => {
    const said = await without(change)
    expect(said).toMatchObject({
      processIsolation: false,
      run: 'POLICY_UNENFORCEABLE',
      error: { code: 'POLICY_UNENFORCEABLE', details: { isolation: 'process' } },
    })
    expect(said.error.details.reason).toMatch(reason)
  })
})

const elsewhere = process.platform === 'linux' ? it.skip : it
elsewhere('other platforms say that they have none', async () => {
  expect(capabilities().processIsolation).toBe(false)
  const error = await rejectionOf(runCodelet(js(body('return 1')), { isolation: 'process' }))
  expect(error.code).toBe('POLICY_UNENFORCEABLE')
})

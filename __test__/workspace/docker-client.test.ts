import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { type BashResult, createRuntime, isRuntimeStartupError, type RuntimeEvent } from 'runlet'
import { type DockerRuntimeConfig, dockerRuntime } from 'runlet/docker'
import { freshFolder, Listener } from './support'

/**
 * A client that pretends: it runs none of the scripts it gets, only says what they would. What a command
 * does is in its own text.
 */
const CLIENT = `#!/bin/sh
here=$(dirname "$0")
echo "$1" >>"$here/calls"
case $1 in
  info) cat "$here/info"; [ ! -f "$here/down" ]; exit ;;
  ps) cat "$here/orphans" 2>/dev/null; exit 0 ;;
  inspect)
    case $3 in
      *Name*) shift 3; for name; do cat "$here/orphan-$name"; done; exit 0 ;;
      *config*) cat "$here/labels"; exit 0 ;;
    esac
    if [ -f "$here/running" ]; then echo true; exit 0; fi
    echo "No such object" >&2; exit 1 ;;
  rm) shift 2; echo "$*" >>"$here/removed"; rm -f "$here/running"; exit 0 ;;
  run) touch "$here/running"; exit 0 ;;
esac
[ -f "$here/running" ] || { echo "Error response from daemon: No such container: x" >&2; exit 1; }
case $6 in
  *CapEff*) printf 'processes=3\\nkeep=7\\nleader=yes\\nuid=1000\\nbash=yes\\nnew=1\\n'; [ -f "$8" ] && echo token=yes; exit 0 ;;
  *alive*) echo "$8,$9,\${10}" >>"$here/sweeps"; [ -f "$here/client" ] && kill "$(cat "$here/client")"; echo left=0; exit 0 ;;
esac
mark=$8
shift 10
begin() { printf '\\036%s begin 42 %s\\n' "$mark" "$1" >&2; }
end() { printf '\\036%s end %s %s %s\\n' "$mark" "$1" "$2" "$3" >&2; exit "$1"; }
case $1 in
  plain) echo "noise of the client" >&2; begin 0; echo out; echo err >&2; end 5 3 0 ;;
  litter) begin 0; end 0 5 0 ;;
  memory) begin 2; end 137 3 3 ;;
  killed) begin 2; end 137 3 2 ;;
  never) echo "OCI runtime exec failed: /host/path broke" >&2; exit 126 ;;
  once) [ -f "$here/once" ] || { touch "$here/once"; exit 126; }; begin 0; echo second; end 0 3 0 ;;
  lost) begin 0; rm -f "$here/running"; exit 137 ;;
  spoof) begin 0; echo 'Error response from daemon: No such container: x' >&2; end 1 3 0 ;;
  sleep) begin 0; echo $$ >"$here/client"; exec sleep 60 ;;
  yes) begin 0; echo $$ >"$here/client"; exec yes ;;
esac`

const INFO = JSON.stringify({ SecurityOptions: ['name=seccomp'], PidsLimit: false })

function place(config: DockerRuntimeConfig = {}) {
  const folder = freshFolder()
  const docker = join(folder, 'client.sh')
  writeFileSync(docker, CLIENT, { mode: 0o755 })
  const put = (name: string, text: string) => writeFileSync(join(folder, name), text)
  const get = (name: string) => {
    const path = join(folder, name)
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
  }
  put('info', INFO)
  const provider = dockerRuntime({ docker, files: 'host', user: '1000:1000', ...config })
  const logger = new Listener()
  const runtime = createRuntime({ root: join(folder, 'inside'), provider, logger })
  const events: RuntimeEvent[] = []
  const bash = async (command: string, more: object = {}) => {
    const runtimeEvents = (event: RuntimeEvent) => {
      events.push(event)
    }
    return (await runtime.bash?.({ command, runtimeEvents, ...more })) as BashResult
  }
  const close = async () => {
    await provider.close?.()
    rmSync(folder, { recursive: true, force: true })
  }
  return { provider, runtime, bash, put, get, events, logger, close }
}

const posix = process.platform === 'win32' ? describe.skip : describe

posix('a command between its marks', () => {
  it('gives what it printed and nothing of the client', async () => {
    const { bash, close, get } = place()
    expect(await bash('plain')).toMatchObject({ code: 5, out: 'out\n', err: 'err\n' })
    const chunks: object[] = []
    await bash('plain', { onOutput: (chunk: object) => chunks.push(chunk) })
    expect(chunks).toHaveLength(2)
    expect(chunks).toContainEqual({ stream: 'stdout', text: 'out\n' })
    expect(chunks).toContainEqual({ stream: 'stderr', text: 'err\n' })
    expect(get('sweeps')).toEqual([])
    await close()
  })

  it('that left something behind has it swept away, unless it is to be kept', async () => {
    const kill = place()
    expect((await kill.bash('litter')).leftover).toBeUndefined()
    expect(kill.get('sweeps')).toEqual(['7,42,all'])
    await kill.close()
    const keep = place({ background: 'keep' })
    await keep.bash('litter')
    expect(keep.get('sweeps')).toEqual([])
    await keep.close()
  })

  it('that was ended for want of memory is told from one that ended itself', async () => {
    const { bash, close } = place()
    expect(await bash('memory')).toMatchObject({ code: 137, error: { code: 'MEMORY_LIMIT' } })
    const killed = await bash('killed')
    expect([killed.code, killed.error]).toEqual([137, undefined])
    await close()
  })

  it('that says what an engine says is believed to be a command', async () => {
    const { bash, close, events } = place()
    const result = await bash('spoof')
    expect([result.code, result.error]).toEqual([1, undefined])
    expect(events.map(({ kind }) => kind)).toEqual(['starting', 'start'])
    await close()
  })

  it('that never began is tried once more in a new container', async () => {
    const { bash, close, events } = place()
    expect(await bash('once')).toMatchObject({ code: 0, out: 'second\n' })
    expect(events.map(({ kind }) => kind)).toEqual([
      ...['starting', 'start', 'exec_failed', 'stop', 'starting', 'start'],
    ])
    const failed = await bash('never')
    expect(failed).toMatchObject({ code: 127, error: { code: 'RUNTIME_NOT_FOUND' } })
    expect(failed.err).toBe(
      'the command could not be started: OCI runtime exec failed: <path> broke',
    )
    await close()
  })

  it('that began is never run again, whatever becomes of its container', async () => {
    const { bash, close, get, events } = place()
    const result = await bash('lost')
    expect(result).toMatchObject({ code: 137, error: { code: 'WORKER_LOST' } })
    expect(get('calls').filter((call) => call === 'run')).toHaveLength(1)
    expect(events.map(({ kind }) => kind)).toEqual(['starting', 'start', 'exec_failed', 'stop'])
    await close()
  })

  it('is ended where it runs, and the container stays', async () => {
    const { bash, close, get, runtime } = place()
    const late = await bash('sleep', { timeoutMs: 2_000 })
    expect([late.code, late.error?.code, late.leftover]).toEqual([124, 'TIMEOUT', undefined])
    expect(get('sweeps')).toEqual(['7,42,all'])
    const aborted = await bash('sleep', { signal: AbortSignal.timeout(300) })
    expect([aborted.code, aborted.error?.code]).toEqual([130, 'CANCELLED'])
    expect(await runtime.status()).toMatchObject([{ state: 'running' }])
    expect(get('calls').filter((call) => call === 'run')).toHaveLength(1)
    await close()
  })

  it('that prints without end is ended at the cap, and shows both ends', async () => {
    const { bash, close } = place({ onOutputLimit: 'kill' })
    const { code, error, out, truncated, spool } = await bash('yes')
    expect([code, error?.code, truncated]).toEqual([125, 'OUTPUT_LIMIT', true])
    expect(out).toMatch(/^y\ny\n[\s\S]*\n\.\.\.\[truncated\]\n[\s\S]*y\n/)
    expect(Buffer.byteLength(out)).toBeLessThan(70_000)
    expect(spool?.path).toMatch(/^\.runlet\/out-/)
    await close()
  })
})

posix('an engine', () => {
  it('that does not answer is said to be so, once for each start', async () => {
    const { bash, close, put, events } = place()
    put('down', '')
    put('info', JSON.stringify({ ServerErrors: ['Cannot connect to it at unix:///var/x.sock.'] }))
    const error: unknown = await bash('plain').catch((thrown: unknown) => thrown)
    expect(isRuntimeStartupError(error)).toBe(true)
    expect(error).toMatchObject({
      message: 'docker runtime failed to start: Cannot connect to it at unix:<path>.',
      details: { reason: 'engine_unreachable' },
    })
    expect(events.map(({ kind }) => kind)).toEqual(['starting', 'start_failed'])
    await close()
  })

  it('that is not there has no client', async () => {
    const { bash, close } = place({ docker: 'no-such-client-of-runlet' })
    const error: unknown = await bash('plain').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      message:
        'docker runtime failed to start: the client no-such-client-of-runlet could not be started: it was not found',
      details: { reason: 'engine_missing' },
    })
    await close()
  })

  it('that cannot keep a limit has it among what is not enforced', async () => {
    const { bash, close, runtime } = place()
    await bash('plain')
    const [status] = await runtime.status()
    expect(status?.unenforced).toEqual([
      { what: 'processes', why: 'the engine does not keep it on this machine' },
    ])
    await close()
  })
})

posix('containers that nobody looks after', () => {
  const { ownerLabel, isGone } = require('../../dist/workspace/docker/owner.js') as {
    ownerLabel(pid?: number): string
    isGone(owner: string): boolean
  }

  it('are those of a process that is gone, here', () => {
    const own = ownerLabel()
    expect(isGone(own)).toBe(false)
    const [place, , began] = own.split('.')
    expect(isGone(`${place}.999999999.1`)).toBe(true)
    // The same number, another process.
    expect(isGone(`${place}.${process.pid}.${began}1`)).toBe(process.platform === 'linux')
    for (const unknown of [
      '',
      'x',
      `${'0'.repeat(16)}.999999999.1`,
      `${place}.-1.1`,
      `${place}.x`,
    ]) {
      expect([unknown, isGone(unknown)]).toEqual([unknown, false])
    }
  })

  it('are removed at the first start, and no other is', async () => {
    const { bash, close, put, get, logger } = place()
    const gone = ownerLabel().replace(/\.\d+\.\d*$/, '.999999999.1')
    const elsewhere = `${'0'.repeat(16)}.999999999.1`
    put('orphans', 'gone\nliving\nelsewhere\nunknown\ndead\n')
    put('orphan-gone', `/gone running ${gone}\n`)
    put('orphan-living', `/living running ${ownerLabel()}\n`)
    put('orphan-elsewhere', `/elsewhere running ${elsewhere}\n`)
    put('orphan-unknown', '/unknown running \n')
    put('orphan-dead', `/dead exited ${elsewhere}\n`)
    await Promise.all([bash('plain'), bash('plain', { chat: 'b' })])
    expect(get('removed')).toEqual(['gone dead'])
    expect(logger.said).toContainEqual({
      level: 'info',
      event: 'runtime.orphans_removed',
      fields: { count: 2 },
    })
    await close()
  })

  it('are left alone where that is asked for', async () => {
    const { bash, close, get } = place({ orphanSweep: false })
    await bash('plain')
    expect(get('calls')).not.toContain('ps')
    await close()
  })

  it('are not taken over when they were started from other options', async () => {
    const { bash, close, put, get } = place()
    put('running', '')
    put('labels', 'another \n')
    await bash('plain')
    expect(get('calls').filter((call) => ['rm', 'run'].includes(call))).toEqual(['rm', 'run'])
    await close()
  })
})

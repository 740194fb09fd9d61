import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import type { RuntimeOptions } from 'runlet'
import { root as packageRoot } from '../package/repository'
import { inWorkspace, type Place, refusal } from './support'

/** What a command tries, and says when it got through. Its arguments: secret, target, port, process. */
const ATTACK = `
cat "$1" >/dev/null 2>&1 && echo read
echo x 2>/dev/null > "$2" && echo wrote
ln -s "$1" link && cat link >/dev/null 2>&1 && echo followed
(exec 3<>/dev/tcp/127.0.0.1/$3) 2>/dev/null && echo connected
cat /proc/$4/environ >/dev/null 2>&1 && echo neighbour
ls "$(dirname "$1")" >/dev/null 2>&1 && echo listed
mv attack.sh "$2" 2>/dev/null && echo moved
true`

const ALL = ['read', 'wrote', 'followed', 'connected', 'neighbour', 'listed', 'moved']

/** Lets it try. */
async function attack(
  options: Omit<RuntimeOptions, 'root' | 'provider'>,
  look: (got: string[], place: Place) => void,
) {
  const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await inWorkspace(options, async (place) => {
      const { runtime, outside } = place
      await runtime.bash({ command: 'true' })
      writeFileSync(join(outside, 'secret'), 'secret')
      writeFileSync(join(place.root, 'attack.sh'), ATTACK)
      const { port } = server.address() as AddressInfo
      const paths = [join(outside, 'secret'), join(outside, 'target')]
      const result = await runtime.bash({
        command: `bash attack.sh ${paths.join(' ')} ${port} ${process.pid}`,
      })
      expect(result.code).toBe(0)
      look(result.out.trim().split('\n').filter(Boolean), place)
    })
  } finally {
    server.close()
  }
}

/** A guard that lets all through that it can let through. */
const allowAll = { allow: [/^/], onApproval: () => true }

describe('a command on plain bash', () => {
  it('reads, writes and connects wherever its user may', async () => {
    await attack({ name: 'host-bash' }, (got) => expect(got).toEqual(ALL))
  })
})

describe('a confined command', () => {
  it('does none of that behind a guard that allows everything', async () => {
    await attack({ name: 'guarded-bash', guard: allowAll }, (got, { logger }) => {
      expect(got).toEqual([])
      expect(logger.said.map(({ event }) => event)).toEqual(['security.runtime_host'])
    })
  })

  it('does none of that in host-bash either, where that is asked for', async () => {
    await attack({ name: 'host-bash', sandbox: 'required' }, (got) => expect(got).toEqual([]))
  })

  it('does all of it in guarded-bash where it is off', async () => {
    const options = { name: 'guarded-bash', guard: allowAll, sandbox: 'off' } as const
    await attack(options, (got) => expect(got).toEqual(ALL))
  })

  it('works in its workspace as on any machine', async () => {
    await inWorkspace({ name: 'host-bash', sandbox: 'required' }, async ({ runtime, root }) => {
      const script = `
        set -e
        mkdir -p a/b; echo one > a/b/c; cp a/b/c d; mv d e; ln -s e f; cat f
        sort <(printf '2\\n1\\n') | tr '\\n' ' '; cat <<< here
        printf '#!/bin/sh\\necho script\\n' > run.sh; chmod +x run.sh; ./run.sh
        t=$(mktemp); echo temporary > "$t"; cat "$t"; rm "$t"
        (cd a && pwd -P); find . -name c; rm -r a
        echo $HOME; id -un >/dev/null; date >/dev/null; ls / >/dev/null || echo no listing`
      const { out, code } = await runtime.bash({ command: script })
      const { HOME } = process.env
      expect(out).toBe(
        `one\n1 2 here\nscript\ntemporary\n${root}/a\n./a/b/c\n${HOME}\nno listing\n`,
      )
      expect(code).toBe(0)
    })
  })

  it('has the workspace for a home in guarded-bash, and no temporary files of others', async () => {
    await inWorkspace({ name: 'guarded-bash' }, async ({ runtime, root }) => {
      const { out } = await runtime.bash({ command: 'echo $HOME $TMPDIR' })
      const [home, temporary] = out.trim().split(' ')
      expect(home).toBe(root)
      expect(temporary).toMatch(/runlet-tmp-\w+$/)
      const listing = await runtime.bash({ command: 'ls -A "$(dirname "$TMPDIR")"' })
      expect(listing.code).not.toBe(0)
    })
  })

  it('may be given more', async () => {
    const server = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const connect = (address: string) =>
      `(exec 3<>/dev/tcp/${address}/${port}; cat <&3) 2>/dev/null; true`
    const sandbox = { net: ['127.0.0.1'] }
    await inWorkspace({ name: 'host-bash', sandbox }, async ({ runtime, outside }) => {
      const allowed = await runtime.bash({ command: connect('127.0.0.1') })
      expect(allowed.out).toBe('hello')
      expect(allowed.denials).toBeUndefined()
      const refused = await runtime.bash({ command: connect('127.0.0.2') })
      expect(refused.out).toBe('')
      expect(refused.denials).toMatchObject([
        { kind: 'net', target: `127.0.0.2:${port}`, reason: 'no-rule', count: 1 },
      ])
      const [status] = await runtime.status()
      expect(status?.enforced).toContain('--allow-net=127.0.0.1')
      expect(status?.unenforced).toBeUndefined()
      writeFileSync(join(outside, 'data'), 'data')
      expect((await runtime.bash({ command: `cat ${outside}/data` })).code).toBe(1)
    })
    server.close()
    await inWorkspace({ name: 'host-bash' }, async ({ runtime, outside }) => {
      writeFileSync(join(outside, 'data'), 'data')
      await runtime.close()
      const options = { name: 'host-bash', sandbox: { read: [outside] } }
      await inWorkspace(options, async (confined) => {
        const { out } = await confined.runtime.bash({ command: `cat ${outside}/data` })
        expect(out).toBe('data')
        const write = await confined.runtime.bash({ command: `echo x > ${outside}/data` })
        expect(write.code).toBe(1)
      })
    })
  })

  it('is ended when it takes too much memory, or too many processes', async () => {
    const sandbox = { memoryLimitBytes: 64 * 1024 * 1024, maxProcesses: 12 }
    await inWorkspace({ name: 'host-bash', sandbox }, async ({ runtime }) => {
      const hog = `x=$(printf 'x%.0s' {1..1000000}); while :; do x=$x$x; done`
      const memory = await runtime.bash({ command: hog })
      expect([memory.code, memory.error?.code]).toEqual([137, 'MEMORY_LIMIT'])
      const many = await runtime.bash({ command: 'for i in {1..40}; do sleep 5 & done; wait' })
      expect([many.code, many.error?.code]).toEqual([137, 'POLICY_VIOLATION'])
    })
  })

  it('is refused where it must be confined and cannot be', async () => {
    const { readSandbox } = require(join(packageRoot, 'dist/workspace/sandbox.js')) as {
      readSandbox: (option: unknown, available: boolean) => { mode: string }
    }
    for (const option of ['required', { mode: 'required' }]) {
      const error = await refusal(() => readSandbox(option, false))
      expect([error.code, error.details?.field]).toEqual(['POLICY_UNENFORCEABLE', 'sandbox'])
      expect(readSandbox(option, true).mode).toBe('required')
    }
    expect(readSandbox('auto', false).mode).toBe('auto')
    expect(readSandbox({}, false).mode).toBe('auto')
  })

  it('refuses options that are none', async () => {
    for (const [sandbox, field] of [
      ['on', 'sandbox'],
      [7, 'sandbox'],
      [{ mode: 'off' }, 'sandbox.mode'],
      [{ reads: [] }, 'sandbox.reads'],
      [{ read: '/x' }, 'sandbox.read'],
      [{ maxProcesses: 0 }, 'sandbox.maxProcesses'],
    ] as const) {
      const options = { name: 'host-bash', sandbox: sandbox as never }
      const error = await refusal(() => inWorkspace(options, async () => {}))
      expect([error.code, error.details?.field]).toEqual(['INVALID_ARGUMENT', field])
    }
  })
})

describe('variables of the host', () => {
  it.each(['LD_PRELOAD', 'LD_LIBRARY_PATH', 'BASH_ENV', 'ENV', 'IFS', 'PROMPT_COMMAND', 'PS4'])(
    'that decide which code runs need more than to be named: %s',
    async (name) => {
      const hostEnv = { [name]: 'x' }
      const error = await refusal(() => inWorkspace({ name: 'host-bash', hostEnv }, async () => {}))
      expect([error.code, error.details?.field]).toEqual(['INVALID_ARGUMENT', `hostEnv.${name}`])
      const unsafe = { name: 'host-bash', hostEnv: { IFS: 'x' }, unsafeEnv: true }
      await inWorkspace(unsafe, async ({ runtime }) => {
        expect((await runtime.bash({ command: 'true' })).code).toBe(0)
      })
    },
  )
})

import { chownSync, mkdirSync } from 'node:fs'
import { expect, it } from '@jest/globals'
import { describeEngine, ENGINE, IMAGE, inContainer, PATIENCE_MS, plain } from './support'

const STATUS = 'grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status; id -u'

/** A container as it was without any of this, for comparison. */
function original(): string {
  const name = `runlet-test-original-${process.pid}`
  plain('rm', '-f', name)
  const start = ['run', '-d', '--pull', 'never', '--name', name, '--network', 'none']
  expect(plain(...start, IMAGE, 'sleep', 'infinity').code).toBe(0)
  return name
}

describeEngine('a command in a container', () => {
  it('has no capability, gains none, and is filtered', async () => {
    await inContainer({}, async ({ bash, runtime }) => {
      const { out } = await bash(STATUS)
      expect(out).toMatch(/CapEff:\s+0{16}\n/)
      expect(out).toMatch(/NoNewPrivs:\s+1\n/)
      expect(out).toMatch(/Seccomp:\s+2\n/)
      expect(out.trim().split('\n').at(-1)).toBe(String(process.getuid?.()))
      const [status] = await runtime.status()
      const kept = ['network', 'memory', 'processes', 'capabilities', 'new privileges']
      expect(status?.enforced).toEqual(expect.arrayContaining([...kept, 'system calls']))
      expect(status?.unenforced?.map(({ what }) => what)).toEqual(
        process.getuid?.() === 0 ? ['user'] : [],
      )
    })
  })

  it('beside the plain client: there it is root with capabilities, in a root it can write to', () => {
    const name = original()
    try {
      const { out } = plain('exec', name, 'sh', '-c', `${STATUS}; touch /made && echo made`)
      expect(out).toMatch(/CapEff:\s+0*[1-9a-f]/)
      if (ENGINE === 'docker') expect(out).toMatch(/NoNewPrivs:\s+0\n/)
      expect(out).toMatch(/\n0\nmade\n$/)
      const limits = '{{.HostConfig.Memory}} {{.HostConfig.ReadonlyRootfs}}'
      expect(plain('inspect', '-f', limits, name).out.trim()).toBe('0 false')
    } finally {
      plain('rm', '-f', name)
    }
  })

  it('reaches no network but its own loopback', async () => {
    await inContainer({}, async ({ bash }) => {
      expect((await bash('ls /sys/class/net')).out.trim()).toBe('lo')
      expect((await bash('cat /proc/net/route | tail -n +2')).out).toBe('')
    })
  })

  it('writes to the workspace and to /tmp, which is small, and nowhere else', async () => {
    await inContainer({ tmpfsBytes: 1024 * 1024 }, async ({ bash, runtime }) => {
      for (const path of ['/x', '/bin/x', '/etc/x', '/lib/x']) {
        const { code, err } = await bash(`touch ${path}`)
        expect([path, code, err]).toEqual([path, 1, expect.stringMatching(/Read-only/)])
      }
      const { code, err } = await bash('echo a > file; echo b > /tmp/file; cat file /tmp/file')
      expect([code, err]).toEqual([0, ''])
      const full = await bash('head -c 2000000 /dev/zero > /tmp/large')
      expect(full.err).toMatch(/No space left|I\/O error/)
      expect((await bash('wc -c < /tmp/large')).out.trim()).toBe(String(1024 * 1024 - 4096))
      expect((await runtime.read?.({ path: 'file' }))?.text).toBe('a\n')
    })
  })

  it('is of the user that was asked for', async () => {
    await inContainer({ user: '1234:1234' }, async ({ bash, root, runtime, logger }) => {
      mkdirSync(root)
      chownSync(root, 1234, 1234)
      expect((await bash('id -u; id -g; echo a > made; cat made')).out).toBe('1234\n1234\na\n')
      const [status] = await runtime.status()
      expect(status?.enforced).toContain('user')
      expect(logger.said.map(({ event }) => event)).not.toContain('security.docker_root')
    })
  })

  it('and this process work on the same files, whoever made them', async () => {
    if (process.getuid?.() !== 0) return
    await inContainer({ user: '1234:1234' }, async ({ bash, runtime }) => {
      // The folder is made for that user, too.
      await runtime.write?.({ path: 'd/ours', content: 'a\n' })
      expect(await bash('echo b >> d/ours && echo c > d/theirs')).toMatchObject({
        code: 0,
        err: '',
      })
      await runtime.edit?.({ path: 'd/theirs', oldText: 'c', newText: 'e' })
      const { out } = await bash('echo f >> d/theirs; stat -c %u d d/ours d/theirs; cat d/*')
      expect(out).toBe('1234\n1234\n1234\na\nb\ne\nf\n')
      expect((await runtime.read?.({ path: 'd/theirs' }))?.text).toBe('e\nf\n')
    })
  })

  it(
    'that wants too much memory is ended, and its container lives on',
    async () => {
      await inContainer({ memoryLimitBytes: 64 * 1024 * 1024 }, async ({ bash, name }) => {
        const greedy = 'x=$(head -c 500000000 /dev/zero | tr "\\0" a); echo "$x"'
        const before = await name()
        const { code, error, out } = await bash(greedy)
        expect([code, error?.code, out]).toEqual([137, 'MEMORY_LIMIT', ''])
        // A signal of its own making is not for want of memory, also after that.
        const own = await bash('kill -9 $$')
        expect([own.code, own.error]).toEqual([137, undefined])
        const child = await bash(`bash -c '${greedy}'; echo after`)
        expect([child.code, child.error, child.out]).toEqual([0, undefined, 'after\n'])
        expect((await bash(greedy)).error?.code).toBe('MEMORY_LIMIT')
        expect((await bash('echo alive')).out).toBe('alive\n')
        expect(before === '' || before === (await name())).toBe(true)
      })
    },
    PATIENCE_MS,
  )

  it('has no more processes than its limit; a plain one has as many as it likes', async () => {
    // The shell of busybox gives up where bash would go on trying.
    const many = 'i=0; while [ $i -lt 60 ]; do sleep 5 & i=$((i + 1)); done; echo all'
    await inContainer({ pidsLimit: 40 }, async ({ bash }) => {
      const { code, out, err } = await bash(`exec sh -c '${many}'`)
      expect([code === 0, out, err]).toEqual([false, '', expect.stringMatching(/can't fork/)])
    })
    const name = original()
    try {
      expect(plain('exec', name, 'sh', '-c', many).out).toBe('all\n')
    } finally {
      plain('rm', '-f', name)
    }
  })

  it(
    'that starts processes without end is stopped by their limit and swept away',
    async () => {
      await inContainer({ pidsLimit: 40 }, async (place) => {
        // Under the limit of its container alone.
        const bomb = 'b() { b | b & }; b; sleep 100'
        const { code, error } = await place.bash(bomb, { timeoutMs: 1_500 })
        expect([code, error?.code]).toEqual([124, 'TIMEOUT'])
        const count = 'set -- /proc/[0-9]*; echo $#'
        const { code: alive, out } = await place.bash(count)
        expect([alive, Number(out) < 8]).toEqual([0, true])
      })
    },
    PATIENCE_MS,
  )

  it('can be given back each of it, and the status says so', async () => {
    const relaxed = {
      memoryLimitBytes: 0,
      pidsLimit: 0,
      cpus: 0,
      maxOpenFiles: 0,
      readOnlyRoot: false,
      dropCapabilities: false,
      noNewPrivileges: false,
      privateIpc: false,
      coreDumps: true,
      init: false,
      tmpfsBytes: 0,
    }
    await inContainer({ ...relaxed, user: '0:0' }, async ({ bash, runtime }) => {
      const { out } = await bash(`${STATUS}; touch /made && echo made`)
      expect(out).toMatch(/CapEff:\s+0*[1-9a-f]/)
      expect(out).toMatch(/made\n$/)
      const [status] = await runtime.status()
      expect(status?.unenforced?.map(({ what }) => what).sort()).toEqual(
        [
          'capabilities',
          'core dumps',
          'memory',
          'new privileges',
          'open files',
          'private ipc',
          'processes',
          'processors',
          'read-only root',
          'size of /tmp',
          'user',
          'zombies',
        ].sort(),
      )
    })
  })
})

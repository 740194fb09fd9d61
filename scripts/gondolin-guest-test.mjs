// What is tested on real machines; scripts/gondolin.mjs runs it in a project that has both packages.

import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createHttpHooks, VM } from '@earendil-works/gondolin'
import { createRuntime } from 'runlet'
import { gondolinRuntime } from 'runlet/gondolin'

const PLACE = process.env.RUNLET_GONDOLIN_PLACE
// Without it the package would download a guest.
if (!process.env.GONDOLIN_GUEST_DIR) throw new Error('GONDOLIN_GUEST_DIR names no guest')
const SECRET = 'sk-real-0123456789abcdef'
/** Without acceleration a boot takes seconds, and longer on a busy computer. */
const small = { memory: '384M', cpus: 1, startTimeoutMs: 180_000 }
const PATIENCE = { timeout: 400_000 }

/** Says what is done to it. */
const logger = Object.fromEntries(
  ['debug', 'info', 'warn', 'error'].map((level) => [level, () => {}]),
)

let count = 0
function open(config) {
  count++
  const root = join(PLACE, `workspace-${count}`)
  const provider = gondolinRuntime({ accel: 'tcg', vmOptions: small, ...config })
  const runtime = createRuntime({ root, provider, logger, maxConcurrentPerChat: 4 })
  const bash = async (command, more) => runtime.bash({ command, ...more })
  return { root, provider, runtime, bash }
}

/** Names of programs that run in the guest, as far as they sleep. */
const SLEEPERS = `for f in /proc/[0-9]*/cmdline; do tr '\\0' ' ' < $f 2>/dev/null | grep -E '^(/bin/)?sleep [0-9]{3}'; done; true`

describe('a machine', PATIENCE, () => {
  const secrets = { API_KEY: { value: SECRET, hosts: ['api.example.com'] } }
  const { root, provider, runtime, bash } = open({ secrets, env: { GREETING: 'hello' } })
  const events = []
  const runtimeEvents = ({ kind }) => {
    events.push(kind)
  }

  before(async () => {
    await runtime.write({ path: 'before.txt', content: 'from the host\n' })
    assert.equal((await runtime.status())[0].state, 'stopped')
    const began = Date.now()
    const { code, out, err } = await bash('cat before.txt', { runtimeEvents })
    assert.deepEqual([code, out, err], [0, 'from the host\n', ''])
    console.log(`first command after ${Date.now() - began} ms`)
    assert.deepEqual(events, ['starting', 'start'])
  }, PATIENCE)

  after(() => runtime.close(), PATIENCE)

  it('runs commands in the workspace', async () => {
    const told = await bash('pwd; echo "$GREETING $#"; uname -s; echo bad >&2; exit 7')
    assert.deepEqual([told.code, told.err], [7, 'bad\n'])
    assert.equal(told.out, '/workspace\nhello 0\nLinux\n')
    assert.equal((await bash('kill -TERM $$')).code, 143)
    assert.equal((await bash('no-such-program')).code, 127)
    assert.equal((await bash('cat')).code, 0)
    const began = Date.now()
    await bash('true')
    console.log(`a command takes ${Date.now() - began} ms`)
  })

  it('has the files of the host, both ways', async () => {
    await bash('mkdir -p made && echo "in the guest" > made/a.txt')
    assert.equal(readFileSync(join(root, 'made', 'a.txt'), 'utf8'), 'in the guest\n')
    assert.equal((await runtime.read({ path: '/workspace/made/a.txt' })).text, 'in the guest\n')
    const edited = { path: 'made/a.txt', oldText: 'guest', newText: 'host' }
    await runtime.edit(edited)
    assert.equal((await bash('cat made/a.txt')).out, 'in the host\n')
    assert.deepEqual(await runtime.find({ pattern: '**/*.txt' }), {
      paths: ['before.txt', 'made/a.txt'],
    })
    assert.equal((await runtime.grep({ query: 'from the' })).hits.length, 1)
  })

  it('has what the host changes at once, bar during a command', async () => {
    for (let round = 0; round < 10; round++) {
      const content = 'é'.repeat(round * 1_000 + 1)
      await runtime.write({ path: 'seen/text', content })
      await runtime.write({ path: `seen/${round}`, content: '' })
      const { out } = await bash('cat seen/text; ls seen | wc -l')
      assert.equal(out, `${content}${round + 2}\n`)
    }
  })

  it('has no other file of the host', async () => {
    writeFileSync(join(PLACE, 'outside.txt'), 'of the host')
    symlinkSync(join(PLACE, 'outside.txt'), join(root, 'link'))
    const read = await bash('cat link ../outside.txt /workspace/../outside.txt')
    assert.notEqual(read.code, 0)
    assert.equal(read.out, '')
    await assert.rejects(runtime.read({ path: 'link' }), /path escapes runtime root: link/)
    await bash('ln -s /etc/passwd own && ln -s ../../.. up')
    await assert.rejects(runtime.read({ path: 'own' }), /path escapes runtime root: own/)
    await assert.rejects(runtime.read({ path: 'up/etc/passwd' }), /path escapes runtime root/)
  })

  it('takes long commands and gives long output', async () => {
    const long = await bash(`: ${'é'.repeat(400_000)}\necho "$# end"`)
    assert.equal(long.out, '0 end\n')
    const printed = await bash('yes | head -c 300000; exit 3')
    assert.deepEqual([printed.code, printed.truncated, printed.spool.bytes], [3, true, 300_000])
  })

  it('knows placeholders of secrets only', async () => {
    const { out } = await bash('env; cat /proc/1/environ | tr "\\0" "\\n"; cat /proc/cmdline')
    assert.match(out, /^API_KEY=GONDOLIN_SECRET_/m)
    assert.ok(!out.includes(SECRET))
  })

  for (const how of ['timeout', 'abort']) {
    it(`is left by all that a command started: ${how}`, async () => {
      const [{ id: before }] = await provider.status()
      const controller = new AbortController()
      const more = how === 'abort' ? { signal: controller.signal } : { timeoutMs: 4_000 }
      const script = [
        'sleep 601 &',
        'setsid sleep 602 &',
        '(setsid nohup sleep 603 >/dev/null 2>&1 &) &',
        'env -i setsid /bin/sleep 604 &',
        'sh -c "trap \'\' TERM HUP INT; sleep 605" &',
        'echo begun; sleep 606',
      ]
      const told = new Promise((resolve) => {
        more.onOutput = ({ text }) => resolve(text)
      })
      const running = bash(script.join('\n'), more)
      assert.equal(await told, 'begun\n')
      assert.ok((await bash(SLEEPERS)).out.split('\n').length >= 6)
      controller.abort()
      const { code, out } = await running
      assert.deepEqual([code, out], [how === 'abort' ? 130 : 124, 'begun\n'])
      assert.equal((await bash(SLEEPERS)).out, '')
      // A machine that was closed would be without them as well.
      const [{ state, id }] = await provider.status()
      assert.deepEqual([state, id], ['running', before])
    })
  }

  it('is left by what a command leaves behind', async () => {
    const script = 'sleep 611 & setsid sleep 612 & (setsid nohup sleep 613 &) & sleep 1; exit 5'
    const began = Date.now()
    assert.equal((await bash(script)).code, 5)
    assert.ok(Date.now() - began < 60_000)
    assert.equal((await bash(SLEEPERS)).out, '')
  })

  it('runs several commands at once, each with its own end', async () => {
    const other = bash('sleep 6; echo whole')
    assert.equal((await bash('sleep 621', { timeoutMs: 1_500 })).code, 124)
    assert.equal((await other).out, 'whole\n')
    assert.equal((await bash(SLEEPERS)).out, '')
  })

  it('was one and the same all the time', async () => {
    await bash('true', { runtimeEvents })
    assert.deepEqual(events, ['starting', 'start', 'reuse'])
  })

  it('is stopped, and started anew', async () => {
    const [{ id }] = await provider.status()
    await runtime.stop()
    assert.equal((await runtime.status())[0].state, 'stopped')
    assert.equal((await bash('cat before.txt')).out, 'from the host\n')
    assert.notEqual((await provider.status())[0].id, id)
  })
})

describe('the network of a machine', PATIENCE, () => {
  const requests = []
  const server = createServer((request, response) => {
    requests.push(request.url)
    response.end('reached')
  })
  let ask

  before(async () => {
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address()
    // Whichever address the guest connects to, the request says where it is to go.
    const lines = ['GET /x HTTP/1.1', `Host: 127.0.0.1:${port}`, 'Connection: close', '', '']
    const text = lines.join('\\r\\n')
    const gateway = `$(ip route | awk '/^default/ {print $3}')`
    ask = `(printf '${text}'; sleep 5) | nc -w 10 "${gateway}" 80`
  })

  after(() => {
    server.close()
    server.closeAllConnections()
  })

  it('is closed, and open in the same way where somebody opens it', async () => {
    const closed = open({})
    try {
      const { out } = await closed.bash(ask, { timeoutMs: 60_000 })
      assert.match(out, /^HTTP\/1\.1 403 /)
      assert.deepEqual(requests, [])
    } finally {
      await closed.runtime.close()
    }
    // The same machine with hooks that let requests to this computer pass: so it is the hooks that refuse.
    const hosts = ['127.0.0.1']
    const { httpHooks } = createHttpHooks({ allowedHosts: hosts, allowedInternalHosts: hosts })
    const opened = open({ factory: (options) => VM.create({ ...options, httpHooks }) })
    try {
      const { out } = await opened.bash(ask, { timeoutMs: 60_000 })
      assert.match(out, /reached/)
      assert.deepEqual(requests, ['/x'])
    } finally {
      await opened.runtime.close()
    }
  })
})

describe('a machine of a factory', PATIENCE, () => {
  it('keeps what was aborted the plain way, and loses it with the provider', async () => {
    let vm
    const { bash, runtime } = open({
      factory: async (options) => {
        vm = await VM.create(options)
        return vm
      },
    })
    try {
      assert.equal((await bash('pwd')).out, '/workspace\n')
      const aborter = new AbortController()
      const plain = vm.exec('sleep 777', { signal: aborter.signal })
      setTimeout(() => aborter.abort(), 2_000)
      await assert.rejects(Promise.resolve(plain), /abort/)
      assert.equal((await bash(SLEEPERS)).out, 'sleep 777 \n')
      const ended = await bash('setsid sleep 778 & sleep 779', { timeoutMs: 2_000 })
      assert.equal(ended.code, 124)
      assert.equal((await bash(SLEEPERS)).out, '')
    } finally {
      await runtime.close()
    }
  })
})

describe('a missing guest', () => {
  it('is said so', async () => {
    const empty = join(PLACE, 'no-guest')
    mkdirSync(empty)
    const before = process.env.GONDOLIN_GUEST_DIR
    process.env.GONDOLIN_GUEST_DIR = empty
    const { bash, runtime } = open({})
    try {
      await assert.rejects(bash('true'), {
        name: 'RuntimeStartupError',
        message: /the folder of GONDOLIN_GUEST_DIR has no kernel, no initramfs, no rootfs$/,
        details: { reason: 'guest_assets', missing: ['kernel', 'initramfs', 'rootfs'] },
      })
    } finally {
      process.env.GONDOLIN_GUEST_DIR = before
      await runtime.close()
    }
  })
})

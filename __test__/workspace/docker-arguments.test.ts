import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { root as packageRoot } from '../package/repository'

interface Plan {
  name: string
  root: string
  workdir: string
  network: string
  labels: [string, string][]
  user: string | undefined
  envFile: string | undefined
  hardening: string[]
  extra: string[]
  image: string
}

const load = <Module>(name: string) =>
  require(join(packageRoot, 'dist/workspace/docker', `${name}.js`)) as Module

const argv = load<{
  runArguments(plan: Plan): string[]
  containerName(brand: string, prefix: string, scope: { path: string; root: string }): string
  scopeLabels(brand: string, prefix: string, scope: object): [string, string][]
  shellArguments(name: string, shell: string, command: string): string[]
  scriptArguments(name: string, script: string, brand: string, args: string[]): string[]
  runningArguments(name: string): string[]
  removeArguments(...names: string[]): string[]
  listArguments(labels: [string, string][]): string[]
}>('argv')
const { readDockerConfig } = load<{ readDockerConfig(config?: object): object }>('options')
const { hardeningArguments, confinementFacts } = load<{
  hardeningArguments(settings: object): string[]
  confinementFacts(
    settings: object,
    user: string | undefined,
    seen?: object,
  ): { enforced: string[]; unenforced: { what: string; why: string }[] }
}>('hardening')
const { engineWords } = load<{
  engineWords(text: string, known?: { root?: string; env?: Record<string, string> }): string
}>('words')

const plan: Plan = {
  name: 'runlet-0123456789abcdef',
  root: '/data/scopes/a',
  workdir: '/workspace',
  network: 'none',
  labels: [
    ['runlet.runtime', 'docker'],
    ['a', 'b=c d'],
  ],
  user: '1000:1000',
  envFile: '/tmp/e/env',
  hardening: hardeningArguments(readDockerConfig()),
  extra: ['--hostname', 'box'],
  image: 'debian:bookworm-slim',
}

describe('the arguments of run', () => {
  it('are these, in this order', () => {
    expect(argv.runArguments(plan)).toEqual([
      ...['run', '-d', '--name', 'runlet-0123456789abcdef', '--workdir', '/workspace'],
      ...['-v', '/data/scopes/a:/workspace:rw', '--network', 'none'],
      ...['--label', 'runlet.runtime=docker', '--label', 'a=b=c d'],
      ...['--user', '1000:1000', '--env-file', '/tmp/e/env'],
      '--init',
      ...['--memory', '1073741824', '--memory-swap', '1073741824'],
      ...['--pids-limit', '256', '--cpus', '2', '--cap-drop', 'ALL'],
      ...['--security-opt', 'no-new-privileges', '--read-only'],
      ...['--tmpfs', '/tmp:rw,nosuid,nodev,size=67108864,mode=1777', '--ipc', 'private'],
      ...['--ulimit', 'nofile=1024:1024', '--ulimit', 'core=0'],
      ...['--log-driver', 'none', '--stop-timeout', '1', '--pull', 'missing'],
      ...['--hostname', 'box', 'debian:bookworm-slim', 'sleep', 'infinity'],
    ])
  })

  it('leave out what is off', () => {
    const off = {
      memoryLimitBytes: 0,
      pidsLimit: 0,
      cpus: 0,
      tmpfsBytes: 0,
      maxOpenFiles: 0,
      readOnlyRoot: false,
      dropCapabilities: false,
      noNewPrivileges: false,
      privateIpc: false,
      coreDumps: true,
      init: false,
      logDriver: 'local',
      pull: 'never',
    }
    const flags = ['--log-driver', 'local', '--stop-timeout', '1', '--pull', 'never']
    const settings = readDockerConfig(off)
    expect(hardeningArguments(settings)).toEqual(flags)
    const { enforced, unenforced } = confinementFacts(settings, '1000:1000')
    expect(enforced).toEqual(['network', 'user'])
    expect(unenforced).toEqual([
      { what: 'zombies', why: 'init is false' },
      { what: 'memory', why: 'memoryLimitBytes is 0' },
      { what: 'processes', why: 'pidsLimit is 0' },
      { what: 'processors', why: 'cpus is 0' },
      { what: 'capabilities', why: 'dropCapabilities is false' },
      { what: 'new privileges', why: 'noNewPrivileges is false' },
      { what: 'read-only root', why: 'readOnlyRoot is false' },
      { what: 'size of /tmp', why: 'tmpfsBytes is 0' },
      { what: 'private ipc', why: 'privateIpc is false' },
      { what: 'open files', why: 'maxOpenFiles is 0' },
      { what: 'core dumps', why: 'coreDumps is true' },
      { what: 'log of the container', why: 'logDriver is local' },
    ])
  })

  it.each([
    ['/a:b', ['--mount', 'type=bind,source=/a:b,target=/workspace']],
    ['/a:b,c"d', ['--mount', 'type=bind,"source=/a:b,c""d",target=/workspace']],
    ['/a b', ['-v', '/a b:/workspace:rw']],
    ['C:\\a', ['-v', 'C:\\a:/workspace:rw']],
  ])('bind %s', (root, words) => {
    const args = argv.runArguments({ ...plan, root, user: undefined, envFile: undefined })
    expect(args.slice(6, 10)).toEqual([...words, '--network', 'none'])
    expect(args).not.toContain('--user')
    expect(args).not.toContain('--env-file')
  })
})

describe('the arguments of the other calls', () => {
  it('are these', () => {
    expect(argv.runningArguments('n')).toEqual(['inspect', '-f', '{{.State.Running}}', 'n'])
    expect(argv.removeArguments('n', 'm')).toEqual(['rm', '-f', 'n', 'm'])
    expect(argv.shellArguments('n', 'bash', 'a b')).toEqual([
      ...['exec', '-i', 'n', 'bash', '-lc', 'a b'],
    ])
    expect(argv.scriptArguments('n', 's', 'runlet', ['x'])).toEqual([
      ...['exec', '-i', 'n', 'sh', '-c', 's', 'runlet', 'x'],
    ])
    expect(argv.listArguments([['a', 'b']])).toEqual([
      ...['ps', '-a', '--filter', 'label=a=b', '--format', '{{.Names}}'],
    ])
  })

  it('name a container by its scope', () => {
    const a = { path: 'app', root: '/a' }
    const b = { path: 'app', root: '/b' }
    expect(argv.containerName('heypi', 'p', a)).toBe('p-a172cedcae47474b')
    expect(argv.containerName('heypi', 'p', b)).toBe('p-a172cedcae47474b')
    const names = [a, b, { path: 'app\0/a', root: '/' }].map((one) =>
      argv.containerName('runlet', 'p', one),
    )
    expect(new Set(names).size).toBe(3)
    expect(names[0]).toMatch(/^p-[0-9a-f]{16}$/)
    expect(argv.containerName('runlet', 'p', { path: 'app', root: '/a/' })).toBe(names[0])
    const scope = { level: 'user', key: 'K', path: 'user/a' }
    expect(argv.scopeLabels('x', 'p', scope)).toEqual([
      ['x.runtime', 'docker'],
      ['x.prefix', 'p'],
      ['x.scope.level', 'user'],
      ['x.scope.key', 'K'],
      ['x.scope.path', 'user/a'],
    ])
  })
})

describe('what the status says', () => {
  it('is what was seen inside, not what was asked for', () => {
    const settings = readDockerConfig()
    const kept = { uid: '1000', capabilities: '0000000000000000', noNewPrivileges: true }
    const { unenforced, enforced } = confinementFacts(settings, '1000', { ...kept, seccomp: true })
    expect(unenforced).toEqual([])
    expect(enforced).toEqual(expect.arrayContaining(['user', 'capabilities', 'system calls']))
    const lost = { uid: '0', capabilities: '3f', noNewPrivileges: false, seccomp: false }
    const seen = confinementFacts(settings, '1000', { ...lost, missing: ['memory'] })
    expect(seen.unenforced.map(({ what }) => what)).toEqual([
      ...['memory', 'user', 'capabilities', 'new privileges', 'system calls'],
    ])
    for (const { what } of seen.unenforced) expect(seen.enforced).not.toContain(what)
  })

  it.each([
    [['--privileged'], ['--privileged']],
    [['--cap-add=SYS_ADMIN', '--cap-add', 'X'], ['--cap-add']],
    [['-v/:/host'], ['-v']],
    [['-v', '/:/host'], ['-v']],
    [['-iv', '/:/host'], ['-v']],
    [['-tiv/pump:/m'], ['-v']],
    [
      ['--read-only=false', '--init=false'],
      ['--read-only', '--init'],
    ],
    [
      ['--log-driver', 'json-file', '--memory=2g'],
      ['--log-driver', '--memory'],
    ],
    [['--use-api-socket'], ['--use-api-socket']],
    [['--hostname', 'box'], []],
  ])('has of extraRunArgs %j what takes something back', (extraRunArgs, what) => {
    const { unenforced } = confinementFacts(readDockerConfig({ extraRunArgs }), '1000')
    expect(unenforced.map((one) => one.what)).toEqual(what)
  })

  it('is not kept what extraRunArgs have in another way', () => {
    const extraRunArgs = ['--memory=2g', '--read-only=false', '--network', 'host', '-u', '0']
    const { enforced } = confinementFacts(readDockerConfig({ extraRunArgs }), '1000')
    expect(enforced).toContain('processes')
    const lost = ['memory', 'read-only root', 'network', 'user']
    expect(enforced.filter((what) => lost.includes(what))).toEqual([])
  })
})

describe('the words of an engine', () => {
  it.each([
    [
      'Cannot connect to the Docker daemon at unix:///run/user/1/d.sock. Is it running?',
      'Cannot connect to the Docker daemon at unix:<path>. Is it running?',
    ],
    ["docker: Error: x\n\nRun 'docker run --help' for more information", 'Error: x'],
    ['stat /a b/c: no such file and/or folder', 'stat <path>: no such file and/or folder'],
    ['no such image: registry.io/a/b:c', 'no such image: registry.io/a/b:c'],
    ['open C:\\Users\\me\\x: denied', 'open <path>: denied'],
    ['bad value hunter2', 'bad value <value>'],
    ['\u001b[31mred\u001b[0m', 'red'],
  ])('%j are shown as %j', (text, shown) => {
    expect(engineWords(text, { root: '/a b/c', env: { A: 'hunter2', B: 'bad' } })).toBe(shown)
  })
})

// A private engine for containers, for tests and benchmarks: its own data, its own socket, no network and
// no registry. The image is made from busybox and the machine's own bash.
//
//   node scripts/docker-engine.mjs [--podman] [--install] COMMAND [ARGUMENT …]
//                                                          runs a command against an engine of its own
//
// A machine whose `docker info` answers already lends its engine. Otherwise this needs Linux, root, and
// the packages docker.io and busybox-static; --install has apt-get fetch those that are missing.

import { spawn } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { capture, run } from './command.mjs'

/** The image that tests use. */
export const IMAGE = 'runlet-test:bash'

/** What each kind is installed from. */
const PACKAGES = {
  docker: ['docker.io', 'iptables', 'busybox-static'],
  podman: ['podman', 'runc', 'catatonit', 'busybox-static'],
}
/** Newer systems have the client apart. */
const CLIENT_PACKAGE = 'docker-cli'

const onPath = (name) => {
  const found = capture('sh', ['-c', 'command -v "$1"', 'sh', name])
  return found.code === 0 ? found.stdout.trim() : undefined
}

/** Why there can be no engine of our own here, or undefined. */
function objection(kind, install) {
  if (process.platform !== 'linux')
    return `a private engine needs Linux, this is ${process.platform}`
  if (process.getuid() !== 0) return 'a private engine needs root'
  const needed =
    kind === 'docker' ? ['dockerd', 'docker', 'busybox'] : ['podman', 'runc', 'busybox']
  const missing = needed.filter((name) => !onPath(name))
  if (missing.length === 0) return undefined
  if (!install) return `${missing.join(', ')} missing (--install fetches what is missing)`
  if (!onPath('apt-get')) return `${missing.join(', ')} missing, and no apt-get to fetch it with`
  const apt = (...args) =>
    capture('apt-get', args, { env: { DEBIAN_FRONTEND: 'noninteractive' }, timeoutMs: 600_000 })
  apt('update')
  const options = ['install', '-y', '--no-install-recommends']
  let done = apt(...options, ...PACKAGES[kind])
  if (done.code === 0 && kind === 'docker' && !onPath('docker'))
    done = apt(...options, CLIENT_PACKAGE)
  const still = needed.filter((name) => !onPath(name))
  if (still.length === 0) return undefined
  return `${still.join(', ')} missing after apt-get: ${done.stderr.trim().split('\n').pop()}`
}

/** Makes a file system of busybox and bash, in a folder. */
function rootFileSystem(folder) {
  for (const name of ['bin', 'etc', 'tmp', 'root', 'workspace', 'proc', 'sys', 'dev']) {
    mkdirSync(join(folder, name), { recursive: true })
  }
  chmodSync(join(folder, 'tmp'), 0o1777)
  const busybox = join(folder, 'bin', 'busybox')
  copyFileSync(onPath('busybox'), busybox)
  // A link of that name to itself would lead nowhere.
  const names = capture(busybox, ['--list']).stdout.split('\n').filter(Boolean)
  for (const name of names)
    if (name !== 'busybox') symlinkSync('busybox', join(folder, 'bin', name))
  copyFileSync('/bin/bash', join(folder, 'bin', 'bash'))
  for (const library of capture('ldd', ['/bin/bash']).stdout.match(/\/[^ \n]+/g) ?? []) {
    mkdirSync(join(folder, dirname(library)), { recursive: true })
    copyFileSync(library, join(folder, library))
  }
  writeFileSync(join(folder, 'etc', 'passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
  writeFileSync(join(folder, 'etc', 'group'), 'root:x:0:\n')
}

/** Builds the image. Gives why not, or undefined. */
function buildImage(client, env) {
  const folder = mkdtempSync(join(tmpdir(), 'runlet-image-'))
  try {
    rootFileSystem(folder)
    const script = 'tar -C "$1" -c . | "$2" import - "$3"'
    const built = capture('sh', ['-c', script, 'sh', folder, client, IMAGE], { env })
    return built.code === 0 ? undefined : `the image was not imported: ${built.stderr.trim()}`
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A daemon with everything of its own in a folder. */
async function startDaemon(folder) {
  const host = `unix://${folder}/d.sock`
  const log = openSync(join(folder, 'log'), 'a')
  const places = ['--data-root', `${folder}/data`, '--exec-root', `${folder}/exec`]
  const network = ['--iptables=false', '--ip6tables=false', '--bridge=none']
  const daemon = spawn(
    'dockerd',
    [...places, '--pidfile', `${folder}/pid`, '-H', host, ...network],
    {
      detached: true,
      stdio: ['ignore', log, log],
    },
  )
  closeSync(log)
  daemon.unref()
  let ended = false
  daemon.on('exit', () => {
    ended = true
  })
  const env = { DOCKER_HOST: host }
  for (let tries = 0; tries < 120 && !ended; tries++) {
    if (capture('docker', ['info'], { env }).code === 0) return { env, daemon }
    await sleep(250)
  }
  if (!ended) process.kill(daemon.pid)
  const said = readFileSync(join(folder, 'log'), 'utf8').trim().split('\n').slice(-3).join('\n')
  return { why: `dockerd did not start: ${said}` }
}

/** Ends what still runs, and what is still mounted. */
async function stopDaemon({ daemon, env, client }, folder) {
  const left = capture(client, ['ps', '-aq'], { env }).stdout.split('\n').filter(Boolean)
  if (left.length > 0) capture(client, ['rm', '-f', ...left], { env })
  if (daemon !== undefined) {
    daemon.ref()
    const gone = new Promise((resolve) => daemon.once('exit', resolve))
    if (daemon.exitCode === null && daemon.signalCode === null) {
      process.kill(daemon.pid, 'SIGTERM')
      await Promise.race([gone, sleep(20_000, undefined, { ref: false })])
    }
    if (daemon.exitCode === null && daemon.signalCode === null) process.kill(daemon.pid, 'SIGKILL')
  }
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n')
  for (const line of mounts.reverse()) {
    const [, at = ''] = line.split(' ')
    if (at.startsWith(`${folder}/`)) capture('umount', ['-l', at])
  }
  rmSync(folder, { recursive: true, force: true })
}

/** A client of its own for Podman, which has no daemon: all that is its own is in its arguments. */
function podmanClient(folder) {
  const client = join(folder, 'podman')
  const places = `--root ${folder}/root --runroot ${folder}/run --tmpdir ${folder}/tmp`
  const ways = '--storage-driver vfs --cgroup-manager cgroupfs --runtime runc'
  // Its own defaults are more than a root without all capabilities may set.
  const settings = '[containers]\ndefault_ulimits = ["nofile=1024:1024"]\n'
  writeFileSync(join(folder, 'containers.conf'), settings)
  const lines = ['#!/bin/sh', `export CONTAINERS_CONF=${folder}/containers.conf`]
  lines.push('if [ "$1" = run ]; then shift; set -- run --ulimit nproc=4096:4096 "$@"; fi')
  lines.push(`exec podman ${places} ${ways} "$@"`, '')
  writeFileSync(client, lines.join('\n'), { mode: 0o755 })
  return client
}

/**
 * Starts an engine, or borrows the one that answers.
 *
 * @returns `{ client, env, image, kind, own, daemon, folder, stop }`, or `{ why }`
 */
export async function startEngine({ kind = 'docker', install = false } = {}) {
  if (kind === 'docker' && capture('docker', ['info'], { timeoutMs: 10_000 }).code === 0) {
    const lent = capture('docker', ['info', '--format', '{{len .ServerErrors}}'])
    if (lent.stdout.trim() !== '0' && lent.code === 0) return { why: 'the engine does not answer' }
    if (!onPath('busybox')) return { why: 'busybox missing, which the image is made of' }
    const why = buildImage('docker', {})
    if (why !== undefined) return { why }
    const stop = async () => {
      capture('docker', ['image', 'rm', '-f', IMAGE])
    }
    return { client: 'docker', env: {}, image: IMAGE, kind, own: false, stop }
  }
  const why = objection(kind, install)
  if (why !== undefined) return { why }
  const folder = mkdtempSync(join(tmpdir(), 'runlet-engine-'))
  // Commands that are not root's have to find the client.
  chmodSync(folder, 0o755)
  const started =
    kind === 'docker'
      ? { client: 'docker', ...(await startDaemon(folder)) }
      : { client: podmanClient(folder), env: {} }
  const stop = () => stopDaemon(started, folder)
  if (started.why !== undefined) {
    await stop()
    return { why: started.why }
  }
  const unbuilt = buildImage(started.client, started.env)
  if (unbuilt !== undefined) {
    await stop()
    return { why: unbuilt }
  }
  const { client, env } = started
  const daemon = started.daemon?.pid
  return { client, env, image: IMAGE, kind, own: true, daemon, folder, stop }
}

/** What a test or a benchmark is told of an engine. */
export function engineVariables({ client, env, image, kind, own }) {
  return {
    ...env,
    RUNLET_TEST_ENGINE: kind,
    RUNLET_TEST_ENGINE_CLIENT: client,
    RUNLET_TEST_ENGINE_IMAGE: image,
    RUNLET_TEST_ENGINE_OWN: own ? '1' : '',
  }
}

async function main(args) {
  const options = args.filter((word, at) => word.startsWith('--') && at < 2)
  const [command, ...rest] = args.slice(options.length)
  if (command === undefined || options.some((one) => !['--podman', '--install'].includes(one))) {
    console.error(
      'usage: node scripts/docker-engine.mjs [--podman] [--install] COMMAND [ARGUMENT …]',
    )
    process.exitCode = 2
    return
  }
  const kind = options.includes('--podman') ? 'podman' : 'docker'
  const engine = await startEngine({ kind, install: options.includes('--install') })
  if (engine.why !== undefined) {
    console.error(engine.why)
    process.exitCode = 1
    return
  }
  try {
    const { code } = await run(command, rest, { env: engineVariables(engine) })
    process.exitCode = code
  } finally {
    await engine.stop()
  }
}

const [, script] = process.argv
if (script && existsSync(script) && import.meta.url === pathToFileURL(script).href) {
  await main(process.argv.slice(2))
}

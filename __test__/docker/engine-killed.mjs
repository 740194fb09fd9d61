// Kills an engine of its own under a container, and starts it again. Prints what callers saw of it.

import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startEngine } from '../../scripts/docker-engine.mjs'

// Not the one that the other tests use.
const nobody = `unix://${tmpdir()}/runlet-no-engine.sock`
process.env.DOCKER_HOST = nobody
const engine = await startEngine()
if (engine.why !== undefined) throw new Error(engine.why)
const require = createRequire(import.meta.url)
const { createRuntime } = require('../../dist/index.js')
const { dockerRuntime } = require('../../dist/docker.js')

const root = mkdtempSync(join(tmpdir(), 'runlet-killed-'))
process.env.DOCKER_HOST = engine.env.DOCKER_HOST
const provider = dockerRuntime({ image: engine.image, pull: 'never' })
const quiet = () => {}
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet }
const runtime = createRuntime({ root, provider, logger })
const seen = {}
const kinds = []
const runtimeEvents = ({ kind }) => {
  kinds.push(kind)
}
const alive = (pid) => {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
let second
try {
  const { out } = await runtime.bash({ command: 'echo before; echo kept > file', runtimeEvents })
  seen.before = out
  process.kill(engine.daemon, 'SIGKILL')
  while (alive(engine.daemon)) await sleep(20)
  const error = await runtime.bash({ command: 'true', runtimeEvents }).catch((thrown) => thrown)
  seen.gone = [error.name, error.details?.reason]
  seen.saysPath = /\/tmp|\.sock/.test(error.message)
  seen.kinds = [...kinds]
  const folder = engine.folder
  const places = ['--data-root', `${folder}/data`, '--exec-root', `${folder}/exec`]
  const network = ['--iptables=false', '--ip6tables=false', '--bridge=none']
  // Its number may be another process's by now, which a daemon takes for itself.
  const stale = ['pid', 'exec/containerd/containerd.pid', 'exec/containerd/containerd.sock']
  for (const name of stale) rmSync(join(folder, name), { force: true })
  const rest = ['--pidfile', `${folder}/pid`, '-H', engine.env.DOCKER_HOST, ...network]
  second = spawn('dockerd', [...places, ...rest], { stdio: 'ignore' })
  for (let tries = 0; tries < 200; tries++) {
    if (spawnSync('docker', ['info'], { stdio: 'ignore' }).status === 0) break
    await sleep(100)
  }
  seen.after = (await runtime.bash({ command: 'cat file', runtimeEvents })).out
} finally {
  await runtime.close().catch(quiet)
  await provider.close().catch(quiet)
  second?.kill('SIGTERM')
  while (second && second.exitCode === null && second.signalCode === null) await sleep(50)
  await engine.stop()
  rmSync(root, { recursive: true, force: true })
}
console.log(JSON.stringify(seen))

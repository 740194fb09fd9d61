import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { capabilities } from 'runlet'
import { root as packageRoot } from '../package/repository'
import { type Computer, LocalPackage } from './gondolin-support'
import { freshFolder } from './support'

const { machinesHere } = require(join(packageRoot, 'dist/workspace/gondolin/package.js')) as {
  machinesHere(computer: Computer): { version: string | null; why: string | null }
}

const NAMES = ['PATH', 'DOCKER_HOST', 'DOCKER_CONTEXT', 'DOCKER_CONFIG'] as const
const before = NAMES.map((name) => [name, process.env[name]] as const)

afterEach(() => {
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
})

/** A folder with a program of that name, alone on PATH. */
function onlyProgram(name: string, mode = 0o755): string {
  const folder = freshFolder()
  mkdirSync(folder, { recursive: true })
  const program = join(folder, name)
  writeFileSync(program, '#!/bin/sh\nexit 9\n')
  chmodSync(program, mode)
  process.env.PATH = folder
  for (const variable of NAMES.slice(1)) delete process.env[variable]
  process.env.DOCKER_CONFIG = folder
  return program
}

const docker = () => capabilities().workspaces.docker

describe('an engine of containers', () => {
  it('needs a client on PATH', () => {
    onlyProgram('other')
    expect(docker()).toEqual({
      usable: false,
      version: null,
      path: null,
      why: 'there is no docker on PATH',
    })
    onlyProgram('docker', 0o644)
    expect(docker().path).toBeNull()
  })

  it('is where the client was told it is, and that is not asked', () => {
    const path = onlyProgram('docker')
    process.env.DOCKER_HOST = 'tcp://127.0.0.1:1'
    expect(docker()).toEqual({ usable: true, version: null, path, why: null })
    delete process.env.DOCKER_HOST
    const config = join(process.env.DOCKER_CONFIG ?? '', 'config.json')
    writeFileSync(config, JSON.stringify({ currentContext: 'far' }))
    expect(docker().usable).toBe(true)
    writeFileSync(config, JSON.stringify({ currentContext: 'default' }))
    const { usable, why } = docker()
    expect(usable).toBe(why === null)
    if (why !== null) expect(why).toMatch(/^no engine listens at /)
  })
})

describe('machines', () => {
  it('need Node, the package, QEMU and the guest that was named, in this order', () => {
    const computer = (changes: Partial<Computer>) =>
      machinesHere(new LocalPackage().computer(changes))
    expect(computer({ node: '22.20.0' }).why).toMatch(/^Node 22\.20\.0 is too old/)
    expect(computer({ installed: () => undefined })).toEqual({
      version: null,
      why: expect.stringMatching(/is not installed: install it with "npm install/),
    })
    expect(computer({ installed: () => '0.5.0' })).toEqual({
      version: '0.5.0',
      why: expect.stringMatching(/0\.5\.0 is too old/),
    })
    expect(computer({ path: '' }).why).toMatch(/^qemu-system-\w+ was not found/)
    expect(computer({ guestFolder: freshFolder() }).why).toMatch(/has no kernel/)
    expect(computer({}).why).toBeNull()
  })

  it('are said to be usable where nothing is missing', () => {
    const { usable, why } = capabilities().workspaces.gondolin
    expect(usable).toBe(why === null)
    expect(why ?? '').not.toMatch(/failed to start/)
  })
})

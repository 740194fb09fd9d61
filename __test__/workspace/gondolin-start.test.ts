import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { isRuntimeStartupError, type RuntimeStartupError } from 'runlet'
import { type GondolinRuntimeConfig, gondolinRuntime } from 'runlet/gondolin'
import { type Computer, Fakes, gondolinOn, LocalPackage, scopeOf } from './gondolin-support'
import { freshFolder, Listener } from './support'

/** Why a first command does not run. */
async function failure(
  computer: Computer,
  config: GondolinRuntimeConfig = {},
): Promise<RuntimeStartupError> {
  const provider = gondolinOn(computer, config)
  const scope = scopeOf()
  const error: unknown = await provider
    .get(scope)
    .bash?.({ command: 'true' })
    .catch((thrown) => thrown)
  await provider.close?.()
  expect(isRuntimeStartupError(error)).toBe(true)
  const told = JSON.stringify({ ...(error as Error), message: (error as Error).message })
  for (const folder of [scope.root, __dirname, computer.path, computer.guestFolder]) {
    if (folder !== undefined && folder !== '') expect(told).not.toContain(folder)
  }
  expect((error as Error).cause).toBeUndefined()
  return error as RuntimeStartupError
}

const FAILED = 'Gondolin runtime failed to start: '
const HOW = 'install it with "npm install @earendil-works/gondolin@^0.12"'

describe('what a machine needs', () => {
  it.each(['20.20.2', '23.5.9', '18.0.0'])('is a newer Node than %s', async (node) => {
    const { message, details } = await failure(new LocalPackage().computer({ node }))
    expect(message).toBe(
      `${FAILED}Node ${node} is too old, @earendil-works/gondolin needs Node 23.6 or later`,
    )
    expect(details).toEqual({ reason: 'node_version', version: node, needed: '23.6.0' })
  })

  it.each(['23.6.0', '24.0.0', '100.1.1'])('is a Node such as %s', async (node) => {
    const made = new LocalPackage()
    const provider = gondolinOn(made.computer({ node }), {})
    expect((await provider.get(scopeOf()).bash?.({ command: 'echo x' }))?.out).toBe('x\n')
    await provider.close?.()
  })

  it('is the package', async () => {
    const { message, details } = await failure(
      new LocalPackage().computer({ installed: () => undefined }),
    )
    expect(message).toBe(`${FAILED}the package @earendil-works/gondolin is not installed: ${HOW}`)
    expect(details).toEqual({ reason: 'package_missing' })
  })

  it('is the package in this version, not what an old Node has npm install', async () => {
    const { message, details } = await failure(
      new LocalPackage().computer({ installed: () => '0.5.0' }),
    )
    expect(message).toBe(
      `${FAILED}@earendil-works/gondolin 0.5.0 is too old, version 0.12 or later is needed: ${HOW}`,
    )
    expect(details).toEqual({ reason: 'package_version', version: '0.5.0', needed: '0.12.0' })
  })

  it('is a package that loads, and has what it should', async () => {
    const made = new LocalPackage()
    const load = async () => {
      throw new Error(`Cannot find module '${__dirname}/x.js' imported from ${__dirname}/y.js`)
    }
    const broken = await failure(made.computer({ load }))
    expect(broken.message).toBe(
      `${FAILED}the package @earendil-works/gondolin could not be loaded: ` +
        'Cannot find module (path) imported from (path)',
    )
    expect(broken.details).toEqual({ reason: 'package_missing' })
    const other = await failure(made.computer({ load: async () => ({ VM: {} }) }))
    expect(other.details?.reason).toBe('package_version')
  })

  it.each([
    [process.arch === 'arm64' ? 'qemu-system-aarch64' : 'qemu-system-x86_64'],
    ['qemu-img'],
  ])('is %s', async (program) => {
    const made = new LocalPackage()
    const computer = made.computer()
    rmSync(join(computer.path, program))
    const { message, details } = await failure(computer)
    const how = 'install QEMU (its system emulator and qemu-img)'
    expect(message).toBe(`${FAILED}${program} was not found: ${how}`)
    expect(details).toEqual({ reason: 'qemu_missing', program })
  })

  it('is the program that was named', async () => {
    const qemuPath = '/nowhere/qemu'
    const { message } = await failure(new LocalPackage().computer(), {
      vmOptions: { sandbox: { qemuPath } },
    })
    expect(message).toContain('the program of vmOptions.sandbox.qemuPath was not found')
  })

  it('is a whole guest where a folder of one was named', async () => {
    const guestFolder = freshFolder()
    const computer = new LocalPackage().computer({ guestFolder })
    const none = await failure(computer)
    expect(none.message).toBe(
      `${FAILED}the folder of GONDOLIN_GUEST_DIR has no kernel, no initramfs, no rootfs`,
    )
    const missing = ['kernel', 'initramfs', 'rootfs']
    expect(none.details).toEqual({ reason: 'guest_assets', missing })
    const assets = { kernel: 'k', initramfs: 'i', rootfs: 'r' }
    writeFileSync(join(guestFolder, 'manifest.json'), JSON.stringify({ assets }))
    writeFileSync(join(guestFolder, 'k'), '')
    writeFileSync(join(guestFolder, 'i'), '')
    const one = await failure(computer)
    expect(one.details).toEqual({ reason: 'guest_assets', missing: ['rootfs'] })
    const own = gondolinOn(computer, { vmOptions: { sandbox: { imagePath: 'mine:latest' } } })
    expect((await own.get(scopeOf()).bash?.({ command: 'exit 4' }))?.code).toBe(4)
    await own.close?.()
  })

  it('is a download that works, or a folder', async () => {
    const made = new LocalPackage()
    made.start = async () => {
      throw new Error(
        'Missing guest assets in /home/someone/.cache/gondolin: vmlinuz-virt\nRun that',
      )
    }
    const { message, details } = await failure(made.computer())
    expect(message).toBe(
      `${FAILED}there is no guest (Missing guest assets in (path): vmlinuz-virt): ` +
        'the package downloads about 200 MB at its first start, or set GONDOLIN_GUEST_DIR',
    )
    expect([details?.reason, made.closed]).toEqual(['guest_assets', 1])
  })

  it('is a guest with a shell', async () => {
    const made = new LocalPackage()
    made.before = async () => ({ exitCode: 127 })
    const { message, details } = await failure(made.computer())
    expect(message).toBe(`${FAILED}the guest lacks a shell, setsid or a folder for temporary files`)
    expect([details, made.closed]).toEqual([{ reason: 'guest_shell' }, 1])
  })

  it('is a folder for the workspace', async () => {
    const made = new LocalPackage()
    const file = join(freshFolder(), 'file')
    writeFileSync(file, '')
    const provider = gondolinOn(made.computer(), {})
    const error: unknown = await provider
      .get(scopeOf('x', join(file, 'root')))
      .bash?.({ command: '' })
      .catch((thrown) => thrown)
    expect(error).toMatchObject({
      message: `${FAILED}the folder of the workspace could not be made`,
      details: { reason: 'no_folder' },
    })
    await provider.close?.()
  })

  it('is looked for at the first command, and at each until it is there', async () => {
    const made = new LocalPackage()
    let version: string | undefined
    const provider = gondolinOn(made.computer({ installed: () => version }), {})
    const runtime = provider.get(scopeOf())
    await runtime.write?.({ path: 'a', content: 'b' })
    const error: unknown = await runtime.bash?.({ command: '' }).catch((thrown) => thrown)
    expect(error).toMatchObject({ details: { reason: 'package_missing' } })
    version = '0.12.3'
    expect((await runtime.bash?.({ command: 'cat a' }))?.out).toBe('b')
    await provider.close?.()
  })

  it('is said by the real computer, too', async () => {
    const provider = gondolinRuntime({ timeoutMs: 1_000 })
    const error: unknown = await provider
      .get(scopeOf())
      .bash?.({ command: 'true' })
      .catch((thrown) => thrown)
    expect(isRuntimeStartupError(error)).toBe(true)
    const { reason } = (error as RuntimeStartupError).details ?? {}
    expect(['node_version', 'package_missing']).toContain(reason)
    await provider.close?.()
  })
})

/** The error of a machine that does not get ready. */
const late = () =>
  Object.assign(new Error('vm startup timed out after 15000ms while waiting for guest readiness'), {
    code: 'vm_start_timeout',
  })

describe('acceleration', () => {
  it('that stands still is left out, for the rest of the process, with a warning', async () => {
    const made = new LocalPackage()
    made.start = async ({ sandbox }) => {
      if (sandbox?.accel !== 'tcg') throw late()
    }
    const computer = made.computer()
    const logger = new Listener()
    const provider = gondolinOn(computer, {})
    provider.setLogger?.(logger)
    for (const path of ['a', 'b']) {
      const result = await provider.get(scopeOf(path)).bash?.({ command: 'echo x' })
      expect(result?.out).toBe('x\n')
    }
    const tries = made.created.map(({ sandbox, startTimeoutMs }) => [
      sandbox?.accel,
      startTimeoutMs,
    ])
    const slow = ['tcg', 60_000]
    expect(tries).toEqual([[undefined, 15_000], slow, slow])
    expect([made.closed, computer.acceleration.fails]).toEqual([1, true])
    const warned = logger.said.filter(({ level }) => level === 'warn')
    expect(warned.map(({ event }) => event)).toEqual(['runtime.gondolin_unaccelerated'])
    const later = gondolinOn(computer, {})
    expect((await later.get(scopeOf()).bash?.({ command: 'echo y' }))?.out).toBe('y\n')
    expect(made.created.at(-1)?.sandbox?.accel).toBe('tcg')
    await Promise.all([provider.close?.(), later.close?.()])
  })

  it('is not what makes every machine stand still: of those without it a second one is tried', async () => {
    const made = new LocalPackage()
    made.start = async () => {
      if (made.created.length === 1) throw late()
    }
    const provider = gondolinOn(made.computer(), { accel: 'tcg' })
    expect((await provider.get(scopeOf()).bash?.({ command: 'echo x' }))?.out).toBe('x\n')
    const tries = made.created.map(({ sandbox, startTimeoutMs }) => [
      sandbox?.accel,
      startTimeoutMs,
    ])
    expect(tries).toEqual([
      ['tcg', 60_000],
      ['tcg', 60_000],
    ])
    expect(made.closed).toBe(1)
    await provider.close?.()
  })

  it('is left out once: a machine that is late without it is not there', async () => {
    const made = new LocalPackage()
    made.start = async () => {
      throw late()
    }
    const { details } = await failure(made.computer(), { vmOptions: { startTimeoutMs: 5_000 } })
    expect(details).toEqual({ reason: 'start_timeout' })
    const limits = made.created.map(({ startTimeoutMs }) => startTimeoutMs)
    expect([limits, made.closed]).toEqual([[5_000, 5_000], 2])
  })

  it('stays where the failure is another one', async () => {
    const made = new LocalPackage()
    made.start = async () => {
      throw new Error('no')
    }
    const computer = made.computer()
    expect((await failure(computer)).details).toEqual({ reason: 'start_failed' })
    expect([made.created.length, computer.acceleration.fails]).toEqual([1, false])
  })

  it.each([
    [{ accel: 'kvm' as const }, 'kvm'],
    [{ vmOptions: { sandbox: { accel: 'hvf' } } }, 'hvf'],
  ])('that was chosen is the only one: %j', async (config, accel) => {
    const made = new LocalPackage()
    made.start = async () => {
      throw late()
    }
    const { details } = await failure(made.computer(), config)
    expect(details).toEqual({ reason: 'start_timeout' })
    expect(made.created.map(({ sandbox }) => sandbox?.accel)).toEqual([accel])
    expect(made.created[0]?.startTimeoutMs).toBe(120_000)
  })

  it('is left out with a factory, too', async () => {
    const fakes = new Fakes()
    const provider = gondolinOn(new LocalPackage().computer({ installed: () => undefined }), {
      factory: async (options) => {
        const vm = await fakes.factory(options)
        if (options.sandbox?.accel !== 'tcg') throw late()
        return vm
      },
    })
    provider.setLogger?.(new Listener())
    expect((await provider.get(scopeOf()).bash?.({ command: '' }))?.code).toBe(0)
    expect(fakes.options.map(({ sandbox }) => sandbox?.accel)).toEqual([undefined, 'tcg'])
    await provider.close?.()
  })
})

describe('a folder of the host', () => {
  it('is where the guest looks for it', async () => {
    const made = new LocalPackage()
    const scope = scopeOf()
    const data = freshFolder()
    mkdirSync(join(data, 'x'))
    const provider = gondolinOn(made.computer(), {
      workdir: '/srv/here/',
      mounts: { '/data': data, '/fixed': { path: data, readonly: true } },
    })
    const result = await provider.get(scope).bash?.({ command: 'pwd' })
    expect(result?.out).toBe(`${scope.root}\n`)
    expect(made.created[0]?.vfs?.mounts).toEqual({
      '/srv/here': { rootPath: scope.root },
      '/data': { rootPath: data },
      '/fixed': { inner: { rootPath: data } },
    })
    await provider.close?.()
  })
})

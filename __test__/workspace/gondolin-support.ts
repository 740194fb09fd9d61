/** Machines that are none: what the tests of the Gondolin provider hand commands to. */

import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RuntimeEvent, RuntimeProvider, RuntimeScope } from 'runlet'
import type {
  GondolinExecOptions,
  GondolinExecResult,
  GondolinRuntimeConfig,
  GondolinVm,
  GondolinVmFactory,
  GondolinVmOptions,
} from 'runlet/gondolin'
import { root as packageRoot } from '../package/repository'
import { freshFolder } from './support'

/** This computer, as the provider sees one. */
export interface Computer {
  node: string
  path: string
  guestFolder: string | undefined
  installed(): string | undefined
  load(): Promise<unknown>
  acceleration: { fails: boolean }
}

const built = require(join(packageRoot, 'dist/workspace/gondolin.js')) as {
  gondolinOn(computer: Computer, config: GondolinRuntimeConfig): RuntimeProvider
}

/** A provider on a computer that is told about. */
export const gondolinOn = built.gondolinOn

/** The scope of a path, in a folder of its own. */
export function scopeOf(path = 'channel/a', root = join(freshFolder(), 'root')): RuntimeScope {
  return { level: 'channel', key: path, path, root }
}

/** Kinds of events, as they come. */
export function heard() {
  const events: RuntimeEvent[] = []
  const runtimeEvents = (event: RuntimeEvent) => {
    events.push(event)
  }
  return { events, runtimeEvents, kinds: () => events.map(({ kind }) => kind) }
}

/** What a factory of somebody else's makes: it only knows of texts and of their ends. */
export class Fakes {
  readonly options: GondolinVmOptions[] = []
  readonly execs: { command: string | string[]; options: GondolinExecOptions }[] = []
  closed = 0
  /** What comes of a command. */
  answer: (
    command: string | string[],
    options: GondolinExecOptions,
  ) => Promise<Partial<GondolinExecResult>> = async () => ({ stdout: 'ok\n' })

  readonly factory: GondolinVmFactory = async (options) => {
    this.options.push(options)
    const id = `vm-${this.options.length}`
    const vm: GondolinVm = {
      id,
      exec: async (command, given = {}) => {
        this.execs.push({ command, options: given })
        const result = await this.answer(command, given)
        return { exitCode: 0, stdout: '', stderr: '', ...result }
      },
      close: async () => {
        this.closed++
      },
    }
    return vm
  }

  /** The texts of callers, without scripts of ours. */
  get texts(): string[] {
    return this.execs.flatMap(({ command }) => (typeof command === 'string' ? [command] : []))
  }
}

/** Rejects when a command is given up, as machines do. */
export function untilAborted({ signal }: GondolinExecOptions): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(new Error('exec aborted')))
  })
}

/** The script of ours that ends everything. It never runs here: this is no guest. */
export function isSweep(command: string | string[]): boolean {
  return Array.isArray(command) && command[2]?.includes('left $left') === true
}

/** The script of ours that ends one command. */
export function isStop(command: string | string[]): boolean {
  return Array.isArray(command) && command[2]?.endsWith('echo stopped') === true
}

/** The package, with machines whose commands are processes of this computer. */
export class LocalPackage {
  readonly folder = freshFolder()
  readonly created: GondolinVmOptions[] = []
  readonly hooks: unknown[] = []
  readonly commands: (string | string[])[] = []
  sweeps = 0
  closed = 0
  /** Comes before a command; what it gives is the end of the command. */
  before: (command: string | string[]) => Promise<GondolinExecResult | undefined> = async () =>
    undefined
  start: (options: GondolinVmOptions) => Promise<void> = async () => {}

  readonly exports = {
    VM: { create: (options: GondolinVmOptions) => this.#create(options) },
    RealFSProvider: class {
      readonly rootPath: string
      constructor(rootPath: string) {
        this.rootPath = rootPath
      }
      async readdir(path: string): Promise<unknown[]> {
        return readdirSync(join(this.rootPath, path), { withFileTypes: true })
      }
    },
    ReadonlyProvider: class {
      readonly inner: unknown
      constructor(inner: unknown) {
        this.inner = inner
      }
    },
    createHttpHooks: (options: { secrets: Record<string, unknown> }) => {
      this.hooks.push(options)
      const names = Object.keys(options.secrets)
      const env = Object.fromEntries(names.map((name) => [name, `placeholder of ${name}`]))
      return { httpHooks: { made: options }, env }
    },
  }

  /** A computer that has all it takes. */
  computer(changes: Partial<Computer> = {}): Computer {
    const programs = join(this.folder, 'bin')
    mkdirSync(programs, { recursive: true })
    for (const name of ['qemu-system-x86_64', 'qemu-system-aarch64', 'qemu-img']) {
      writeFileSync(join(programs, name), '', { mode: 0o755 })
    }
    return {
      node: '24.1.0',
      path: programs,
      guestFolder: undefined,
      installed: () => '0.12.0',
      load: async () => this.exports,
      acceleration: { fails: false },
      ...changes,
    }
  }

  async #create(options: GondolinVmOptions): Promise<GondolinVm> {
    this.created.push(options)
    const [workspace] = Object.values(options.vfs?.mounts ?? {})
    const cwd = Reflect.get(Object(workspace), 'rootPath') as string
    return {
      id: `local-${this.created.length}`,
      start: () => this.start(options),
      exec: (command, given) => this.#exec(command, cwd, given),
      close: async () => {
        this.closed++
      },
    }
  }

  async #exec(
    command: string | string[],
    cwd: string,
    { stdout, stderr, signal }: GondolinExecOptions = {},
  ): Promise<GondolinExecResult> {
    this.commands.push(command)
    const early = await this.before(command)
    if (early !== undefined) return early
    if (isSweep(command)) {
      this.sweeps++
      stdout?.write('left 0\n')
      return { exitCode: 0 }
    }
    const words = typeof command === 'string' ? ['/bin/sh', '-lc', command] : command
    // The folder for notes is the guest's own: here it is one of the test's.
    const [program = '', ...parameters] = words.map((word) =>
      word.replaceAll('/run/runlet', join(this.folder, 'notes')),
    )
    // Not the profile of whoever runs the tests.
    const env = { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: this.folder }
    const child = spawn(program, parameters, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.on('data', (chunk) => stdout?.write(chunk))
    child.stderr.on('data', (chunk) => stderr?.write(chunk))
    return await new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(new Error('exec aborted')))
      child.on('error', reject)
      child.on('close', (code) => resolve({ exitCode: code ?? 255 }))
    })
  }
}

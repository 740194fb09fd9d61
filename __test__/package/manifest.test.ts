import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { filesBelow, read, readManifest, root } from './repository'

const manifest = readManifest()

/** `x86_64-unknown-linux-gnu` → what npm calls it. */
const platforms: Record<string, { folder: string; os: string; cpu: string; libc?: string }> = {
  'x86_64-unknown-linux-gnu': { folder: 'linux-x64-gnu', os: 'linux', cpu: 'x64', libc: 'glibc' },
  'x86_64-unknown-linux-musl': { folder: 'linux-x64-musl', os: 'linux', cpu: 'x64', libc: 'musl' },
  'aarch64-unknown-linux-gnu': {
    folder: 'linux-arm64-gnu',
    os: 'linux',
    cpu: 'arm64',
    libc: 'glibc',
  },
  'aarch64-unknown-linux-musl': {
    folder: 'linux-arm64-musl',
    os: 'linux',
    cpu: 'arm64',
    libc: 'musl',
  },
  'x86_64-apple-darwin': { folder: 'darwin-x64', os: 'darwin', cpu: 'x64' },
  'aarch64-apple-darwin': { folder: 'darwin-arm64', os: 'darwin', cpu: 'arm64' },
  'x86_64-pc-windows-msvc': { folder: 'win32-x64-msvc', os: 'win32', cpu: 'x64' },
}

describe('package.json', () => {
  it('asks for nothing at run time', () => {
    const fields = ['dependencies', 'bundleDependencies', 'bundledDependencies']
    expect(fields.filter((field) => manifest[field] !== undefined)).toEqual([])
  })

  it('can do without each of its peers', () => {
    const { peerDependencies, peerDependenciesMeta } = JSON.parse(read('package.json'))
    expect(peerDependencies).toEqual({
      '@earendil-works/gondolin': '^0.12.0',
      'just-bash': '>=3.4.2',
    })
    expect(peerDependenciesMeta).toEqual({
      '@earendil-works/gondolin': { optional: true },
      'just-bash': { optional: true },
    })
  })

  it('runs nothing when it is installed or packed', () => {
    const hooks = ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish', 'prepack']
    hooks.push('postpack', 'preprepare', 'postprepare', 'dependencies')
    expect(hooks.filter((hook) => manifest.scripts?.[hook] !== undefined)).toEqual([])
  })

  it('points to files that exist', () => {
    const entries = Object.values(manifest.exports ?? {}).flatMap((entry) =>
      typeof entry === 'string' ? [entry] : [entry.types, entry.default],
    )
    const named = [manifest.main, manifest.types, ...Object.values(manifest.bin ?? {}), ...entries]
    expect(named.filter((path) => path === undefined || !existsSync(join(root, path)))).toEqual([])
  })

  it('is CommonJS with one entry for import and require', () => {
    expect(manifest.type).toBe('commonjs')
    expect(manifest.exports).toEqual({
      '.': { types: './index.d.ts', default: './dist/index.js' },
      './docker': { types: './docker.d.ts', default: './dist/docker.js' },
      './testing': { types: './testing.d.ts', default: './dist/testing.js' },
      './gondolin': { types: './gondolin.d.ts', default: './dist/gondolin.js' },
      './heypi': { types: './heypi.d.ts', default: './dist/adapters/heypi.js' },
      './package.json': './package.json',
    })
  })

  it('has the version of the Rust crate', () => {
    expect(/^version = "(.+)"$/m.exec(read('Cargo.toml'))?.[1]).toBe(manifest.version)
  })
})

describe('package-lock.json', () => {
  it('has the hash of every package and the address of none', () => {
    const { packages } = JSON.parse(read('package-lock.json')) as {
      packages: Record<string, { resolved?: string; integrity?: string; inBundle?: boolean }>
    }
    const installed = Object.entries(packages).filter(([path]) => path !== '')
    expect(installed.length).toBeGreaterThan(0)
    expect(installed.filter(([, entry]) => entry.resolved !== undefined)).toEqual([])
    expect(installed.filter(([, entry]) => !entry.integrity && !entry.inBundle)).toEqual([])
  })
})

describe('platform packages', () => {
  const targets = manifest.napi?.targets ?? []

  it('exist for each target and for no other', () => {
    const folders = new Set(filesBelow('npm').map((file) => file.split('/')[0]))
    expect([...folders].sort()).toEqual(targets.map((target) => platforms[target]?.folder).sort())
  })

  it.each(targets)('%s holds the binaries of one platform', (target) => {
    const platform = platforms[target]
    const own = readManifest(`npm/${platform?.folder}/package.json`)
    // The program of engine processes, which only Linux has, and that of the virtual bash.
    const engine = platform?.os === 'linux' ? ['runlet-engine'] : []
    const bash = platform?.os === 'win32' ? [] : ['runlet-bash']
    const binary = `${manifest.napi?.binaryName}.${platform?.folder}.node`
    expect(own).toMatchObject({
      name: `${manifest.napi?.packageName}-${platform?.folder}`,
      version: manifest.version,
      license: manifest.license,
      main: binary,
      files: [binary, ...engine, ...bash, 'THIRD_PARTY_NOTICES'],
      os: [platform?.os],
      cpu: [platform?.cpu],
      engines: manifest.engines,
    })
    expect(own.libc).toEqual(platform?.libc === undefined ? undefined : [platform.libc])
    expect(own.scripts).toBeUndefined()
    expect(own.dependencies).toBeUndefined()
  })
})

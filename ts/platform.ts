/** Which native package this machine needs. */

import { readFileSync } from 'node:fs'

/** A machine, in the words of the package names. */
export interface Platform {
  platform: string
  arch: string
  /** C library; only Linux has more than one. */
  libc: 'glibc' | 'musl' | undefined
  /** npm package with the binary. */
  package: string
}

/** Describes the machine this process runs on. */
export function currentPlatform(): Platform {
  const { platform, arch } = process
  const libc = platform === 'linux' ? currentLibc() : undefined
  const suffix = { glibc: '-gnu', musl: '-musl', none: platform === 'win32' ? '-msvc' : '' }
  const name = `@runlet/core-${platform}-${arch}${suffix[libc ?? 'none']}`
  return { platform, arch, libc, package: name }
}

/** `ldd` is a script of the C library's own; it names musl where there is musl. */
function currentLibc(): 'glibc' | 'musl' {
  try {
    return readFileSync('/usr/bin/ldd', 'latin1').includes('musl') ? 'musl' : 'glibc'
  } catch {
    const report = process.report?.getReport() as { header?: Record<string, unknown> } | undefined
    return report?.header?.glibcVersionRuntime === undefined ? 'musl' : 'glibc'
  }
}

import { existsSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join, posix } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { filesBelow, read, readManifest, root } from './repository'

/** What a script asks for by `require("…")` or `import("…")`; comments do not count. */
function requests(script: string): string[] {
  const code = script.replace(/^\s*(?:\/\/|\*|\/\*).*$/gm, '')
  const found = code.matchAll(/\b(?:require|import)\s*\(\s*(['"`])([^'"`]+)\1\s*\)/g)
  return [...found].map((match) => match[2] ?? '')
}

/** The face's scripts, by their path below dist/. */
const scripts = filesBelow('dist').filter((file) => file.endsWith('.js'))

/** The one script that may ask for dist/native.cjs. */
const addonLoader = 'addon.js'

/** The scripts that ask for a peer, each at the first use of what needs it. */
const peers: Record<string, string> = {
  '@earendil-works/gondolin': 'workspace/gondolin/package.js',
  'just-bash': 'workspace/just-bash-worker.js',
}

/** Why a request may not be made by a script of the face, or undefined if it may. */
function objection(script: string, request: string): string | undefined {
  if (request.startsWith('node:')) return isBuiltin(request) ? undefined : 'no such core module'
  if (peers[request] === script) return undefined
  if (!request.startsWith('.')) return 'a package, or a core module without "node:"'
  const target = posix.join('dist', posix.dirname(script), request)
  if (!target.startsWith('dist/')) return 'outside dist/'
  if (target === 'dist/index.js') return 'nothing imports the index'
  const files = [target, `${target}.js`, `${target}/index.js`]
  return files.some((file) => existsSync(join(root, file))) ? undefined : 'no such file'
}

describe('the import graph of dist/', () => {
  it('reaches only core modules and dist/ itself', () => {
    expect(scripts).toContain('index.js')
    const objections = scripts.flatMap((script) =>
      requests(read(`dist/${script}`)).flatMap((request) => {
        const reason = objection(script, request)
        // A command is a door of its own: it may use the package as a caller does.
        if (reason === 'nothing imports the index' && script === 'cli.js') return []
        return reason === undefined ? [] : [`dist/${script}: ${request}: ${reason}`]
      }),
    )
    expect(objections).toEqual([])
  })

  it('has one script that loads the addon', () => {
    const loaders = scripts.filter((script) =>
      requests(read(`dist/${script}`)).some((request) => posix.basename(request) === 'native.cjs'),
    )
    expect(loaders).toEqual([addonLoader])
  })

  it('loads the addon from beside itself or from its own platform packages', () => {
    const { packageName, binaryName } = readManifest().napi ?? { packageName: '', binaryName: '' }
    const foreign = requests(read('dist/native.cjs')).filter(
      (request) =>
        !isBuiltin(request) &&
        !request.startsWith(`${packageName}-`) &&
        !request.startsWith(`./${binaryName}.`),
    )
    expect(foreign).toEqual([])
  })

  it('is read by a scan that sees a foreign package', () => {
    const sample = `
      // require("in-a-comment")
      const a = require("node:fs"); const b = require('left-pad')
      const c = () => import("late")
    `
    expect(requests(sample)).toEqual(['node:fs', 'left-pad', 'late'])
    expect(objection('index.js', 'left-pad')).toBeDefined()
    expect(objection('index.js', 'just-bash')).toBeDefined()
    expect(objection('index.js', '../package.json')).toBe('outside dist/')
    expect(objection('index.js', './no-such-file.js')).toBe('no such file')
  })
})

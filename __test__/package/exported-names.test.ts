import { describe, expect, it } from '@jest/globals'
import * as runlet from 'runlet'
import * as heypi from 'runlet/heypi'
import * as testing from 'runlet/testing'
import { read } from './repository'

/** Names that exist at run time according to a declaration file; types and interfaces do not. */
function declaredValues(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
  const direct =
    /^export\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:function\*?|class|const|let|var|enum|namespace)\s+(\w+)/gm
  const names = [...code.matchAll(direct)].map((match) => match[1] ?? '')
  for (const [, list] of code.matchAll(/^export\s*\{([^}]*)\}/gm)) {
    for (const item of (list ?? '').split(',').map((part) => part.trim())) {
      if (item !== '' && !item.startsWith('type ')) names.push(item.split(/\s+as\s+/).pop() ?? item)
    }
  }
  return [...new Set(names)].sort()
}

describe('exported names', () => {
  it.each([
    ['index.d.ts', runlet],
    ['testing.d.ts', testing],
    ['heypi.d.ts', heypi],
  ])('are at run time the ones that %s declares', (declaration, exported) => {
    const atRunTime = Object.keys(exported).filter(
      (name) => name !== 'default' && name !== '__esModule',
    )
    expect(atRunTime.sort()).toEqual(declaredValues(read(declaration)))
  })

  it('are functions, classes, and constants in capitals', () => {
    const values = Object.entries(runlet).filter(([name]) => name !== 'default')
    const isConstant = (name: string) => /^[A-Z]+(_[A-Z]+)*$/.test(name)
    const odd = values.filter(([name, value]) => (typeof value === 'function') === isConstant(name))
    expect(odd).toEqual([])
  })
})

describe('the scan of index.d.ts', () => {
  it('finds values in every form and leaves types out', () => {
    const sample = `
      /** export function inComment(): void */
export function a(): void
export declare const b: number
export abstract class C {}
export interface NotD {}
export type NotE = string
export { f, g as h, type NotI }
// export const j: number
    `
    expect(declaredValues(sample)).toEqual(['C', 'a', 'b', 'f', 'h'])
  })
})

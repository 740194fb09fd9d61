import { describe, expect, it } from '@jest/globals'
import { type CodeletSource, runCodelet } from 'runlet'
import { failureOf, rejectionOf } from './run-text'

const named = (code: string, export_name: string): CodeletSource => ({
  type: 'string',
  code,
  export_name,
})

async function missing(source: CodeletSource): Promise<Record<string, unknown>> {
  const result = await runCodelet(source)
  expect(result.error?.code).toBe('RUNTIME_ERROR')
  expect(result.error?.details?.reason).toBe('MISSING_EXPORT')
  return result.error?.details ?? {}
}

describe('A3 · export_name calls that own export, which must be a function', () => {
  it('calls the export of that name only', async () => {
    const code = `export const main = () => 'main'\nexport const other = () => 'other'`
    expect((await runCodelet(named(code, 'other'))).value).toBe('other')
  })

  it('answers to its camelCase spelling', async () => {
    const code = 'export const other = () => 7'
    const result = await runCodelet({ type: 'string', code, exportName: 'other' })
    expect(result.value).toBe(7)
  })

  it('finds names that are no identifiers', async () => {
    expect((await runCodelet(named(`const f = () => 1\nexport { f as 'a b' }`, 'a b'))).value).toBe(
      1,
    )
  })

  it('finds the default export by name', async () => {
    expect((await runCodelet(named('export default () => 1', 'default'))).value).toBe(1)
  })

  it('does not fall back to main or default', async () => {
    const code = 'export const main = () => 1\nexport default () => 2'
    const details = await missing(named(code, 'other'))
    expect(details).toEqual({
      reason: 'MISSING_EXPORT',
      wanted: 'other',
      exports: expect.arrayContaining(['default', 'main']),
    })
  })

  it.each(['toString', '__proto__', 'constructor', 'hasOwnProperty', 'then'])(
    'does not find the inherited name %s',
    async (name) => {
      expect((await missing(named('export const main = () => 1', name))).wanted).toBe(name)
    },
  )

  it.each([
    ['a number', 'export const main = 7'],
    ['an object', 'export const main = { call() {} }'],
    ['a class', 'export class main { }'],
    ['undefined', 'export let main'],
    ['a Proxy of an object', 'export const main = new Proxy({}, {})'],
  ])('refuses %s', async (_kind, code) => {
    const details = await missing({ type: 'string', code })
    expect(details).toEqual({ reason: 'MISSING_EXPORT', wanted: 'main', exports: ['main'] })
  })

  it('says which exports there are', async () => {
    const details = await missing({ type: 'string', code: 'export const run = 1, go = 2' })
    expect(details.exports).toEqual(['go', 'run'])
  })

  it('keeps the logs of the module body', async () => {
    const { logs } = await failureOf('RUNTIME_ERROR', `console.log('loaded')`)
    expect(logs.map(({ message }) => message)).toEqual(['loaded'])
  })

  it('ends as a missing export even where the module has bent every toJSON', async () => {
    const bend = 'Object.prototype.toJSON = Array.prototype.toJSON = () => { throw 1 }'
    expect(
      (await missing({ type: 'string', code: `${bend}\nexport const other = 1` })).wanted,
    ).toBe('main')
  })

  it.each([
    ['a number', 5],
    ['the empty string', ''],
    ['null', null],
  ])('rejects %s as export_name', async (_kind, name) => {
    const source = { type: 'string', code: 'export const main = () => 1', export_name: name }
    const error = await rejectionOf(runCodelet(source as unknown as CodeletSource))
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.details?.field).toBe('source.export_name')
  })

  it('rejects two spellings with different values, and takes them with one value', async () => {
    const code = 'export const a = () => 1\nexport const b = () => 2'
    const both = { type: 'string' as const, code, export_name: 'a', exportName: 'b' }
    const error = await rejectionOf(runCodelet(both))
    expect(error.code).toBe('INVALID_ARGUMENT')
    expect(error.message).toContain('exportName')
    expect((await runCodelet({ ...both, exportName: 'a' })).value).toBe(1)
  })
})

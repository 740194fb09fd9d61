import { describe, expect, it } from '@jest/globals'
import { runCodelet } from 'runlet'
import { body, failureOf, js, refusedOption, valueFrom } from './run-text'

describe('A6 · helpers.logger has info, warn and error, all variadic', () => {
  it('shares one list with console, in order', async () => {
    const code = body(
      `const { logger } = helpers
       logger.info('a', 1, { b: 2 }); console.log('between'); logger.warn(); logger.error('x', [1])`,
    )
    const result = await runCodelet(js(code))
    expect(result.logs.map(({ level, message }) => [level, message])).toEqual([
      ['info', 'a 1 { b: 2 }'],
      ['log', 'between'],
      ['warn', ''],
      ['error', 'x [1]'],
    ])
  })

  it('works when its functions are taken off it', async () => {
    const result = await runCodelet(
      js(body('const { info } = helpers.logger; [1, 2].forEach((n) => info(n))')),
    )
    expect(result.logs.map(({ message }) => message)).toEqual(['1', '2'])
  })

  it('has no other methods', async () => {
    expect(await valueFrom(body('return Object.keys(helpers.logger)'))).toEqual([
      'info',
      'warn',
      'error',
    ])
    expect(await valueFrom(body('return typeof helpers.logger.debug'))).toBe('undefined')
  })

  it('is the only member of helpers that a spread copies when nothing is granted', async () => {
    expect(await valueFrom(body('return Object.keys({ ...helpers })'))).toEqual(['logger'])
  })

  it.each([
    ['replaced', 'helpers.logger = null'],
    ['changed', 'helpers.logger.info = null'],
    ['extended', 'helpers.mine = 1'],
    ['emptied', 'delete helpers.logger'],
    ['redefined', "Object.defineProperty(helpers, 'logger', { value: 1 })"],
    ['given a prototype', 'Object.setPrototypeOf(helpers, { a: 1 })'],
  ])('cannot be %s', async (_how, statement) => {
    const { error } = await failureOf('POLICY_VIOLATION', body(statement))
    expect(error.details?.capability).toBe('globals')
    const caught = body(`try { ${statement} } catch {} return typeof helpers.logger.info`)
    expect(await valueFrom(caught)).toBe('function')
  })

  it('is under the same bounds as console', async () => {
    const result = await runCodelet(
      js(body('for (let i = 0; i < 9; i++) helpers.logger.info(i)')),
      {
        max_log_entries: 4,
      },
    )
    expect([result.logs.length, result.usage.logsDropped]).toEqual([4, 5])
  })

  it('cannot be taken over by a host function', async () => {
    await refusedOption({ host: { logger: () => 1 } }, 'host.logger')
    await refusedOption({ helpers: { logger: { info: () => 1 } } }, 'helpers.logger')
  })
})

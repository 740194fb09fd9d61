import { afterEach, describe, expect, it } from '@jest/globals'
import type { ToolRuntimeOptions } from 'runlet'
import { Bench, errorOf, RUNTIMES } from './support'

const bench = new Bench()
afterEach(() => bench.endAll())

const LETTERS = 'aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hI6'
/** Made up; each of the form that its issuer uses. */
const SECRETS = {
  jwt: `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.${LETTERS}`,
  aws: 'AKIAIOSFODNN7EXAMPLE',
  github: `ghp_${LETTERS}`,
  slack: `xoxb-123456789012-${LETTERS.slice(0, 24)}`,
  address: 'postgres://ada:hunter22secret@db.example/x',
  database: 'database_url=mysql2-internal-place',
  bearer: `Authorization: Bearer ${LETTERS}`,
  key: `api_key=${LETTERS.slice(0, 20)}`,
  password: 'password: correct-horse-battery',
  sk: `sk-${LETTERS.slice(0, 24)}`,
  token: `token=${LETTERS.slice(4, 24)}`,
  mail: 'ada.lovelace@example.org',
}
/** The part of each that may be shown nowhere. */
const HEARTS = [
  'eyJzdWIiOiIxMjM0NTY3ODkwIn0',
  'AKIAIOSFODNN7EXAMPLE',
  LETTERS.slice(0, 20),
  'hunter22secret',
  'mysql2-internal-place',
  'correct-horse-battery',
  'ada.lovelace',
  LETTERS.slice(4, 24),
]

describe.each(RUNTIMES)('a secret on %s', (type) => {
  const setUp = (options: ToolRuntimeOptions = {}) => {
    const lines: string[] = []
    const keep = (facts: object, message: string) => {
      lines.push(`${JSON.stringify(facts)} ${message}`)
    }
    const logger = { debug: keep, info: keep, warn: keep, error: keep }
    const debug = { enabled: true, logLevel: 'debug' } as const
    const tools = bench.runtime(type, { logger, debug, ...options })
    return { tools, lines }
  }

  it.each(Object.entries(SECRETS))(
    'that looks like one (%s) is in no message and no log',
    async (_, secret) => {
      const { tools, lines } = setUp()
      const message = `it is ${secret} indeed`
      const thrownError = errorOf(await tools.executeTool('throws', { input: { message } }))
      const exited = errorOf(
        await tools.executeTool('exits', { input: { code: 1, stderr: `${message}\n` } }),
      )
      for (const text of [
        JSON.stringify(thrownError),
        thrownError.stack,
        JSON.stringify(exited),
        exited.message,
        lines.join('\n'),
      ]) {
        for (const heart of HEARTS) expect(text).not.toContain(heart)
      }
      expect(lines.join('\n')).toContain('it is')
    },
  )

  it('that is the value of a variable is in no message and no log, wherever it was set', async () => {
    const { tools, lines } = setUp({
      env: { OF_RUNTIME: 'first plain value' },
      tools: {
        throws: { env: { OF_TOOL: 'second plain value' } },
        exits: { env: { OF_TOOL: 'second plain value' } },
      },
    })
    const message = 'first plain value, second plain value, third plain value'
    const env = { OF_CALL: 'third plain value' }
    const thrownError = errorOf(await tools.executeTool('throws', { input: { message }, env }))
    const exited = errorOf(
      await tools.executeTool('exits', { input: { code: 1, stderr: message }, env }),
    )
    for (const text of [
      JSON.stringify(thrownError),
      thrownError.stack,
      JSON.stringify(exited),
      exited.message,
      lines.join('\n'),
    ]) {
      expect(text).not.toMatch(/(first|second|third) plain value/)
    }
  })

  it('cut by the end of what is shown is not shown in part', async () => {
    const { tools } = setUp()
    const env = { OF_CALL: 'a-long-value-'.repeat(200) }
    const stderr = `${env.OF_CALL} and the last words`
    const error = errorOf(await tools.executeTool('exits', { input: { code: 1, stderr }, env }))
    expect(error.message).toContain('the last words')
    expect(error.message).not.toContain('long-value')
  })

  it('is shown where that was asked for', async () => {
    const { tools, lines } = setUp({ redact: false })
    const stderr = `it is ${SECRETS.aws}\n`
    const error = errorOf(await tools.executeTool('exits', { input: { code: 1, stderr } }))
    expect(error.message).toContain(SECRETS.aws)
    expect(lines.join('\n')).toContain(SECRETS.aws)
  })

  it('stays in results, in logs of the result and in what onLog gets: those are the caller’s', async () => {
    const { tools } = setUp()
    let text = ''
    const result = await tools.executeTool('prints', {
      input: { stderr: `${SECRETS.aws}\n` },
      onLog: (entry) => {
        text += entry.text
      },
    })
    expect(result.logs.stderr).toBe(`${SECRETS.aws}\n`)
    expect(text).toBe(`${SECRETS.aws}\n`)
  })

  it('in a long line is hidden before the line is cut to 256 characters', async () => {
    const { tools, lines } = setUp()
    const stderr = `${'x'.repeat(245)} ${SECRETS.aws}\n`
    await tools.executeTool('prints', { input: { stderr } })
    const line = lines.find((each) => each.includes('xxxx')) ?? ''
    expect(line).not.toContain('AKIA')
    expect(line.length).toBeLessThan(400)
  })
})

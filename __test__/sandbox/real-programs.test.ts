import { cpSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { programOf } from '../tool/plain-peer'
import {
  confined,
  GRANTED,
  type Ground,
  HANG_MS,
  identities,
  onGround,
  others,
  RUNTIMES,
} from './attack/arena'
import { withListeners } from './attack/listeners'

const FIXTURE = '../../fixtures/real-programs.mjs'
const HOST = '127.0.0.2'

/** Packages as an installation leaves them. */
function install({ root }: Ground): void {
  cpSync(join(__dirname, '../../node_modules/zod'), join(root, 'node_modules/zod'), {
    recursive: true,
  })
  mkdirSync(join(root, 'node_modules/tiny'))
  writeFileSync(
    join(root, 'node_modules/tiny/index.mjs'),
    'export const sum = (one, other) => one + other\n',
  )
}

const WORK: { tool: string; expected: unknown }[] = [
  {
    tool: 'files',
    expected: {
      text: 'text and',
      names: ['c.txt', 'd.txt', 'e.txt', 'er', 'er/a.txt', 'er/b.txt'],
      left: ['own.txt', 'planted.txt'],
    },
  },
  { tool: 'much', expected: { same: true, megabytes: 50 } },
  { tool: 'workers', expected: [1, 4, 9, 16] },
  {
    tool: 'secrets',
    expected: { key: 32, verified: true, digest: '982d9e3e', uuid: 36 },
  },
  {
    tool: 'machine',
    expected: {
      added: 5,
      cores: true,
      memory: true,
      zone: '21',
      platform: 'linux',
      uptime: true,
    },
  },
]

/** What a call returned; a list or a text stands in `value`. */
function plain(output: unknown): unknown {
  const { value } = output as { value?: unknown }
  return value ?? output
}

describe.each(RUNTIMES)('on %s, inside the sandbox', (runtimeType) => {
  describe.each(identities())('as $name', (identity) => {
    it.each(WORK)(
      'ordinary work is done: $tool',
      async ({ tool, expected }) => {
        await onGround(
          FIXTURE,
          async (ground) => {
            const output = await confined(runtimeType, ground, tool, { identity })
            expect(plain(output)).toEqual(expected)
          },
          identity,
        )
      },
      HANG_MS,
    )

    it(
      'files are copied with their modes',
      async () => {
        await onGround(
          FIXTURE,
          async (ground) => {
            const outcomes = await confined(runtimeType, ground, 'copies', { identity })
            expect(others(outcomes, 'done')).toEqual({})
          },
          identity,
        )
      },
      HANG_MS,
    )

    it(
      'packages of the project are imported',
      async () => {
        await onGround(
          FIXTURE,
          async (ground) => {
            install(ground)
            expect(await confined(runtimeType, ground, 'packages', { identity })).toEqual({
              parsed: { name: 'a', age: 7 },
              refused: false,
              sum: 5,
            })
          },
          identity,
        )
      },
      HANG_MS,
    )

    it(
      'an allowed server is reached by every client',
      async () => {
        await withListeners([HOST], async ([server]) => {
          if (server === undefined) throw new Error('no server')
          await onGround(
            FIXTURE,
            async (ground) => {
              const permissions = [...GRANTED, `--allow-net=${HOST}:${server.port}`]
              const input = { host: HOST, port: server.port }
              const options = { identity, permissions, input }
              expect(await confined(runtimeType, ground, 'network', options)).toEqual({
                fetched: 'hello',
                got: 'hello',
                connected: 'hello',
                many: true,
              })
              expect(server.connections).toBeGreaterThanOrEqual(4)
            },
            identity,
          )
        })
      },
      HANG_MS,
    )

    it(
      'a granted program runs',
      async () => {
        await onGround(
          FIXTURE,
          async (ground) => {
            const bun = realpathSync(programOf('bun'))
            const permissions = [...GRANTED, `--allow-run=${bun}`]
            const options = { identity, permissions, input: { bun } }
            expect(plain(await confined(runtimeType, ground, 'bundle', options))).toBe(true)
          },
          identity,
        )
      },
      HANG_MS,
    )
  })
})

describe('on bun, inside the sandbox', () => {
  it.each(identities())(
    'a database in an allowed folder works, as $name',
    async (identity) => {
      await onGround(
        FIXTURE,
        async (ground) => {
          const output = await confined('bun', ground, 'database', { identity })
          expect(output).toEqual({ count: 1000, text: 'row 499' })
        },
        identity,
      )
    },
    HANG_MS,
  )
})

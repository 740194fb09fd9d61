/** `get`: one runtime for each scope, and nothing started by it. */

import { existsSync } from 'node:fs'
import type { RuntimeStatus } from '../../../index.js'
import { OPERATIONS } from '../../workspace/events'
import type { Case } from '../case'
import { holds, ranWell, same } from '../check'

export const GET_CASES: readonly Case[] = [
  {
    name: 'get/runtime',
    about:
      'get is synchronous and gives a runtime with a name, the root of its scope and operations',
    needs: ['provider'],
    async run({ fresh }) {
      const { ops, scope } = fresh()
      holds('get gives a promise', typeof Reflect.get(ops, 'then') !== 'function')
      holds('the runtime has no name', typeof ops.name === 'string' && ops.name !== '')
      same('root of the runtime', ops.root, scope.root)
      const odd = OPERATIONS.filter(
        (name) => ops[name] !== undefined && typeof ops[name] !== 'function',
      )
      same('operations that are no functions', odd, [])
    },
  },
  {
    name: 'get/one-for-each-path',
    about: 'the same path gives the same runtime, whatever else its scope says',
    needs: ['provider'],
    async run({ fresh, provider }) {
      const { ops, scope } = fresh()
      const again = provider.get({ ...scope, key: `${scope.key} under another key` })
      holds('get gives another runtime for the same path', again === ops)
      holds('get gives one runtime for two paths', fresh().ops !== ops)
    },
  },
  {
    name: 'get/starts-nothing',
    about: 'nothing is started before the first operation',
    needs: ['provider', 'status'],
    async run({ fresh, provider }) {
      const { scope } = fresh()
      const states = ((await provider.status?.(scope)) ?? []).map(
        ({ state }: RuntimeStatus) => state,
      )
      const started = states.filter((state) => state !== 'stopped')
      same('states before the first operation', started, [])
    },
  },
  {
    name: 'get/makes-its-folder',
    about: 'the folder of a scope is made by its first operation',
    needs: ['provider', 'local', 'write'],
    async run({ fresh }) {
      const { ops, scope } = fresh()
      await ops.write({ path: 'first.txt', content: 'first' })
      holds('the folder of the scope is not there', existsSync(`${scope.root}/first.txt`))
    },
  },
  {
    name: 'get/makes-its-folder-for-bash',
    about: 'the folder of a scope is made by its first command',
    needs: ['provider', 'bash'],
    async run({ fresh }) {
      const { ops } = fresh()
      ranWell('the first command of a scope', await ops.bash({ command: 'echo x > first.txt' }))
    },
  },
  {
    name: 'get/scopes-apart',
    about: 'what one scope writes is not in another',
    needs: ['provider', 'find', 'write'],
    async run({ fresh }) {
      const [one, other] = [fresh(), fresh()]
      await one.ops.write({ path: 'mine.txt', content: 'mine' })
      await other.ops.write({ path: 'yours.txt', content: 'yours' })
      same('files of a scope', (await other.ops.find({ pattern: '*.txt' })).paths, ['yours.txt'])
    },
  },
]

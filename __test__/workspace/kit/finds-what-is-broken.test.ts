import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import type { BashInput, BashResult, RuntimeProvider } from 'runlet'
import { caseNames } from 'runlet/testing'
import { everyPid } from '../../tool/attack/arena'
import { builtIn, changed, failedOf, namesIn, retold, warm } from './support'

/** Only a hang takes longer. */
const MINUTES = 240_000

const hostBash = () => builtIn({ name: 'host-bash', maxConcurrentPerChat: 8 })

/** A command as it is run by those who think that a process is all there is to end. */
function plainly(root: string, { command, timeoutMs = 60_000, signal }: BashInput) {
  mkdirSync(root, { recursive: true })
  return new Promise<BashResult>((resolve) => {
    const aborted = { code: 130, out: '', err: 'Command cancelled', ms: 0 }
    if (signal?.aborted) {
      resolve(aborted)
      return
    }
    const child = spawn('bash', ['-c', command], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, err] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString()
    })
    const end = (code: number, text: string) => {
      child.kill('SIGKILL')
      child.stdout.destroy()
      child.stderr.destroy()
      resolve({ code, out, err: err + text, ms: 1 })
    }
    const timer = setTimeout(() => end(124, '\nCommand timed out'), timeoutMs)
    signal?.addEventListener('abort', () => end(130, '\nCommand cancelled'))
    child.on('close', (code, name) => {
      clearTimeout(timer)
      resolve({ code: code ?? (name === 'SIGTERM' ? 143 : 137), out, err, ms: 1 })
    })
  })
}

/** Ends what a provider like that left behind. */
function endAllIn(folder: string): void {
  for (const pid of everyPid()) {
    try {
      if (readlinkSync(`/proc/${pid}/cwd`).startsWith(folder + sep)) process.kill(pid, 'SIGKILL')
    } catch {
      // Ended meanwhile, or another user's.
    }
  }
}

describe('the kit is red on a provider', () => {
  it(
    'whose edit takes a text for a pattern',
    async () => {
      const provider = changed(hostBash(), (inner) => ({
        async edit({ path, oldText, newText, replaceAll }) {
          const { text } = (await inner.read?.({ path })) ?? { text: '' }
          const count = text.split(oldText).length - 1
          if (count === 0 || oldText === '') throw new Error(`text not found in ${path}`)
          if (count > 1 && !replaceAll) throw new Error(`text is not unique in ${path}`)
          const content = replaceAll
            ? text.replaceAll(oldText, newText)
            : text.replace(oldText, newText)
          await inner.write?.({ path, content })
          return { path, replacements: count }
        },
      }))
      const only = namesIn(caseNames(), 'get', 'read', 'write', 'edit', 'escape')
      expect(await failedOf(provider, { only })).toEqual([
        'edit/at-once',
        'edit/line-ends',
        'edit/literal-new-text',
        'read/codes',
      ])
    },
    MINUTES,
  )

  it(
    'that ends a process and not what it started',
    async () => {
      let folder = ''
      const inner = hostBash()
      const provider = changed(inner, (_, { root }) => {
        folder = root.slice(0, root.indexOf(`${sep}scopes${sep}`))
        return { bash: (input) => plainly(root, input) }
      })
      provider.close = async () => {
        endAllIn(folder)
        await inner.close?.()
      }
      const only = namesIn(caseNames(), 'bash', 'timeout', 'end', 'abort', 'edit')
      expect(await failedOf(provider, { only, caseTimeoutMs: 30_000 })).toEqual([
        'abort/while-running',
        'bash/long-command',
        'end/leaves-nothing',
        'end/waits-for-no-output',
        'timeout/leaves-nothing',
      ])
    },
    MINUTES,
  )

  it(
    'that follows links out of the workspace',
    async () => {
      const provider = changed(hostBash(), (_, { root }) => ({
        async read({ path }) {
          if (path.includes('\0')) throw new Error('path contains null byte')
          const full = resolve(root, path.replace(/^\/+/, ''))
          if (!`${full}/`.startsWith(`${root}/`)) {
            throw new Error(`path escapes runtime root: ${path}`)
          }
          try {
            const text = readFileSync(full, 'utf8')
            return { text, path, lines: text.split(/\r?\n/).length }
          } catch {
            throw new Error(`path does not exist: ${path}`)
          }
        },
      }))
      const only = namesIn(caseNames(), 'escape', 'write')
      expect(await failedOf(provider, { only })).toEqual([
        'escape/link-chain',
        'escape/link-to-file',
        'escape/link-to-folder',
        'escape/process-root',
      ])
    },
    MINUTES,
  )

  it(
    'that does not hear an abort',
    async () => {
      const provider = changed(hostBash(), ({ bash }) => ({
        bash: ({ signal: _, ...input }) => bash?.(input) as Promise<BashResult>,
      }))
      const only = [
        ...namesIn(caseNames(), 'bash', 'timeout', 'queue', 'error'),
        'abort/before-start',
        'abort/while-running',
      ]
      expect(await failedOf(provider, { only, caseTimeoutMs: 10_000 })).toEqual([
        'abort/before-start',
        'abort/while-running',
        'error/names-the-ending',
      ])
    },
    MINUTES,
  )

  const eventCases = namesIn(caseNames(), 'events', 'stop', 'status', 'get')

  it.each([
    [
      'tells of no event',
      () => [],
      ['events/facts', 'events/first-and-later', 'events/shared-start', 'events/stop'],
    ],
    [
      'tells of events that did not happen',
      (kind: string) => (kind === 'starting' ? ['reuse', 'starting'] : [kind]),
      ['events/first-and-later', 'events/shared-start', 'events/stop'],
    ],
    [
      'does not tell of the end',
      (kind: string) => (kind === 'stop' ? [] : [kind]),
      ['events/stop'],
    ],
  ])(
    'that %s',
    async (_, change, expected) => {
      const provider = changed(warm(), ({ bash }) => ({
        bash: ({ runtimeEvents, ...input }) =>
          bash?.({ ...input, runtimeEvents: retold(runtimeEvents, change) }) as Promise<BashResult>,
      }))
      expect(await failedOf(provider, { only: eventCases })).toEqual(expected)
    },
    MINUTES,
  )

  it(
    'that gives one runtime to all scopes',
    async () => {
      const inner = hostBash()
      const provider: RuntimeProvider = {
        ...inner,
        get: (scope) => inner.get({ ...scope, path: 'one', root: join(scope.root, '..', 'one') }),
      }
      const only = [...namesIn(caseNames(), 'get'), 'status/one-scope']
      expect(await failedOf(provider, { only })).toEqual([
        'get/one-for-each-path',
        'get/runtime',
        'get/scopes-apart',
        'status/one-scope',
      ])
    },
    MINUTES,
  )

  it(
    'whose errors name folders of the host',
    async () => {
      const provider = changed(hostBash(), (inner, { root }) => ({
        async read(input) {
          try {
            return (await inner.read?.(input)) as never
          } catch {
            throw new Error(`ENOENT: no such file or directory, open '${root}/${input.path}'`)
          }
        },
      }))
      const only = ['read/result', 'read/missing', 'escape/endless-name']
      expect(await failedOf(provider, { only })).toEqual(['escape/endless-name', 'read/missing'])
    },
    MINUTES,
  )
})

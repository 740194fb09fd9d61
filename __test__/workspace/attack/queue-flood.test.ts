import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { createRuntime, Queue, type Runtime } from 'runlet'
import { inWorkspace, refusal } from '../support'

const CHATS = 40
const JOBS = 25

/** A runtime whose operations all take a while, and that counts them. */
function counting() {
  const told = { active: 0, most: 0, mostOfOne: 0, done: 0 }
  const ofChat = new Map<string, number>()
  const order = new Map<string, number[]>()
  const work = async (input: { chat?: string | undefined; id?: number }) => {
    const { chat = '', id = 0 } = input
    told.active++
    ofChat.set(chat, (ofChat.get(chat) ?? 0) + 1)
    told.most = Math.max(told.most, told.active)
    told.mostOfOne = Math.max(told.mostOfOne, ofChat.get(chat) ?? 0)
    order.set(chat, [...(order.get(chat) ?? []), id])
    await sleep(id % 3)
    told.active--
    told.done++
    ofChat.set(chat, (ofChat.get(chat) ?? 0) - 1)
    return {} as never
  }
  const runtime: Runtime = {
    name: 'counting',
    root: '/nowhere',
    bash: work,
    read: work,
    write: work,
    edit: work,
    grep: work,
    find: work,
    ls: work,
  }
  return { told, order, provider: { get: () => runtime } }
}

describe('many chats at once', () => {
  it('have twelve operations under way, one of each chat, in the order of their calls', async () => {
    const { told, order, provider } = counting()
    const runtime = createRuntime({ root: '/nowhere', provider })
    const operations = ['bash', 'read', 'write', 'edit', 'grep', 'find', 'ls'] as const
    const calls: Promise<unknown>[] = []
    for (let id = 0; id < JOBS; id++) {
      for (let chat = 0; chat < CHATS; chat++) {
        const call = runtime[operations[(id + chat) % 7] ?? 'bash'] as (
          i: object,
        ) => Promise<unknown>
        calls.push(call({ chat: `${chat}`, id, command: '' }))
      }
    }
    await Promise.all(calls)
    expect(told).toEqual({ active: 0, most: 12, mostOfOne: 1, done: CHATS * JOBS })
    for (const ids of order.values())
      expect(ids).toEqual(Array.from({ length: JOBS }, (_, at) => at))
    await runtime.close()
  })

  it('wait, a thousand of them; the next is told so at once', async () => {
    const queue = new Queue()
    let open: (() => void) | undefined
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const all: Promise<unknown>[] = []
    const abort = new AbortController()
    for (let job = 0; job < 12 + 999; job++) all.push(queue.submit(`${job}`, () => gate))
    const left = queue
      .submit('left', () => gate, abort.signal)
      .catch((error: Error) => error.message)
    expect([queue.active, queue.queued]).toEqual([12, 1_000])
    const error = await refusal(() => queue.submit('late', () => gate))
    expect([error.code, error.retryable]).toEqual(['OVERLOADED', true])
    abort.abort()
    expect(await left).toBe('cancelled')
    all.push(queue.submit('late', () => gate))
    expect(queue.queued).toBe(1_000)
    open?.()
    await Promise.all(all)
    expect([queue.active, queue.queued]).toEqual([0, 0])
  })
})

describe('a command that calls its own runtime', () => {
  it('does not wait for itself by the runtime that it was given', async () => {
    const justBash = {
      customCommands: [
        {
          name: 'count-files',
          execute: async (_: unknown, context: { runtime: Runtime }) => {
            const found = await context.runtime.find?.({})
            return { stdout: `${found?.paths.length}\n`, stderr: '', exitCode: 0 }
          },
        },
      ],
    }
    await inWorkspace({ name: 'just-bash', justBash: justBash as never }, async ({ runtime }) => {
      const { out, err } = await runtime.bash({
        command: 'touch a b; count-files',
        timeoutMs: 5_000,
      })
      expect([out, err]).toEqual(['2\n', ''])
    })
  })

  it('is told of its chat where it uses the outer one', async () => {
    let outer: Runtime | undefined
    const provider = {
      get: () => ({
        name: 'nested',
        root: '/nowhere',
        bash: async ({ command }: { command: string }) => {
          if (command === 'inner') return { code: 0, out: '', err: '', ms: 0 }
          await outer?.bash?.({ command: 'inner' })
          return { code: 0, out: '', err: '', ms: 0 }
        },
      }),
    }
    outer = createRuntime({ root: '/nowhere', provider, queueTimeoutMs: 100 })
    const error = await refusal(() => outer?.bash?.({ command: 'outer' }))
    expect([error.code, error.details?.chat]).toEqual(['OVERLOADED', 'app'])
    expect(error.message).toContain('"app"')
  })
})

import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import { Queue, type QueueLease, type QueueOptions, ScopedRuntimeRegistry } from 'runlet'
import { freshFolder, inWorkspace, Listener, refusal } from './support'

/** A job that ends when it is told to. */
class Job {
  started = false
  finish: () => void = () => {}
  readonly ended = new Promise<void>((resolve) => {
    this.finish = resolve
  })
  readonly run = async () => {
    this.started = true
    await this.ended
  }
}

const settled = () => sleep(0)

describe('a queue', () => {
  it('lets so many run at once, and of a chat one, in the order of its calls', async () => {
    const queue = new Queue()
    let [most, active] = [0, 0]
    const chats = new Map<string, number>()
    const seen = new Map<string, number[]>()
    const jobs: Promise<unknown>[] = []
    for (let job = 0; job < 25; job++) {
      for (let number = 0; number < 40; number++) {
        const chat = `chat ${number}`
        const work = async () => {
          most = Math.max(most, ++active)
          const mine = (chats.get(chat) ?? 0) + 1
          chats.set(chat, mine)
          expect(mine).toBe(1)
          seen.set(chat, [...(seen.get(chat) ?? []), job])
          await sleep(Math.random() * 3)
          chats.set(chat, mine - 1)
          active--
        }
        jobs.push(queue.submit(chat, work))
      }
    }
    expect([queue.active, queue.queued]).toEqual([12, 988])
    await Promise.all(jobs)
    expect(most).toBe(12)
    const order = Array.from({ length: 25 }, (_, job) => job)
    for (const jobsOfChat of seen.values()) expect(jobsOfChat).toEqual(order)
    expect([seen.size, queue.active, queue.queued]).toEqual([40, 0, 0])
  })

  it('passes over a chat that is busy', async () => {
    const queue = new Queue({ maxConcurrent: 2 })
    const [slow, behind, other] = [new Job(), new Job(), new Job()]
    const ends = [queue.submit('a', slow.run), queue.submit('a', behind.run)]
    ends.push(queue.submit('b', other.run))
    expect([slow.started, behind.started, other.started]).toEqual([true, false, true])
    expect(queue.chat('a')).toEqual({ active: 1, queued: 1 })
    other.finish()
    slow.finish()
    await settled()
    expect(behind.started).toBe(true)
    behind.finish()
    await Promise.all(ends)
  })

  it('says how long a job waited, and what it came to', async () => {
    const queue = new Queue({ maxConcurrent: 1 })
    const slow = queue.submit('a', () => sleep(60, 'first'))
    const late = queue.submit('b', () => 'second')
    expect(await slow).toMatchObject({ result: 'first' })
    const { result, waitMs } = await late
    expect(result).toBe('second')
    expect(waitMs).toBeGreaterThan(30)
    const failure = queue.submit('b', () => {
      throw new TypeError('of the job')
    })
    await expect(failure).rejects.toThrow(new TypeError('of the job'))
    expect([queue.active, queue.queued]).toEqual([0, 0])
  })

  it('says that what started at once did not wait', async () => {
    const { waitMs } = await new Queue().submit('a', () => 1)
    expect(waitMs).toBe(0)
  })

  it('forgets a job that is aborted while it waits', async () => {
    const queue = new Queue({ maxConcurrent: 1 })
    const [first, third] = [new Job(), new Job()]
    const abort = new AbortController()
    const running = queue.submit('a', first.run)
    let ran = false
    const waiting = queue.submit(
      'b',
      () => {
        ran = true
      },
      abort.signal,
    )
    const last = queue.submit('b', third.run)
    abort.abort()
    const error = await refusal(() => waiting)
    expect([error.code, error.message, queue.queued]).toEqual(['CANCELLED', 'cancelled', 1])
    first.finish()
    await running
    expect([ran, third.started]).toEqual([false, true])
    third.finish()
    await last
    const early = await refusal(() => queue.submit('b', () => {}, AbortSignal.abort()))
    expect(early.code).toBe('CANCELLED')
  })

  it('refuses more than may wait, at once', async () => {
    const queue = new Queue({ maxConcurrent: 1, maxQueued: 3, maxQueuedPerChat: 2 })
    const first = new Job()
    const jobs = [queue.submit('a', first.run)]
    jobs.push(queue.submit('b', () => {}))
    jobs.push(queue.submit('b', () => {}))
    const ofChat = await refusal(() => queue.submit('b', () => {}))
    expect([ofChat.code, ofChat.retryable]).toEqual(['OVERLOADED', true])
    expect(ofChat.details).toEqual({ chat: 'b', limit: 2 })
    jobs.push(queue.submit('c', () => {}))
    const ofAll = await refusal(() => queue.submit('d', () => {}))
    expect(ofAll.details).toEqual({ chat: 'd', limit: 3 })
    first.finish()
    await Promise.all(jobs)
    await queue.submit('d', () => {})
    const none = new Queue({ maxQueued: 0 })
    await none.submit('a', () => {})
  })

  it('gives up on a job that waits too long, and names its chat', async () => {
    const queue = new Queue({ queueTimeoutMs: 50 })
    // A job that waits for one of its own chat waits for itself.
    const outer = queue.submit('chat 7', () => queue.submit('chat 7', () => 'inner'))
    const error = await refusal(() => outer)
    expect([error.code, error.retryable]).toEqual(['OVERLOADED', true])
    expect(error.message).toContain('"chat 7"')
    expect(error.details).toEqual({ chat: 'chat 7', queueTimeoutMs: 50 })
    expect([queue.active, queue.queued]).toEqual([0, 0])
  })

  it('lets others run while a job waits for a person', async () => {
    const queue = new Queue({ maxConcurrent: 1 })
    const person = new Job()
    const [other, same] = [new Job(), new Job()]
    let after = false
    const asking = queue.submit('a', async (lease) => {
      await lease.aside(person.run)
      after = true
    })
    const ends = [asking, queue.submit('a', same.run), queue.submit('b', other.run)]
    await settled()
    expect([other.started, same.started]).toEqual([true, false])
    person.finish()
    await settled()
    expect(after).toBe(false)
    other.finish()
    await settled()
    expect([after, same.started]).toEqual([true, true])
    same.finish()
    await Promise.all(ends)
    expect([queue.active, queue.queued]).toEqual([0, 0])
  })

  it('has room again after a job that did not wait for its person', async () => {
    const queue = new Queue({ maxConcurrent: 1 })
    const person = new Job()
    let later: Promise<void> | undefined
    await queue.submit('a', (lease) => {
      later = lease.aside(person.run)
    })
    person.finish()
    await later
    expect(await queue.submit('b', () => 'ran')).toMatchObject({ result: 'ran' })
    expect(queue.active).toBe(0)
  })

  it('lets the next of a scope run where the one before it left', async () => {
    const queue = new Queue({ maxConcurrent: 1, maxPerScope: 1 })
    const [personA, personG, back] = [new Job(), new Job(), new Job()]
    const [b, d, e] = [new Job(), new Job(), new Job()]
    const abort = new AbortController()
    const asks = (person: Job, after?: Job) => async (lease: QueueLease) => {
      await lease.aside(person.run)
      await after?.run()
    }
    const a = queue.submit('a', asks(personA), undefined, 's')
    const g = queue.submit('g', asks(personG, back), undefined, 'u')
    const ends = [a, g, queue.submit('b', b.run, undefined, 't')]
    // The place is taken, then the scope: both c and d wait for the latter once b has ended.
    const c = queue.submit('c', () => {}, abort.signal, 's')
    ends.push(queue.submit('d', d.run, undefined, 's'))
    b.finish()
    await settled()
    ends.push(queue.submit('e', e.run, undefined, 't'))
    personA.finish()
    personG.finish()
    await settled()
    e.finish()
    await a
    await settled()
    // It is the turn of c, but for the place, which g has back.
    expect([back.started, d.started, queue.queued]).toEqual([true, false, 2])
    abort.abort()
    expect((await refusal(() => c)).code).toBe('CANCELLED')
    back.finish()
    await settled()
    expect(d.started).toBe(true)
    d.finish()
    await Promise.all(ends)
  })

  it('refuses options that are none', async () => {
    for (const options of [{ maxConcurrent: 0 }, { maxPerChat: 1.5 }, { other: 1 }]) {
      const error = await refusal(() => new Queue(options as QueueOptions))
      expect(error.code).toBe('INVALID_ARGUMENT')
    }
  })
})

/** What a queue must do, written down without a thought for speed. */
class Model {
  readonly waiting: { id: number; chat: string; scope: string }[] = []
  readonly running = new Map<number, { chat: string; scope: string }>()
  readonly #limits: { all: number; chat: number; scope: number }

  constructor(limits: { all: number; chat: number; scope: number }) {
    this.#limits = limits
  }

  #count(of: 'chat' | 'scope', name: string): number {
    return [...this.running.values()].filter((job) => job[of] === name).length
  }

  /** Starts what may start: the oldest of a chat, the oldest chat first. */
  step(): void {
    for (;;) {
      if (this.running.size >= this.#limits.all) return
      const passed = new Set<string>()
      const at = this.waiting.findIndex(({ chat, scope }) => {
        const first = !passed.has(chat)
        passed.add(chat)
        const free = this.#count('chat', chat) < this.#limits.chat
        return first && free && this.#count('scope', scope) < this.#limits.scope
      })
      const [job] = at < 0 ? [] : this.waiting.splice(at, 1)
      if (job === undefined) return
      this.running.set(job.id, job)
    }
  }
}

describe('a queue under any order of calls', () => {
  /** The same numbers each time, so that a failure can be repeated. */
  function randomOf(seed: number): (below: number) => number {
    let state = seed
    return (below) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
  }

  it.each(Array.from({ length: 60 }, (_, seed) => seed + 1))(
    'is as its model: %d',
    async (seed) => {
      const random = randomOf(seed)
      const limits = { all: 1 + random(5), chat: 1 + random(2), scope: 1 + random(4) }
      const queue = new Queue({
        maxConcurrent: limits.all,
        maxPerChat: limits.chat,
        maxPerScope: limits.scope,
      })
      const model = new Model(limits)
      const jobs = new Map<number, Job>()
      const aborts = new Map<number, AbortController>()
      const ends: Promise<unknown>[] = []
      for (let id = 0; id < 150; id++) {
        const choice = random(10)
        const started = [...model.running.keys()]
        const waiting = model.waiting.map((job) => job.id)
        if (choice < 5 || (started.length === 0 && waiting.length === 0)) {
          const [chat, scope] = [`c${random(6)}`, `s${random(3)}`]
          const [job, abort] = [new Job(), new AbortController()]
          jobs.set(id, job)
          aborts.set(id, abort)
          model.waiting.push({ id, chat, scope })
          ends.push(queue.submit(chat, job.run, abort.signal, scope).catch(() => {}))
        } else if (choice < 8 && started.length > 0) {
          const done = started[random(started.length)] ?? -1
          model.running.delete(done)
          jobs.get(done)?.finish()
        } else if (waiting.length > 0) {
          const gone = waiting[random(waiting.length)] ?? -1
          model.waiting.splice(
            model.waiting.findIndex((job) => job.id === gone),
            1,
          )
          aborts.get(gone)?.abort()
        }
        model.step()
        await settled()
        const running = [...jobs].filter(([, job]) => job.started).map(([number]) => number)
        for (const number of model.running.keys()) expect(running).toContain(number)
        expect([queue.active, queue.queued]).toEqual([model.running.size, model.waiting.length])
      }
      while (model.running.size > 0) {
        for (const id of model.running.keys()) jobs.get(id)?.finish()
        model.running.clear()
        model.step()
        await settled()
      }
      await Promise.all(ends)
      expect([queue.active, queue.queued]).toEqual([0, 0])
    },
  )
})

describe('a runtime', () => {
  it('counts every operation', async () => {
    await inWorkspace({ name: 'host-bash', maxConcurrent: 1 }, async ({ runtime }) => {
      const slow = runtime.bash({ command: 'sleep 0.3', chat: 'a' })
      const others = [
        runtime.bash({ command: 'echo later', chat: 'b' }),
        runtime.ls({ chat: 'c' }).catch(() => undefined),
        runtime.find({ chat: 'd' }).catch(() => undefined),
      ]
      const [status] = await runtime.status()
      expect([status?.active, status?.queued]).toEqual([1, 3])
      await slow
      const [later] = await Promise.all(others)
      expect(later).toMatchObject({ out: 'later\n', waitMs: expect.any(Number) })
    })
  })

  it('gives a command that is aborted while it waits the code 130', async () => {
    await inWorkspace({ name: 'host-bash' }, async ({ runtime, has }) => {
      const abort = new AbortController()
      const slow = runtime.bash({ command: 'sleep 0.3' })
      const waiting = runtime.bash({ command: 'touch ran', signal: abort.signal })
      const listing = refusal(() => runtime.ls({ signal: abort.signal }))
      abort.abort()
      expect(await waiting).toMatchObject({ code: 130, err: 'Command cancelled', ms: 0 })
      expect((await listing).code).toBe('CANCELLED')
      await slow
      expect(has('ran')).toBe(false)
    })
  })

  it('shares its queue with the others of a registry', async () => {
    const root = freshFolder()
    const registry = new ScopedRuntimeRegistry(
      {
        root,
        name: 'host-bash',
        maxConcurrent: 2,
        maxConcurrentPerChat: 5,
        logger: new Listener(),
      },
      { app: __dirname },
    )
    const one = registry.getPath('channel/a/one')
    const two = registry.getPath('channel/a/two')
    const jobs = [one, two, one, two].map((runtime) => runtime.bash?.({ command: 'sleep 0.2' }))
    const [first] = await one.status()
    const [second] = await two.status()
    expect([first?.active, first?.queued]).toEqual([1, 1])
    expect([second?.active, second?.queued]).toEqual([1, 1])
    await Promise.all(jobs)
    await registry.close()
    expect((await refusal(() => registry.getPath('x'))).code).toBe('DISPOSED')
  })
})

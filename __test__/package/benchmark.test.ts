import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from '@jest/globals'
import { tableBelow } from './documents'
import { read, root } from './repository'

// The benchmark is no part of the package and its peers are not installed here: what is tested is
// that its rows work for runlet itself, and what it makes of figures. Never how fast anything is.

const at = (path: string) => JSON.stringify(pathToFileURL(join(root, 'bench', path)).href)

/** Runs a program on Node that has the benchmark's modules at hand, and gives what it prints. */
function ask(modules: Record<string, string>, program: string): unknown {
  const imports = Object.entries(modules).map(
    ([name, path]) => `import * as ${name} from ${at(path)}`,
  )
  const text = [...imports, `process.stdout.write(JSON.stringify(${program}))`].join('\n')
  // By standard input: a whole page of figures is too long for an argument.
  const node = spawnSync('node', ['--input-type=module', '-'], {
    cwd: root,
    encoding: 'utf8',
    input: text,
  })
  expect(node.stderr).toBe('')
  return JSON.parse(node.stdout)
}

interface Workload {
  id: string
  kind: string
  modes: string[]
  targets: { name: string; sense: string; unit: string; bound: number }[]
}

const workloads = ask(
  { all: 'lib/workloads.mjs' },
  'all.workloads.map(({ id, kind, modes, targets = [] }) => ({ id, kind, modes, targets }))',
) as Workload[]

describe('rows of the benchmark', () => {
  it('have names of their own', () => {
    const ids = workloads.map(({ id }) => id)
    expect(ids).toEqual([...new Set(ids)])
  })

  it('are those that docs/benchmarks.md lists, and have a target where it names one', () => {
    const listed = tableBelow('docs/benchmarks.md', 'Rows').flatMap(([names = '', , target = '']) =>
      names.split(', ').map((name) => [name.replaceAll('`', ''), target] as const),
    )
    const known = workloads.map(({ id }) => id)
    expect(listed.map(([name]) => name).sort()).toEqual([...known].sort())
    const plain = listed.filter(([, target]) => target.startsWith('none')).map(([name]) => name)
    const held = workloads.filter(({ targets }) => targets.length > 0).map(({ id }) => id)
    expect(held.filter((id) => plain.includes(id))).toEqual([])
  })
})

/** One cell with runlet in it, as the benchmark starts it, with hardly any samples. */
function cell(workload: string, mode: string, effort: object, flags: string[] = []): unknown {
  const orders = JSON.stringify({ task: 'measure', peer: 'runlet', workload, mode, effort })
  return ask(
    { cells: 'lib/spawn-cell.mjs' },
    `await cells.spawnCell(process.execPath, ${JSON.stringify(flags)}, ${orders}, 25_000)`,
  )
}

const few = { samples: 3, budgetMs: 1 }
const time = expect.any(Number)

describe('a cell of the benchmark', () => {
  it('makes the bare round trip', () => {
    expect(cell('round-trip', 'ping', few)).toMatchObject({
      status: 'ok',
      samplesMs: [time, time, time],
    })
  })

  it('takes references in turns with the samples', () => {
    const effort = { samples: 400, budgetMs: 10_000 }
    const { references, ...rest } = cell('cold', 'once', effort) as {
      references: Record<'ping' | 'warm', number[]>
    }
    expect(rest).toMatchObject({ status: 'ok' })
    expect(references.ping.length).toBeGreaterThanOrEqual(50)
    expect(references.warm).toHaveLength(references.ping.length)
  })

  it.each([
    ['json-1k', 'once'],
    ['string-1m', 'native'],
    ['host-sequential', 'once'],
    ['host-parallel', 'once'],
  ])('runs %s', (workload, mode) => {
    expect(cell(workload, mode, few)).toMatchObject({ status: 'ok' })
  })

  it.each(['bytes-1m', 'structured'])('runs %s, or says why it cannot', (workload) => {
    const { status, error } = cell(workload, 'native', few) as { status: string; error?: string }
    if (status !== 'ok')
      expect({ status, error }).toMatchObject({
        status: 'skipped',
        error: expect.stringMatching(/values/),
      })
  })

  it('runs many at once and some by themselves', () => {
    const effort = { inFlight: 64, idleMs: 20, minMs: 1, maxMs: 5000, runs: 64, serialSamples: 3 }
    expect(cell('throughput-warm', 'warm', { ...effort, serialMs: 5000 })).toMatchObject({
      status: 'ok',
      serialMs: [time, time, time],
      idle: { periodMs: 5 },
      heartbeat: { periodMs: 5 },
    })
  })

  it('stops endless loops', () => {
    expect(cell('loops', 'once', { runs: 2, idleMs: 20 })).toMatchObject({ runs: 2, stopped: 2 })
  })

  it('looks at memory while runs wait', () => {
    const effort = { parkedRuns: 20, settleMs: 3 }
    expect(cell('memory', 'once', effort, ['--expose-gc'])).toMatchObject({
      status: 'ok',
      idle: { count: expect.any(Number), rss: time },
      parked: { count: 20, rss: time },
    })
  })

  it('fails when a value is not what it must be', () => {
    const wrong = ask(
      { measure: 'lib/measure.mjs' },
      `await measure.serial({
        run: async () => 1,
        job: { source: '', input: () => null, check: () => 'expected 2' },
        mode: 'warm', effort: { samples: 1, budgetMs: 1 }, references: [],
      }).then(() => 'passed', (error) => error.message)`,
    )
    expect(wrong).toBe('wrong value: expected 2, got 1')
  })
})

interface Judged {
  met?: boolean
  value?: number
  reason?: string
}

/** What becomes of a workload's targets with these rows. */
function judge(id: string, rows: object[]): Judged[] {
  const peers = [
    { id: 'runlet', name: 'runlet', boundary: 'own heap', engine: 'quickjs' },
    { id: 'quickjs-wasi', name: 'quickjs-wasi', boundary: 'WASM', engine: 'quickjs' },
    { id: 'node-vm', name: 'node:vm', boundary: null, engine: 'v8' },
  ]
  return ask(
    { targets: 'lib/targets.mjs', all: 'lib/workloads.mjs' },
    `targets.judgeTargets(all.workloadById('${id}'), ${JSON.stringify(rows)}, ${JSON.stringify(peers)})`,
  ) as Judged[]
}

const row = (peer: string, median: number, more: object = {}) => ({
  peer,
  mode: 'once',
  status: 'ok',
  median,
  ...more,
})

describe('targets of the benchmark', () => {
  it('are met at the bound and missed beyond it', () => {
    const cold = (median: number) =>
      judge('cold', [row('runlet', median, { referencesMs: { warm: 2 } })])
    expect(cold(6)).toMatchObject([{ met: true, value: 3 }])
    expect(cold(6.1)).toMatchObject([{ met: false }])
  })

  it('are counted per host call', () => {
    const rows = [row('runlet', 12, { referencesMs: { ping: 0.005 } })]
    expect(judge('host-sequential', rows)).toMatchObject([{ value: expect.closeTo(2.4, 9) }])
  })

  it('compare with peers that have a boundary, and kernels with builds of the same engine', () => {
    const rows = [row('runlet', 10), row('quickjs-wasi', 20), row('node-vm', 1)]
    expect(judge('json-1m', rows)).toMatchObject([{ value: 0.5, met: true }])
    expect(judge('cpu-fib', rows)).toMatchObject([{ value: 0.5, met: true }])
  })

  it('are not judged where a figure is missing, and the reason is given', () => {
    expect(judge('cpu-fib', [row('runlet', 10)])).toEqual([
      expect.objectContaining({ reason: 'no such peer was measured' }),
    ])
    const skipped = { peer: 'runlet', mode: 'native', status: 'skipped', error: 'not here' }
    const [target] = judge('bytes-1m', [skipped, row('quickjs-wasi', 1)])
    expect(target).toMatchObject({ reason: 'not here' })
    expect(target).not.toHaveProperty('met')
  })
})

describe('the command line of the benchmark', () => {
  const bench = (...args: string[]) =>
    spawnSync('node', [join(root, 'bench', 'codelets.mjs'), ...args], { encoding: 'utf8' })

  it('lists every row', () => {
    const { stdout, status } = bench('--help')
    expect(status).toBe(0)
    expect(workloads.filter(({ id }) => !stdout.split(/\s+/).includes(id))).toEqual([])
  })

  it('names what it does not know and what it accepts', () => {
    const { stderr, status } = bench('--workload=warm,lukewarm')
    expect(status).toBe(2)
    expect(stderr).toMatch(/--workload: "lukewarm" is not known; accepted are .*round-trip/)
  })

  it('publishes nothing but a whole pass', () => {
    const { stderr, status } = bench('--publish', '--only=run')
    expect(status).toBe(2)
    expect(stderr).toMatch(/--publish and --only exclude each other/)
  })
})

describe('docs/benchmarks.md', () => {
  const { reportVersion } = JSON.parse(read('docs/benchmarks.json')) as { reportVersion: number }
  const version = ask({ report: 'lib/report.mjs' }, 'report.REPORT_VERSION') as number
  const why =
    reportVersion === version
      ? ''
      : ` (not compared: docs/benchmarks.json has version ${reportVersion}, the benchmark writes ${version})`
  const compare = why === '' ? it : it.skip

  compare(`shows what docs/benchmarks.json says${why}`, () => {
    const page = ask(
      { publish: 'lib/publish.mjs' },
      `publish.withFigures(${JSON.stringify(read('docs/benchmarks.md'))}, ${read('docs/benchmarks.json')})`,
    )
    expect(page).toBe(read('docs/benchmarks.md'))
  })
})

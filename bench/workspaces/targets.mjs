/**
 * What runlet is held against, met or missed. Decides nothing.
 * @module
 */
import { figure } from '../lib/figures.mjs'
import { added } from './turns.mjs'

const verdict = (met, text) => `- ${met ? 'met' : 'missed'}: ${text}`
const notJudged = (text, why) => `- not judged: ${text}: ${why}`
const rowOf = ({ rows }, id) => rows.find((row) => row.id === id)

/** Judges if all of `ways` were measured. */
function judged(ways, text, judge) {
  const missing = ways.find((way) => way?.problem !== undefined || way === undefined)
  return missing === undefined ? judge() : notJudged(text, missing?.problem ?? 'not measured')
}

/** `one` beside `other`: medians, and minima in brackets. */
const ratio = (one, other) => ({
  value: one.median / other.median,
  text: `${(one.median / other.median).toFixed(2)} (${(one.min / other.min).toFixed(2)})`,
})

function scriptTargets({ rows }) {
  const lines = []
  const echo = rows.find(({ id }) => id === 'echo').ways
  const fast = '`echo hi` on a warm runtime takes at most 0.15 ms on the native engine'
  lines.push(
    judged([echo.native], fast, () =>
      verdict(echo.native.median <= 0.15, `${fast}: ${figure(echo.native.median)} ms`),
    ),
  )
  const often = '`echo hi` on the native engine is at least 20 times faster than in the thread'
  lines.push(
    judged([echo.native, echo.worker], often, () => {
      const value = echo.worker.median / echo.native.median
      return verdict(value >= 20, `${often}: ${value.toFixed(0)} times`)
    }),
  )
  for (const { title, ways } of rows) {
    const text = `${title}: runlet's best virtual engine takes no longer than just-bash in process`
    const ours = [ways.native, ways.worker].filter(({ problem }) => problem === undefined)
    const best = ours.sort((a, b) => a.median - b.median)[0]
    lines.push(
      judged([best, ways['just-bash']], text, () => {
        const { value, text: told } = ratio(best, ways['just-bash'])
        return verdict(value <= 1, `${text}: ${told} of its time`)
      }),
    )
  }
  const over = 'host-bash takes at most 2 ms more than plain `spawn`'
  lines.push(
    judged([echo.host, echo.spawn], over, () => {
      const ms = added(echo.host, echo.spawn)
      const confined = echo.guarded.problem === undefined ? added(echo.guarded, echo.spawn) : NaN
      return verdict(
        ms <= 2,
        `${over}: ${figure(ms)} ms (guarded and confined: ${figure(confined)} ms)`,
      )
    }),
  )
  return lines
}

function searchTargets({ rows }) {
  const start = rows.find(({ id }) => id === 'start')?.ways.rg
  const lines = []
  for (const { kind, title, ways } of rows) {
    if (kind === undefined) continue
    const text = `${title}: at most 1.5 times the time of ripgrep`
    lines.push(
      judged([ways.runlet, ways.rg], text, () => {
        const { value, text: told } = ratio(ways.runlet, ways.rg)
        const alone = ways.runlet.median / (ways.rg.median - start.median)
        return verdict(value <= 1.5, `${text}: ${told}; ${alone.toFixed(2)} without its start`)
      }),
    )
    const older = `${title}: at least 10 times faster than a walk in JavaScript`
    lines.push(
      judged([ways.runlet, ways.older], older, () => {
        const value = ways.older.median / ways.runlet.median
        return verdict(value >= 10, `${older}: ${value.toFixed(1)} times`)
      }),
    )
  }
  return lines
}

function fileTargets({ rows }) {
  return rows.map(({ title, ways }) => {
    const text = `${title}: no longer than canonicalizing the path, then opening it`
    const { value, text: told } = ratio(ways.runlet, ways.older)
    const plain = ratio(ways.runlet, ways.plain).text
    return verdict(value <= 1, `${text}: ${told} of its time, ${plain} of plain \`fs\``)
  })
}

function deadlineTargets({ ways, titles, deadlineMs }) {
  return ['native', 'worker', 'host', 'guarded'].flatMap((id) => {
    const most = id === 'worker' ? 200 : 50
    const end = `${titles[id]}: a loop without an end is over at most ${most} ms after its deadline`
    const block = `${titles[id]}: the event loop is blocked for less than 10 ms`
    const way = ways[id]
    if (way.problem !== undefined) return [notJudged(end, way.problem)]
    const { ended, worstEnd, gap, worstGap } = way
    const late = [ended - deadlineMs, worstEnd - deadlineMs].map(figure)
    return [
      verdict(ended - deadlineMs <= most, `${end}: ${late[0]} ms (worst ${late[1]})`),
      verdict(gap < 10, `${block}: ${figure(gap)} ms (worst ${figure(worstGap)})`),
    ]
  })
}

function classifierTargets(group) {
  const { ways, title, perSample } = rowOf(group, '200')
  const [median, min] = [ways.runlet.median, ways.runlet.min].map((ms) => (1000 * ms) / perSample)
  const text = `a verdict on ${title} takes at most 50 µs`
  return [verdict(median <= 50, `${text}: ${figure(median)} (${figure(min)}) µs`)]
}

const judges = {
  scripts: scriptTargets,
  files: fileTargets,
  searches: searchTargets,
  deadline: deadlineTargets,
  classifier: classifierTargets,
}

/**
 * @param {object} groups what was measured
 * @returns {string[]} one line each
 */
export const targets = (groups) =>
  Object.entries(judges).flatMap(([name, judge]) =>
    groups[name] === undefined ? [] : judge(groups[name]),
  )

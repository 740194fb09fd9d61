/**
 * Values in and out: JSON documents, and what JSON text is no good path for.
 * @module
 */
import { isDeepStrictEqual } from 'node:util'
import { bytesOf, recordsOf, structuredRecords, textOf } from '../payload.mjs'
import { atMostBest } from '../targets.mjs'
import { MIB, quickRuns, roomy } from './limits.mjs'

const identity = {
  group: 'values',
  kind: 'serial',
  unit: 'ms',
  perSample: 1,
  limits: { ...roomy, memoryBytes: 1024 * MIB, payloadBytes: 64 * MIB },
}

const source = 'async function main(input) { return input }'
const hasBoundary = (peer) => peer.id !== 'runlet' && peer.boundary !== null

function jsonIdentity(name, bytes, effort, targets = []) {
  return {
    ...identity,
    id: `json-${name}`,
    group: 'json',
    title: `JSON identity: a ${name.toUpperCase().replace(/(.)$/, ' $1')}B document in and out`,
    modes: ['once', 'native'],
    valueKind: 'plain',
    effort,
    targets,
    prepare() {
      const payload = recordsOf(bytes)
      return {
        source,
        input: () => payload.value,
        check: (value) =>
          JSON.stringify(value) === payload.text
            ? undefined
            : 'the document that came back differs from the one that went in',
        note: { payloadBytes: payload.text.length },
      }
    },
  }
}

/** Values that cross each peer's boundary in the way its documentation has for them. */
function ownValues(id, title, valueKind, make) {
  return {
    ...identity,
    id,
    title,
    // Without a boundary nothing crosses: the guest would get the very object.
    onlyWithBoundary: true,
    modes: ['native'],
    valueKind,
    effort: { rounds: 2, samples: 50, budgetMs: 2500 },
    targets: [atMostBest(1, 'the best peer with a boundary', hasBoundary)],
    prepare() {
      const { value, bytes } = make()
      return {
        source,
        input: () => value,
        check: (back) =>
          isDeepStrictEqual(back, value)
            ? undefined
            : 'the value that came back differs from the one that went in',
        note: bytes === undefined ? {} : { payloadBytes: bytes },
      }
    },
  }
}

const STRUCTURED = 3000

export const values = [
  jsonIdentity('1k', 1024, quickRuns),
  jsonIdentity('100k', 100 * 1024, { rounds: 2, samples: 100, budgetMs: 2500 }),
  jsonIdentity('1m', MIB, { rounds: 2, samples: 25, budgetMs: 3000 }, [
    atMostBest(1, 'the best peer with a boundary', hasBoundary),
  ]),
  jsonIdentity('10m', 10 * MIB, { rounds: 1, samples: 8, budgetMs: 6000, fullOnly: true }),
  ownValues('string-1m', 'String identity: 1 MB of text in and out', 'string', () => {
    const value = textOf(MIB)
    return { value, bytes: value.length }
  }),
  ownValues('bytes-1m', 'Uint8Array identity: 1 MB in and out', 'bytes', () => ({
    value: bytesOf(MIB),
    bytes: MIB,
  })),
  ownValues(
    'structured',
    `Structured: ${STRUCTURED.toLocaleString('en-US')} of Date, Map, Set, BigInt in and out`,
    'structured',
    () => ({ value: structuredRecords(STRUCTURED) }),
  ),
]

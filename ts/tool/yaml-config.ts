/** The configuration that a YAML document gives. */

import { isRecord } from '../codelet/fields'
import { RunletError } from '../errors'
import { configurationMessages } from './configuration-messages'
import { readOption, setOption } from './env-config'
import { member, refuse, same, twoSpellings, unknownName } from './option-kinds'
import { OVERRIDES } from './overrides'
import { type Key, RUNTIME_KEYS, TOOL_KEYS } from './yaml-keys'

type Read = (option: string, value: unknown, field: string) => unknown

/** A value of the document, and the path of its key. */
interface Found {
  key: Key
  field: string
  value: unknown
}

/** The mapping at `field`; nothing behind a key reads as an empty one. */
function mapping(value: unknown, field: string): Record<string, unknown> {
  if (value === undefined || value === null) return {}
  if (isRecord(value)) return value
  throw refuse(field, 'a mapping', value)
}

/**
 * Every known key below `value`.
 *
 * @param ignored whether an unknown key at this depth belongs to another program
 */
function* find(
  value: unknown,
  field: string,
  keys: readonly Key[],
  ignored: (depth: number, name: string) => boolean,
  depth = 0,
): Generator<Found> {
  for (const [name, inner] of Object.entries(mapping(value, field))) {
    const path = member(field, name)
    const below = keys.filter((candidate) => candidate.path[depth] === name)
    if (below.length === 0) {
      if (ignored(depth, name)) continue
      const known = [...new Set(keys.map((candidate) => candidate.path[depth] ?? ''))]
      throw unknownName('key', path, name, known)
    }
    const leaf = below.find((candidate) => candidate.path.length === depth + 1)
    if (leaf === undefined) yield* find(inner, path, below, () => false, depth + 1)
    else if (inner !== null) yield { key: leaf, field: path, value: inner }
  }
}

/** Options from found values; two keys of one option have to agree. */
function collect(found: Iterable<Found>, read: Read): Record<string, unknown> {
  const options: Record<string, unknown> = {}
  const spelled = new Map<string, { field: string; value: unknown }>()
  for (const { key, field, value: raw } of found) {
    const value = read(key.option, key.convert(raw, field), field)
    const other = spelled.get(key.option)
    if (other !== undefined && !same(other.value, value))
      throw twoSpellings(field, other.field, field)
    spelled.set(key.option, { field, value })
    setOption(options, key.option, value)
  }
  return options
}

const readOverride: Read = (option, value, field) => {
  const row = OVERRIDES.find((candidate) => candidate.name === option)
  return row?.kind.read(value, field, { fillsBlanks: false })
}

/** Tools below `field`, with the path of each. */
function readTools(value: unknown, field: string): Map<string, { field: string; value: unknown }> {
  const tools = new Map<string, { field: string; value: unknown }>()
  for (const [id, settings] of Object.entries(mapping(value, field))) {
    const path = member(field, id)
    const found = find(settings, path, TOOL_KEYS, () => true)
    tools.set(id, { field: path, value: collect(found, readOverride) })
  }
  return tools
}

/**
 * Options from a parsed document. Top-level keys other than `runtime` and `tools` are ignored.
 *
 * @throws RunletError `INVALID_ARGUMENT` whose `details.field` is the path of the key
 */
export function configFromDocument(document: unknown): Record<string, unknown> {
  const top = mapping(document, 'the document')
  const ofTools = (depth: number, name: string) => depth === 0 && name === 'tools'
  const runtime = mapping(top.runtime, 'runtime')
  const options = collect(find(runtime, 'runtime', RUNTIME_KEYS, ofTools), readOption)
  const tools = readTools(top.tools, 'tools')
  for (const [id, other] of readTools(runtime.tools, 'runtime.tools')) {
    const first = tools.get(id)
    if (first !== undefined && !same(first.value, other.value)) {
      throw twoSpellings(other.field, first.field, other.field)
    }
    tools.set(id, other)
  }
  if (tools.size === 0) return options
  const byId: Record<string, unknown> = Object.create(null)
  for (const [id, { value }] of tools) byId[id] = value
  return { ...options, tools: byId }
}

/** The same error, with the file and the line of the key it is about. */
export function located(
  error: RunletError,
  path: string,
  lines: Record<string, number>,
): RunletError {
  const field = String(error.details?.field ?? '')
  const line = lineOf(field, lines)
  const facts = line === undefined ? { file: path } : { file: path, line }
  return new RunletError(error.code, configurationMessages.fileFault(path, line, error.message), {
    details: { ...error.details, ...facts },
  })
}

/** The line of a key, or of the nearest key around it. */
function lineOf(field: string, lines: Record<string, number>): number | undefined {
  const around = Object.keys(lines).filter(
    (path) => field === path || field.startsWith(`${path}.`) || field.startsWith(`${path}[`),
  )
  const nearest = around.sort((a, b) => b.length - a.length)[0]
  return nearest === undefined ? undefined : lines[nearest]
}

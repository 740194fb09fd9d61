/** The first argument of a run: which code, under which name, in which language. */

import { basename, extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Language } from '../../index.js'
import { invalidArgument } from '../errors'
import { messages } from '../messages'
import { fieldTable, isRecord, oneOf, readFields } from './fields'
import { LANGUAGES } from './modules'

/** What both kinds of source have. */
interface Entry {
  exportName: string | null
  language: Language
  /** Label in stacks. */
  filename: string
}

/** Code that is at hand. */
export interface TextSource extends Entry {
  code: string
}

/** Code that must be read first. */
export interface FileSource extends Entry {
  /** Path as the caller wrote it; the only spelling that may appear in a message. */
  written: string
  path: string
}

const STRING_TABLE = fieldTable('source property', [
  'type',
  'code',
  'export_name',
  'language',
  'filename',
])
const FILE_TABLE = fieldTable('source property', ['type', 'path', 'export_name', 'language'])

/**
 * Checks a source.
 *
 * @throws RunletError `INVALID_ARGUMENT` naming the property
 */
export function readSource(value: unknown): TextSource | FileSource {
  if (!isRecord(value)) {
    const accepted = "an object such as { type: 'string', code }"
    throw invalidArgument('source', messages.wrongValue('source', accepted, value), { accepted })
  }
  return oneOf(value.type, 'source.type', ['string', 'file'], 'string') === 'file'
    ? readFile(value)
    : readString(value)
}

function readString(value: object): TextSource {
  const { type, code, export_name, language, filename } = readFields(value, 'source', STRING_TABLE)
  if (type === undefined) {
    const message = messages.wrongValue('source.type', "'string' or 'file'", type)
    throw invalidArgument('source.type', message)
  }
  if (typeof code !== 'string') {
    throw invalidArgument('source.code', messages.wrongValue('source.code', 'a string', code))
  }
  return {
    code: nonEmpty(code, 'source.code'),
    exportName: readExportName(export_name),
    language: oneOf(language, 'source.language', LANGUAGES, 'auto'),
    filename: readFilename(filename),
  }
}

function readFile(value: object): FileSource {
  const { path, export_name, language } = readFields(value, 'source', FILE_TABLE)
  const { written, resolved } = readPath(path)
  const filename = basename(resolved)
  return {
    written,
    path: resolved,
    exportName: readExportName(export_name),
    language: byExtension(oneOf(language, 'source.language', LANGUAGES, 'auto'), filename),
    filename,
  }
}

/** Refuses code without a single visible character. */
export function nonEmpty(code: string, field: string): string {
  if (/[^\s\ufeff]/.test(code)) return code
  throw invalidArgument(field, messages.emptySource(field))
}

function readExportName(value: unknown): string | null {
  if (value === undefined) return null
  if (typeof value === 'string' && value !== '') return value
  const accepted = 'the name of an export'
  const message = messages.wrongValue('source.export_name', accepted, value)
  throw invalidArgument('source.export_name', message, { accepted })
}

/** Line breaks and other control characters in a label would let it forge stack lines. */
function readFilename(value: unknown): string {
  if (value === undefined) return 'codelet.js'
  if (typeof value === 'string' && /^[^\p{Cc}\u2028\u2029]{1,255}$/u.test(value)) return value
  const accepted = 'a label of 1 to 255 characters without control characters'
  const message = messages.wrongValue('source.filename', accepted, value)
  throw invalidArgument('source.filename', message, { accepted })
}

function readPath(value: unknown): { written: string; resolved: string } {
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) {
    return { written: value, resolved: value }
  }
  // A URL of another realm is no instance of this one's class, but it has the same two parts.
  if (isRecord(value) && value.protocol === 'file:' && typeof value.href === 'string') {
    const written = value.href
    try {
      return { written, resolved: fileURLToPath(written) }
    } catch {
      throw invalidArgument('source.path', messages.unreadable(written, 'is no local file'))
    }
  }
  const accepted = 'a path or a file: URL'
  const message = messages.wrongValue('source.path', accepted, value)
  throw invalidArgument('source.path', message, { accepted })
}

function byExtension(language: Language, filename: string): Language {
  if (language !== 'auto') return language
  const extension = extname(filename).toLowerCase()
  if (['.ts', '.mts', '.cts'].includes(extension)) return 'ts'
  return ['.js', '.mjs', '.cjs'].includes(extension) ? 'js' : 'auto'
}

/** Several replacements in one file, all or none. */

import type { AbortSignalLike, Runtime } from '../../../index.js'
import { isRecord } from '../../codelet/fields'
import { RunletError } from '../../errors'
import { refuse } from '../../tool/option-kinds'

interface Edit {
  readonly oldText: string
  readonly newText: string
}

function editsOf({ edits, oldText, newText }: Record<string, unknown>): Edit[] {
  const list = edits === undefined ? [{ oldText, newText }] : edits
  if (!Array.isArray(list) || list.length === 0) throw refuse('edits', 'a list of edits', edits)
  return list.map((edit: unknown, index) => {
    const fits =
      isRecord(edit) && typeof edit.oldText === 'string' && typeof edit.newText === 'string'
    if (fits) return edit as unknown as Edit
    throw refuse(`edits[${index}]`, 'an object with oldText and newText', edit)
  })
}

/** Where a text stands, once and only once. */
function only(text: string, wanted: string, path: string): number {
  const at = text.indexOf(wanted)
  if (wanted === '') throw refuse('oldText', 'a text that is not empty', wanted)
  if (at < 0) throw new RunletError('VALIDATION_ERROR', `text not found in ${path}`)
  if (text.indexOf(wanted, at + 1) < 0) return at
  throw new RunletError('VALIDATION_ERROR', `text is not unique in ${path}`)
}

/** Makes them, and says so. */
export async function edited(
  files: Runtime,
  input: Record<string, unknown>,
  call: { signal?: AbortSignalLike },
): Promise<string> {
  const path = input.path as string
  const edits = editsOf(input)
  const said = `Successfully replaced ${edits.length} block(s) in ${path}.`
  const [first] = edits
  if (edits.length === 1 && first !== undefined) {
    await files.edit?.({ ...call, path, ...first })
    return said
  }
  const { text = '' } = (await files.read?.({ ...call, path })) ?? {}
  const lines = (part: string) => (text.includes('\r\n') ? part.replace(/\r?\n/g, '\r\n') : part)
  const places = edits
    .map(({ oldText, newText }) => {
      const wanted = text.includes(oldText) ? oldText : lines(oldText)
      const at = only(text, wanted, path)
      return { at, end: at + wanted.length, newText: wanted === oldText ? newText : lines(newText) }
    })
    .sort((a, b) => a.at - b.at)
  let made = ''
  let done = 0
  for (const { at, end, newText } of places) {
    if (at < done) throw new RunletError('VALIDATION_ERROR', `edits overlap in ${path}`)
    made += text.slice(done, at) + newText
    done = end
  }
  // The whole of it as the old text: a file that was changed meanwhile is not overwritten.
  await files.edit?.({ ...call, path, oldText: text, newText: made + text.slice(done) })
  return said
}

/** A runtime of ours, or a provider, as a provider of the 0.3 contract. */

import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import type { RuntimeContext03, RuntimeProvider03, ToHeypi03Options } from '../../../heypi.js'
import type { Runtime, RuntimeProvider, RuntimeScope } from '../../../index.js'
import { isRecord } from '../../codelet/fields'
import { invalidArgument } from '../../errors'
import { readGiven } from '../../tool/option-group'
import { refuse, textList } from '../../tool/option-kinds'
import { GUEST_ROOTS } from './guest'
import { tools03 } from './tools-03'

type Subject =
  | Runtime
  | RuntimeProvider
  | ((context: RuntimeContext03) => Runtime | Promise<Runtime>)

/** See `heypi.d.ts`. */
export function toHeypi03(subject: Subject, options: ToHeypi03Options = {}): RuntimeProvider03 {
  const fits =
    typeof subject === 'function' ||
    (isRecord(subject) && (typeof subject.get === 'function' || typeof subject.root === 'string'))
  if (!fits) throw refuse('runtime', 'a runtime, a provider or a function', subject)
  const rows = [{ name: 'mounted', kind: textList(), about: 'folders that commands see' }]
  const { mounted = [] } = readGiven(options, '', 'option of toHeypi03', rows, {
    fillsBlanks: false,
  }) as { mounted?: readonly string[] }
  const folders = Object.values(GUEST_ROOTS)
  for (const folder of mounted) {
    if (!folders.includes(folder)) throw refuse('mounted', `some of ${folders.join(', ')}`, folder)
  }
  const absent = folders.filter((folder) => !mounted.includes(folder))
  return async (context) => {
    const { workspace, shared, skills } = context
    if (typeof workspace !== 'string') throw refuse('context.workspace', 'a path', workspace)
    const { runtime, end } = await opened(subject, context)
    const roots = {
      workspace: resolve(workspace),
      ...(shared !== undefined && { shared: resolve(shared) }),
      ...(skills !== undefined && { skills: resolve(skills) }),
    }
    return {
      tools: tools03(runtime, roots, absent),
      prepare: async () => {},
      cleanup: end,
    }
  }
}

async function opened(
  subject: Subject,
  context: RuntimeContext03,
): Promise<{ runtime: Runtime; end: () => Promise<void> }> {
  if (typeof subject === 'function') {
    const runtime = await subject(context)
    const close: unknown = Reflect.get(runtime, 'close')
    const end = async () => {
      if (typeof close === 'function') await close.call(runtime)
    }
    return { runtime, end }
  }
  // Neither takes variables for one caller; a function can make a runtime with them.
  if (Object.keys(context.env ?? {}).length > 0) {
    const accepted = 'a function of the context, which makes a runtime with these variables'
    throw invalidArgument('context.env', `context.env needs ${accepted}`, { accepted })
  }
  if ('get' in subject) {
    const root = resolve(context.workspace)
    const path = `heypi/${createHash('sha256').update(root).digest('hex').slice(0, 16)}`
    const scope: RuntimeScope = { key: 'heypi', path, root }
    return { runtime: subject.get(scope), end: async () => subject.stop?.(scope) }
  }
  if (real(subject.root) !== real(context.workspace)) {
    const accepted = 'the root of the runtime'
    throw invalidArgument('context.workspace', `context.workspace is not ${accepted}`, { accepted })
  }
  return { runtime: subject, end: async () => {} }
}

function real(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return resolve(path)
  }
}

/** Creates tool runtimes. */

import type { ToolRuntime, ToolRuntimeOptions } from '../../index.js'
import { RunletError } from '../errors'
import { readToolOptions } from './options'

/** Reads the options and fails: running tools is not built yet. */
export function createToolRuntime(options?: ToolRuntimeOptions): ToolRuntime {
  readToolOptions(options)
  throw new RunletError('INTERNAL', 'tool runtimes are not part of this build')
}

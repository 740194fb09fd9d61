/** Runtimes of one project. */

import type { ToolRuntime, ToolRuntimeFactory, ToolRuntimeOptions } from '../../index.js'
import { invalidArgument } from '../errors'
import { configurationMessages } from './configuration-messages'
import { refuse } from './option-kinds'
import { createToolRuntime } from './runtime'

/** A factory whose runtimes all have one project root; see `index.d.ts`. */
export function createToolRuntimeFactory(projectRoot: string): ToolRuntimeFactory {
  if (typeof projectRoot !== 'string' || projectRoot === '') {
    throw refuse('projectRoot', 'the path of a folder', projectRoot)
  }
  return Object.freeze({
    createRuntime(config: ToolRuntimeOptions): ToolRuntime {
      if (config === null || config === undefined) {
        throw invalidArgument('config', configurationMessages.nilConfig(), {
          accepted: 'an object',
        })
      }
      // Not spread before it is known to be an object: a string would become one of its letters.
      if (typeof config !== 'object') throw refuse('config', 'an object', config)
      return createToolRuntime({ ...config, projectRoot })
    },
  })
}

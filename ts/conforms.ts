/**
 * Proof at compile time that the code and `index.d.ts` agree. Nothing here runs.
 *
 * A member that is missing or has another type in the code breaks the first line (TS1360); an export
 * that the contract does not know, or a class that says less in the code than it could, breaks the
 * others.
 */

import type * as dockerContract from '../docker.js'
import type * as heypiContract from '../heypi.js'
import type * as contract from '../index.js'
import type * as testingContract from '../testing.js'
import type * as heypiCode from './adapters/heypi'
import type * as dockerCode from './docker'
import type * as code from './index'
import type * as testingCode from './testing'

type Names<Module> = keyof Module & string

/** Every declared value exists and has the declared type. */
export const declared = (actual: typeof code) => actual satisfies typeof contract

/** Every exported value is declared. */
export const exported = (name: Names<typeof code>) => name satisfies Names<typeof contract>

/** The same of the subpath `runlet/docker`. */
export const docker = (actual: typeof dockerCode, promised: typeof dockerContract) => {
  actual satisfies typeof promised
  promised satisfies typeof actual
}

/** And of the others. */
export const subpaths = (actual: { testing: typeof testingCode; heypi: typeof heypiCode }) =>
  actual satisfies { testing: typeof testingContract; heypi: typeof heypiContract }

/** Instances have the same types in both directions. */
export const classes = (
  actual: {
    runlet: code.RunletError
    host: code.HostError
    tool: code.ToolExecutionError
    process: code.ProcessError
    startup: code.RuntimeStartupError
  },
  promised: {
    runlet: contract.RunletError
    host: contract.HostError
    tool: contract.ToolExecutionError
    process: contract.ProcessError
    startup: contract.RuntimeStartupError
  },
) => {
  actual satisfies typeof promised
  promised satisfies typeof actual
}

/** Instances have the same members; an optional one would slip through the types above. */
export const members = (
  actual: {
    runlet: keyof code.RunletError
    host: keyof code.HostError
    tool: keyof code.ToolExecutionError
    process: keyof code.ProcessError
    startup: keyof code.RuntimeStartupError
  },
  promised: {
    runlet: keyof contract.RunletError
    host: keyof contract.HostError
    tool: keyof contract.ToolExecutionError
    process: keyof contract.ProcessError
    startup: keyof contract.RuntimeStartupError
  },
) => {
  actual satisfies typeof promised
  promised satisfies typeof actual
}

/**
 * Proof at compile time that the code and `index.d.ts` agree. Nothing here runs.
 *
 * A member that is missing or has another type in the code breaks the first line (TS1360); an export
 * that the contract does not know, or a class that says less in the code than it could, breaks the
 * others.
 */

import type * as contract from '../index.js'
import type * as code from './index'

type Names<Module> = keyof Module & string

/** Every declared value exists and has the declared type. */
export const declared = (actual: typeof code) => actual satisfies typeof contract

/** Every exported value is declared. */
export const exported = (name: Names<typeof code>) => name satisfies Names<typeof contract>

/** Instances have the same types in both directions. */
export const classes = (
  actual: {
    runlet: code.RunletError
    host: code.HostError
    tool: code.ToolExecutionError
    process: code.ProcessError
  },
  promised: {
    runlet: contract.RunletError
    host: contract.HostError
    tool: contract.ToolExecutionError
    process: contract.ProcessError
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
  },
  promised: {
    runlet: keyof contract.RunletError
    host: keyof contract.HostError
    tool: keyof contract.ToolExecutionError
    process: keyof contract.ProcessError
  },
) => {
  actual satisfies typeof promised
  promised satisfies typeof actual
}

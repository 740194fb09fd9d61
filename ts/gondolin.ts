/** The subpath `runlet/gondolin`; see `gondolin.d.ts`. */

import type * as contract from '../gondolin.js'
import { gondolinRuntime } from './workspace/gondolin'

export { gondolinRuntime }

/** Proof at compile time that the code and the contract agree. */
gondolinRuntime satisfies typeof contract.gondolinRuntime

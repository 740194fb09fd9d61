/** The conformance kit for runtimes and their providers. The contract is `testing.d.ts`. */

export { caseNames } from './testing/cases'
export { describeRuntimeProvider } from './testing/describe'
export { providerOf } from './testing/provider-of'
export { testRuntimeProvider } from './testing/run'

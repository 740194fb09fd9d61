/** The subpath `runlet/docker`. The contract is `docker.d.ts`. */

export { dockerRuntime } from './workspace/docker/provider'

/** The texts of the configuration. Texts may change; codes and `details` are the contract. */

import { shown } from '../messages'

/** Each factory gives one sentence without a full stop. */
export const configurationMessages = Object.freeze({
  nilConfig: () => 'runtime config must not be nil',
  nilAppConfig: () => 'runtime app config must not be nil',
  runtimeType: (type: unknown) =>
    `unsupported runtime type: ${typeof type === 'string' ? type : shown(type)} ` +
    '(supported types: [bun node])',
  unenforceable: (option: string) =>
    `${option} cannot be enforced by this build: leave it out, or give it its default`,
  aboveMaximum: (field: string, value: number, maximum: number) =>
    `${field} is ${value}, but maxTimeoutMs is ${maximum}: raise maxTimeoutMs to allow more`,
  projectRoot: (path: string, why: string) => `projectRoot ${shown(path)} ${why}`,

  // nodeOptions
  nodeOptionRefused: (field: string, flag: string, why: string) =>
    `${field} holds ${shown(flag)}, which is refused: ${why}`,
  nodeOptionForm: (field: string, value: string) =>
    `${field} must be one long option, with its value behind "=", such as ` +
    `--max-old-space-size=2048; got ${shown(value)}`,

  // environment and files
  variable: (name: string, accepted: string, value: string) =>
    value === ''
      ? `${name} is empty: unset it, or give it ${accepted}`
      : `${name} must be ${accepted}, got ${shown(value)}`,
  twoVariables: (first: string, second: string) =>
    `${first} and ${second} set one option and have different values`,
  fileUnreadable: (path: string, why: string) => `configuration file ${shown(path)} ${why}`,
  fileTooLarge: (path: string, limit: number) =>
    `configuration file ${shown(path)} has more than ${limit} bytes`,
  fileFault: (path: string, line: number | undefined, text: string) =>
    `${path}${line === undefined ? '' : `:${line}`}: ${text}`,

  // runtimes
  notInPath: (type: string) => `${type} executable not found in PATH`,
  unusable: (path: string, why: string) => `${path} ${why}`,
})

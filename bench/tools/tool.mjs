// The tool that everybody runs: gives back how much it was given, and as much of its own.

/**
 * @param {{payload: string}} input
 * @returns {{length: number, payload: string}}
 */
export function echo(input) {
  return { length: input.payload.length, payload: input.payload }
}

export default { echo }

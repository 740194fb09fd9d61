/**
 * Lets at most `slots` tasks run at once and keeps the others in order. It stands in front of a
 * peer that has no queue of its own, so that its refusals are not read as failures.
 * @module
 */

/**
 * @param {number} slots tasks that may run together
 * @returns {<T>(task: () => Promise<T>) => Promise<T>} runs a task as soon as a slot is free
 */
export function gateOf(slots) {
  let free = slots
  const waiting = []
  return async (task) => {
    if (free > 0) free--
    else await new Promise((resolve) => waiting.push(resolve))
    try {
      return await task()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else free++
    }
  }
}

// Repeatable chance: the same seed and the same run give the same numbers, whatever runs beside it.

/** A function that gives numbers in [0, 1), fixed by `seed` and the number of the run. */
export function randomOf(seed, index) {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0
  const random = () => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  // Seeds that differ little give first numbers that differ little.
  random()
  return random
}

/** A whole number from 0 to `count` - 1. */
export const below = (random, count) => Math.floor(random() * count)
/** One of a list. */
export const oneOf = (random, list) => list[below(random, list.length)]

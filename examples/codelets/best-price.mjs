// A pricing rule that never ends: the step is rounded to zero, so the search stands still.

export function main(order) {
  let cents = order.lines[0].unitCents
  const step = Math.floor(cents / 100_000)
  while (cents > 0) cents -= step
  return { netCents: cents, discountCents: 0 }
}

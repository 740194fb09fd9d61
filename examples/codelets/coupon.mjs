// A pricing rule with a bug: not every order has a coupon.

export function main(order) {
  const percent = Number(order.coupon.slice(-2))
  const gross = order.lines.reduce((sum, line) => sum + line.quantity * line.unitCents, 0)
  const discountCents = Math.round((gross * percent) / 100)
  return { netCents: gross - discountCents, discountCents }
}

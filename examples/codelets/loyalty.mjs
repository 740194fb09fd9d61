// A pricing rule with a shared module, a read-only table and a note in the log.

import { subtotal } from 'cart'

export function main(order, { logger }) {
  const gross = subtotal(order.lines)
  const percent = rates[order.customer.tier]
  if (percent > 0) logger.info(`${order.id}: ${percent} % for ${order.customer.tier}`)
  const discountCents = Math.round((gross * percent) / 100)
  return { netCents: gross - discountCents, discountCents }
}

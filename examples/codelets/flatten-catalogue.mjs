// Turns a nested catalogue into a flat list with an index, as an import job would.

export function main({ shops }) {
  const items = []
  const bySku = {}
  for (const shop of shops) {
    for (const shelf of shop.shelves) {
      for (const item of shelf.items) {
        bySku[item.sku] = items.length
        items.push({ ...item, shop: shop.name, shelf: shelf.code, inStock: item.stock > 0 })
      }
    }
  }
  return { items, bySku }
}

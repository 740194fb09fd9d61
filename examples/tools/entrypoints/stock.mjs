// Tools that ask a warehouse over HTTP.

/** `{ skus }` to how many of each there are; the config says where to ask. */
export async function stock({ skus }, { url }) {
  const answers = skus.map(async (sku) => {
    const response = await fetch(new URL(sku, url), {
      headers: { authorization: `Bearer ${process.env.WAREHOUSE_TOKEN ?? ''}` },
    })
    if (!response.ok) throw new Error(`the warehouse answered ${response.status} for ${sku}`)
    return [sku, (await response.json()).count]
  })
  return Object.fromEntries(await Promise.all(answers))
}

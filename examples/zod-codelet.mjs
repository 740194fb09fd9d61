// zod guards both ends of a codelet, and a virtual module gives it a table to import.
//
//   node examples/zod-codelet.mjs
//
// Any validator that follows Standard Schema will do; runlet itself depends on none.

import { runCodelet } from 'runlet'
import { z } from 'zod'

const Parcel = z.object({
  country: z.string().length(2),
  grams: z.number().int().positive(),
  express: z.boolean().default(false),
})
const Quote = z.object({ cents: z.number().int().nonnegative(), days: z.number().int() })

const options = {
  input_schema: Parcel,
  output_schema: Quote,
  modules: {
    'shipping/rates': `
      import { zoneOf } from './zones.js'
      const perKilo = { home: 250, eu: 600 }
      export const rate = (country) => perKilo[zoneOf(country)]
    `,
    'shipping/zones.js': `
      export const zoneOf = (country) => (country === 'AT' ? 'home' : 'eu')
    `,
  },
}

const quote = {
  type: 'string',
  code: `
    import { rate } from 'shipping/rates'
    export function main({ country, grams, express }) {
      const cents = Math.ceil(grams / 1000) * rate(country) * (express ? 2 : 1)
      return { cents, days: express ? 1 : 4 }
    }
  `,
}
const careless = { type: 'string', code: 'export const main = () => ({ cents: 12.5 })' }

async function show(label, source, input) {
  const { ok, value, error } = await runCodelet(source, { ...options, input })
  if (ok) console.log(`allowed  ${label.padEnd(16)} ${JSON.stringify(value)}`)
  else console.log(`refused  ${label.padEnd(16)} ${error.code}: ${error.message}`)
}

await show('parcel to FR', quote, { country: 'FR', grams: 2300, express: true })
await show('default filled in', quote, { country: 'AT', grams: 900 })
await show('bad input', quote, { country: 'FR', grams: -5 })
await show('bad output', careless, { country: 'FR', grams: 100 })

import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { tableBelow } from '../package/documents'
import { root } from '../package/repository'
import { configurationTables } from './configuration-tables'

const document = 'docs/tools-configuration.md'

describe(document, () => {
  const tables = configurationTables((name) => require(join(root, 'dist', 'tool', name)))

  it.each(Object.keys(tables))('has the table %p as the code has it', (heading) => {
    const { rows = [] } = tables[heading] ?? {}
    expect(rows.length).toBeGreaterThan(8)
    expect(tableBelow(document, heading)).toEqual(rows)
  })
})

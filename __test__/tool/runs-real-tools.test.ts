import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Bench, errorOf, fixture, outputOf, RUNTIMES } from './support'

const bench = new Bench()
const servers: Server[] = []
afterEach(async () => {
  await bench.endAll()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

/** A server on the loopback that answers with what it was sent. */
async function loopback(): Promise<string> {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => {
      const reply = {
        method: request.method,
        from: request.headers['x-from'],
        body: JSON.parse(body),
      }
      response.writeHead(201, { 'content-type': 'application/json' })
      response.end(JSON.stringify(reply))
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders`
}

describe.each(RUNTIMES)('a tool as people write them on %s', (type) => {
  const real = () => bench.runtime(type, { entrypointPath: fixture('real.mjs') })

  it('validates its input with zod', async () => {
    const tools = real()
    const output = outputOf(await tools.executeTool('order', { input: { id: 'a', amount: 10 } }))
    expect(output).toEqual({ id: 'a', amount: 10, tags: [], total: 11.9 })
    const error = errorOf(await tools.executeTool('order', { input: { id: '', amount: -1 } }))
    expect([error.code, error.details?.name]).toEqual(['RUNTIME_ERROR', 'ValidationError'])
    expect(error.cause.message).toMatch(/^tool execution failed: id: .*; amount: /)
  })

  it('sends a request and reads the reply', async () => {
    const url = await loopback()
    const input = { url, body: { id: 7, text: 'ä€😀' } }
    const output = outputOf(await real().executeTool('request', { input }))
    const reply = { method: 'POST', from: 'tool', body: input.body }
    expect(output).toEqual({ status: 201, reply })
  })

  it('says why a request failed', async () => {
    const input = { url: 'http://127.0.0.1:1/', body: {} }
    const error = errorOf(await real().executeTool('request', { input }))
    expect(error.code).toBe('RUNTIME_ERROR')
    expect(error.cause.message).toMatch(/^tool execution failed: ./)
  })

  it('adds up a table of some thousand lines', async () => {
    const folder = bench.folder()
    const regions = ['north', 'east', 'south', 'west']
    const expected: Record<string, number> = {}
    const lines = ['id,region,amount']
    for (let id = 0; id < 5000; id++) {
      const region = regions[(id * 7) % 4] as string
      expected[region] = (expected[region] ?? 0) + (id % 97)
      lines.push(`${id},${region},${id % 97}`)
    }
    const file = join(folder, 'table.csv')
    writeFileSync(file, `${lines.join('\r\n')}\r\n`)
    const output = outputOf(await real().executeTool('sums', { input: { file } }))
    expect(output).toEqual({ rows: 5000, sums: expected })
  })

  it.each([0, 1])('takes ten megabytes and gives ten megabytes (warm: %d)', async (size) => {
    const tools = bench.runtime(type, {
      entrypointPath: fixture('real.mjs'),
      warm: { size },
      maxOutputBytes: 16 * 2 ** 20,
    })
    const input = `${'z'.repeat(10 * 2 ** 20 - 1000)}!`
    const output = outputOf(await tools.executeTool('letters', { input }))
    expect(output).toEqual({ length: input.length, last: '!' })
    const { value } = outputOf(
      await tools.executeTool<{ value: { id: number; name: string; text: string }[] }>('rows', {
        input: 90_000,
      }),
    )
    expect(value).toHaveLength(90_000)
    expect(value.at(-1)).toEqual({ id: 89_999, name: 'row 89999', text: 'y'.repeat(80) })
  })
})

/** A name server of the test's own, which keeps what it was asked. */

import { createSocket, type Socket } from 'node:dgram'

/** Addresses for a name, each time it is asked; nothing for a name that is not known. */
export type Answers = (name: string) => readonly string[] | undefined

const HEADER = 12
const TYPE_A = 1

export class NameServer {
  readonly #socket: Socket
  /** The names that it was asked for, in lower case, also those that it does not know. */
  readonly asked: string[] = []

  private constructor(socket: Socket, answers: Answers) {
    this.#socket = socket
    socket.on('message', (query, from) => {
      const { name, type, end } = question(query)
      this.asked.push(name)
      const addresses = answers(name)
      const records = type === TYPE_A ? (addresses ?? []) : []
      socket.send(reply(query, end, records, addresses !== undefined), from.port, from.address)
    })
  }

  static async on(address: string, answers: Answers): Promise<NameServer> {
    const socket = createSocket('udp4')
    const one = new NameServer(socket, answers)
    await new Promise<void>((resolve) => socket.bind(0, address, resolve))
    return one
  }

  get address(): string {
    const { address, port } = this.#socket.address()
    return `${address}:${port}`
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()))
  }
}

function question(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = []
  let at = HEADER
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.subarray(at + 1, at + 1 + length).toString('latin1'))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 }
}

function reply(query: Buffer, end: number, addresses: readonly string[], known: boolean): Buffer {
  const head = Buffer.from(query.subarray(0, end))
  head.writeUInt16BE(known ? 0x8180 : 0x8183, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(addresses.length, 6)
  head.writeUInt32BE(0, 8)
  // The name as in the question, an address of the internet, to be forgotten at once.
  const records = addresses.map((address) =>
    Buffer.from([
      0xc0,
      HEADER,
      0,
      TYPE_A,
      0,
      1,
      0,
      0,
      0,
      0,
      0,
      4,
      ...address.split('.').map(Number),
    ]),
  )
  return Buffer.concat([head, ...records])
}

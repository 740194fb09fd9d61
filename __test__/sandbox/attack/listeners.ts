/** Servers of this machine that attacks try to reach, on addresses of its own. */

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

/** Answers as a web server does, and counts who came. */
export class Listener {
  readonly #server: Server
  readonly #open = new Set<Socket>()
  #connections = 0
  #received = ''

  private constructor() {
    this.#server = createServer((socket) => {
      this.#connections++
      this.#open.add(socket)
      socket.on('close', () => this.#open.delete(socket))
      socket.on('error', () => {})
      socket.on('data', (chunk: Buffer) => {
        this.#received += chunk.toString('latin1')
        if (!this.#received.includes('\r\n\r\n')) return
        // Whoever asks for `/to/HOST:PORT` is sent there.
        const place = /GET \/to\/(\S+)/.exec(chunk.toString('latin1'))?.[1]
        const answer = place
          ? `302 Found\r\nLocation: http://${place}/\r\nContent-Length: 0`
          : '200 OK\r\nContent-Length: 5'
        socket.end(`HTTP/1.1 ${answer}\r\nConnection: close\r\n\r\n${place ? '' : 'hello'}`)
      })
    })
  }

  /** One on a port of an address, by default a free one. */
  static async on(address: string, port = 0): Promise<Listener> {
    const one = new Listener()
    await new Promise<void>((resolve, reject) => {
      one.#server.on('error', reject)
      one.#server.listen(port, address, resolve)
    })
    return one
  }

  /** One on a name in the file system, or, after a zero byte, beside it. */
  static async at(path: string): Promise<Listener> {
    const one = new Listener()
    await new Promise<void>((resolve, reject) => {
      one.#server.on('error', reject)
      one.#server.listen(path, resolve)
    })
    return one
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** How many connections were made to it. */
  get connections(): number {
    return this.#connections
  }

  /** All that it was told. */
  get received(): string {
    return this.#received
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** Runs work with listeners on addresses, and closes them. */
export async function withListeners<T>(
  addresses: readonly string[],
  work: (listeners: Listener[]) => Promise<T>,
): Promise<T> {
  const listeners: Listener[] = []
  try {
    for (const address of addresses) listeners.push(await Listener.on(address))
    return await work(listeners)
  } finally {
    await Promise.all(listeners.map((one) => one.close()))
  }
}

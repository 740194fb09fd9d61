// What is measured inside a sandbox.

import { connect } from 'node:net'

export function echo(input) {
  return input
}

const once = (host, port) =>
  new Promise((resolve, reject) => {
    const start = performance.now()
    const socket = connect({ host, port }, () => {
      resolve(performance.now() - start)
      socket.destroy()
    })
    socket.on('error', reject)
  })

/** Times of the system call alone, ms: of a socket that does not block, as runtimes use them. */
export async function connectCalls({ host, port, count }) {
  const { dlopen } = await import('bun:ffi')
  const { symbols } = dlopen('libc.so.6', {
    socket: { args: ['i32', 'i32', 'i32'], returns: 'i32' },
    connect: { args: ['i32', 'ptr', 'u32'], returns: 'i32' },
    close: { args: ['i32'], returns: 'i32' },
  })
  const [INET, STREAM, NONBLOCK, CLOEXEC] = [2, 1, 0o4000, 0o2000000]
  const address = new Uint8Array(16)
  address.set([INET, 0, port >> 8, port & 0xff, ...host.split('.').map(Number)])
  const times = []
  for (let at = 0; at < count; at++) {
    const socket = symbols.socket(INET, STREAM | NONBLOCK | CLOEXEC, 0)
    const start = performance.now()
    symbols.connect(socket, address, address.length)
    times.push(performance.now() - start)
    symbols.close(socket)
    // The server takes it meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  return { times }
}

/** Times of connections one after the other, ms. */
export async function connects({ host, port, count }) {
  const times = []
  for (let at = 0; at < count; at++) times.push(await once(host, port))
  return { times }
}

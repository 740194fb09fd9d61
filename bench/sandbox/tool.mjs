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

/** Times of connections one after the other, ms. */
export async function connects({ host, port, count }) {
  const times = []
  for (let at = 0; at < count; at++) times.push(await once(host, port))
  return { times }
}

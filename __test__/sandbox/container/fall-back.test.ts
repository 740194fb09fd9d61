import { describe, expect, it } from '@jest/globals'
import { createToolRuntime } from 'runlet'

/** The way to make connections that the place of this run leaves, if it is said. */
const { RUNLET_TEST_CONTAINER: left } = process.env

describe('how connections are made', () => {
  it('is seen by a trial, and is what the place leaves', () => {
    const { userNotify, level, net, fs, reasons } = createToolRuntime({
      permissions: ['-A'],
    }).capabilities()
    if (left !== undefined) expect(userNotify).toBe(left)
    if (level === 'full') {
      expect(['pidfd_getfd', 'held', 'replace']).toContain(userNotify)
      expect(net).toEqual({ hosts: 'supervised', cidr: 'supervised', udp: 'denied', dns: 'stub' })
      expect(fs.metadataWrites).toBe('supervised')
    } else {
      expect(userNotify).toBeNull()
      expect(net.hosts).toBeNull()
      expect(reasons.join()).toMatch(/Landlock|sockets/)
    }
  })
})

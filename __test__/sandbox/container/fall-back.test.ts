import { describe, expect, it } from '@jest/globals'
import { createToolRuntime, type RunletError } from 'runlet'

/** What the place of this run leaves to be enforced, if it is said. */
const { RUNLET_TEST_CONTAINER: left } = process.env
const NOTHING = 'nothing'
const NO_WAY = 'no way to sockets'

const capabilities = () => createToolRuntime({ permissions: ['-A'] }).capabilities()

/** The message of the refusal to make a runtime with these permissions, if it is refused. */
function refusal(permissions: string[]): string | undefined {
  try {
    createToolRuntime({ permissions })
    return undefined
  } catch (error) {
    const { code, message } = error as RunletError
    return `${code}: ${message}`
  }
}

describe('how connections are made', () => {
  it('is seen by a trial, and is what the place leaves', () => {
    const { userNotify } = capabilities()
    if (left === undefined) expect(['pidfd_getfd', 'held', 'replace', null]).toContain(userNotify)
    else expect(userNotify).toBe([NOTHING, NO_WAY].includes(left) ? null : left)
  })

  it('decides what is claimed, and what is refused', () => {
    const { userNotify, level, net, fs, reasons } = capabilities()
    const hosts = refusal(['--allow-net=api.example.test'])
    if (userNotify !== null) {
      expect([level, fs.read, fs.metadataWrites]).toEqual(['full', 'kernel', 'supervised'])
      expect(net).toEqual({ hosts: 'supervised', cidr: 'supervised', udp: 'denied', dns: 'stub' })
      expect(hosts).toBeUndefined()
    } else if (level === 'partial') {
      expect(net).toEqual({ hosts: null, cidr: null, udp: 'denied', dns: null })
      expect(reasons.join()).toContain('network: rules for hosts')
      expect(hosts).toMatch(/^POLICY_UNENFORCEABLE: .*no way to the sockets/)
      expect(refusal(['--allow-read'])).toBeUndefined()
    } else {
      expect([level, fs.read, net.hosts, net.udp]).toEqual(['none', null, null, null])
      expect(reasons.join()).toContain('Landlock')
      for (const permissions of [['--allow-net=api.example.test'], ['--allow-read'], []]) {
        expect(refusal(permissions)).toMatch(/^POLICY_UNENFORCEABLE: /)
      }
    }
    if (left === NOTHING) expect(level).toBe('none')
    if (left === NO_WAY) expect(level).toBe('partial')
  })
})

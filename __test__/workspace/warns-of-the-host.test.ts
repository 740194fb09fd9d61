import { describe, expect, it } from '@jest/globals'
import { freshFolder, inWorkspace } from './support'

describe('a warning', () => {
  it('is given once of runtimes on the host', async () => {
    await inWorkspace({ name: 'host-bash' }, async ({ logger, runtime }) => {
      await runtime.bash({ command: 'true' })
      expect(logger.said).toEqual([
        {
          level: 'warn',
          event: 'security.runtime_host',
          fields: { runtime: 'host-bash', reason: expect.any(String) },
        },
      ])
    })
  })

  it('names no path of the host', async () => {
    const agent = freshFolder()
    await inWorkspace({ name: 'host-bash', agent }, async ({ logger }) => {
      expect(JSON.stringify(logger.said)).not.toContain('/')
    })
  })
})

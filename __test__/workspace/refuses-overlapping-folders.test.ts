import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { createRuntime, safeRoot } from 'runlet'
import { freshFolder, refusal } from './support'

describe('a root', () => {
  it('may not hold the application, nor overlap with the agent, whatever it is called', async () => {
    const folder = freshFolder()
    const [app, agent] = [join(folder, 'app'), join(folder, 'app/agent')]
    for (const path of [app, agent, join(app, 'workspace')]) mkdirSync(path)
    symlinkSync(folder, join(app, 'link'))
    const contains = 'runtime root contains app directory'
    const overlaps = 'runtime root overlaps agent directory'
    for (const [root, message] of [
      [app, contains],
      [folder, contains],
      [join(app, 'link'), contains],
      [join(app, 'workspace/..'), contains],
      [agent, overlaps],
      [join(agent, 'deep/er'), overlaps],
    ] as const) {
      for (const work of [
        () => safeRoot({ root, app, agent }),
        () => createRuntime({ root, app, agent, name: 'host-bash' }),
      ]) {
        const error = await refusal(work)
        expect([error.code, error.message]).toEqual(['INVALID_ARGUMENT', message])
      }
    }
    safeRoot({ root: join(app, 'workspace'), app, agent })
    const alone = await refusal(() => createRuntime({ root: agent, agent, name: 'host-bash' }))
    expect(alone.code).toBe('INVALID_ARGUMENT')
    rmSync(folder, { recursive: true })
  })
})

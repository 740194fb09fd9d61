import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { type DockerRuntimeConfig, dockerRuntime } from 'runlet/docker'
import { testRuntimeProvider } from 'runlet/testing'
import { CLIENT, describeEngine, IMAGE } from './support'

const make = (name: string, config: DockerRuntimeConfig = {}) =>
  dockerRuntime({
    image: IMAGE,
    docker: CLIENT,
    pull: 'never',
    prefix: `runlet-kit-${process.pid}-${name}`,
    ...config,
  })

describeEngine('the provider of containers', () => {
  it('passes every case of the kit, and leaves none out', async () => {
    const root = mkdtempSync(join(tmpdir(), 'runlet-kit-'))
    const failing = make('failing', { image: 'runlet-test:nowhere' })
    const idling = { provider: make('idling', { idleMs: 500 }), idleMs: 500 }
    try {
      const terms = { root, failing, idling }
      const { passed, failed, skipped } = await testRuntimeProvider(make('all'), terms)
      expect([failed, skipped]).toEqual([[], []])
      expect(passed.length).toBeGreaterThan(100)
    } finally {
      await failing.close?.()
      await idling.provider.close?.()
      rmSync(root, { recursive: true, force: true })
    }
  }, 900_000)
})

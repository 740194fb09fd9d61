import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import * as runlet from 'runlet'

const root = join(__dirname, '..', '..')

/** Runs a script by the runtime this test runs on; its output, exit code and errors. */
function evaluate(script: string): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['-e', script], { cwd: root, timeout: 20_000 })
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString()
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, out, err }))
  })
}

const use = `runCodelet({ type: 'string', code: 'export default (n) => n * 2' }, { input: 21 })
  .then((result) => console.log(result.value))`

describe('A11 · one artefact loads by import and by require', () => {
  it.each([
    ['require', `const { runCodelet } = require('runlet'); ${use}`],
    ['import()', `import('runlet').then(({ runCodelet }) => ${use})`],
    ['import() of the default', `import('runlet').then(({ default: { runCodelet } }) => ${use})`],
  ])('by %s, and the process ends by itself', async (_how, script) => {
    expect(await evaluate(script)).toEqual({ code: 0, out: '42\n', err: '' })
  })

  it('gives the same functions both ways', async () => {
    const script = `const a = require('runlet'); import('runlet').then((b) =>
      console.log(Object.keys(a).every((name) => a[name] === b[name])))`
    expect((await evaluate(script)).out).toBe('true\n')
  })

  it('costs nothing when only loaded: the process ends at once', async () => {
    expect(await evaluate(`require('runlet').createCodeletRunner()`)).toEqual({
      code: 0,
      out: '',
      err: '',
    })
  })

  it('has the public names and no others, inside Jest and Bun too', () => {
    const names = Object.keys(runlet).filter((name) => name !== 'default' && name !== '__esModule')
    expect(names.sort()).toEqual(
      [
        'HostError',
        'ProcessError',
        'Queue',
        'RUNTIME_STARTUP_ERROR_KIND',
        'RUNTIME_TYPE_BUN',
        'RUNTIME_TYPE_NODE',
        'RunletError',
        'RuntimeStartupError',
        'SUPPORTED_RUNTIME_TYPES',
        'ScopedRuntimeRegistry',
        'ToolExecutionError',
        'analyzeCommand',
        'attachment',
        'capabilities',
        'classifyCommand',
        'commandApproval',
        'comparePermissions',
        'configFromEnv',
        'createCodeletRunner',
        'createRuntime',
        'createToolRuntime',
        'createToolRuntimeFactory',
        'defaultConfig',
        'fromAppConfig',
        'hostFunction',
        'isBunAvailable',
        'isNodeAvailable',
        'isRuntimeStartupError',
        'isRuntimeStartupErrorText',
        'isValidRuntimeType',
        'loadRuntimeConfig',
        'localWorkspace',
        'mergeWithDefaults',
        'resolveScope',
        'runCodelet',
        'runtimeName',
        'runtimeWithEvents',
        'safeRoot',
        'sandboxedSpawn',
        'selectScope',
        'testConfig',
        'workspace',
        'workspacePath',
        'workspaceTools',
      ].sort(),
    )
  })

  it('says what this build can do', () => {
    const { hardKill, processIsolation, threads, engine, version } = runlet.capabilities()
    expect([typeof hardKill, typeof processIsolation]).toEqual(['boolean', 'boolean'])
    expect(threads).toBeGreaterThanOrEqual(1)
    expect(engine).toEqual({
      name: expect.any(String),
      commit: expect.stringMatching(/^[0-9a-f]{7,40}$/),
    })
    expect(version).toMatch(/^\d+\.\d+\.\d+/)
  })

  it('says what workspaces can use, and of what is missing why', () => {
    const { virtualShell, ...others } = runlet.capabilities().workspaces
    const parts = { ...virtualShell, ...others }
    const names = ['native', 'just-bash', 'bash', 'sandbox', 'docker', 'gondolin']
    expect(Object.keys(parts)).toEqual(names)
    for (const [name, { usable, why }] of Object.entries(parts)) {
      expect([name, usable]).toEqual([name, why === null])
      if (why !== null) expect(why).not.toBe('')
    }
    expect(virtualShell['just-bash'].version).toMatch(/^\d+\.\d+\.\d+/)
  })
})

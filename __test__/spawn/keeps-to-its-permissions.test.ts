import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { type SandboxedSpawnOptions, sandboxedSpawn } from 'runlet'
import { programOf } from '../tool/plain-peer'
import { onGround, plain, SECRET } from './support'

/** A shell in the folder of the test. */
function sh(cwd: string, script: string, options: SandboxedSpawnOptions = {}) {
  return sandboxedSpawn('sh', ['-c', script], { cwd, ...options })
}

const shell = (cwd: string, script: string) => plain('sh', ['-c', script], cwd)

describe('a file outside of what may be read', () => {
  it('is read the plain way', async () => {
    await onGround(async ({ inside, secret }) => {
      expect((await plain('cat', [secret], inside)).stdout).toBe(SECRET)
    })
  })

  it('is not read: by the command, through a link, on a way up, or by what it starts', async () => {
    await onGround(async ({ inside, secret }) => {
      const permissions = ['--allow-read=.', '--allow-write=.', '--allow-run=cat,ln']
      const script = `
        ln -s ${secret} link
        cat ${secret}; cat link; cat ../outside/secret.txt
        read line < ${secret}; echo "$line"`
      const result = await sh(inside, script, { permissions })
      expect(existsSync(join(inside, 'link'))).toBe(true)
      expect(result.stdout.trim()).toBe('')
      expect(result.stderr.match(/Permission denied/g)).toHaveLength(4)
    })
  })

  it('is read when its folder is granted, and nothing is written there then', async () => {
    await onGround(async ({ inside, secret, target }) => {
      const permissions = ['--allow-read=../outside']
      const cat = await sandboxedSpawn('cat', [secret], { cwd: inside, permissions })
      expect([cat.exitCode, cat.stdout]).toEqual([0, SECRET])
      const touch = await sh(inside, `echo x > ${target}`, { permissions })
      expect([touch.exitCode, existsSync(target)]).toEqual([2, false])
    })
  })
})

describe('a file outside of what may be written', () => {
  const attack = (secret: string, target: string) =>
    `echo x > ${target}; echo x >> ${secret}; mv ${secret} ${secret}.moved; rm -f ${secret}*; :`

  it('is written, moved and removed the plain way', async () => {
    await onGround(async ({ inside, secret, target }) => {
      await shell(inside, attack(secret, target))
      expect([existsSync(target), existsSync(secret)]).toEqual([true, false])
    })
  })

  it('stays as it was', async () => {
    await onGround(async ({ inside, secret, target }) => {
      const permissions = ['--allow-read', '--allow-write=.', '--allow-run=mv,rm']
      const { stdout } = await sh(inside, `${attack(secret, target)}; echo x > own; echo done`, {
        permissions,
      })
      expect(stdout).toBe('done\n')
      expect(existsSync(join(inside, 'own'))).toBe(true)
      expect(existsSync(target)).toBe(false)
      expect(readFileSync(secret, 'utf8')).toBe(SECRET)
    })
  })
})

describe('a program that no permission names', () => {
  it('is started the plain way', async () => {
    await onGround(async ({ inside }) => {
      expect((await shell(inside, 'uname; cat /dev/null && echo both')).stdout).toMatch(/both/)
    })
  })

  it('is not started, whatever is', async () => {
    await onGround(async ({ inside }) => {
      const without = await sh(inside, 'uname && echo started')
      expect([without.exitCode, without.stdout]).toEqual([2, ''])
      const other = await sh(inside, 'cat /dev/null && echo cat; uname || echo refused', {
        permissions: ['--allow-run=cat'],
      })
      expect(other.stdout).toBe('cat\nrefused\n')
    })
  })

  it('is not started by taking the place of the command either', async () => {
    await onGround(async ({ inside }) => {
      const { stdout, exitCode } = await sh(inside, 'exec uname')
      expect([stdout, exitCode]).toEqual(['', 126])
    })
  })

  it('is not made by the command itself', async () => {
    await onGround(async ({ inside }) => {
      const script = 'cp /bin/uname own && chmod +x own; ./own && echo started'
      expect((await shell(inside, script)).stdout).toMatch(/started/)
      const permissions = ['--allow-read', '--allow-write=.', '--allow-run=cp,chmod']
      expect((await sh(inside, script, { permissions })).stdout).not.toMatch(/started/)
    })
  })
})

describe('a connection', () => {
  const code = `
    const socket = require('node:net').connect(Number(process.argv[1]), process.argv[2])
    socket.on('data', (data) => console.log(String(data)))
    socket.on('error', (error) => console.log(error.code))`
  const limits = { memoryLimitBytes: 0 }

  async function served(work: (port: number) => Promise<void>): Promise<void> {
    const server: Server = createServer((socket) => socket.end('hello'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.2', resolve))
    const address = server.address()
    try {
      await work(typeof address === 'object' && address !== null ? address.port : 0)
    } finally {
      server.close()
    }
  }

  it('is made the plain way, and with the permission', async () => {
    await onGround(({ inside }) =>
      served(async (port) => {
        const args = ['-e', code, String(port), '127.0.0.2']
        expect((await plain(programOf('node'), args, inside)).stdout).toBe('hello\n')
        const permissions = [`--allow-net=127.0.0.2:${port}`]
        const options = { cwd: inside, permissions, limits }
        const { stdout, denials } = await sandboxedSpawn(programOf('node'), args, options)
        expect([stdout, denials]).toEqual(['hello\n', []])
      }),
    )
  })

  it('is made to the address that the resolver gives a name', async () => {
    await onGround(({ inside }) =>
      served(async (port) => {
        const args = ['-e', code, String(port), 'db.test']
        const { stdout } = await sandboxedSpawn(programOf('node'), args, {
          cwd: inside,
          permissions: ['--allow-net=db.test', '--allow-private=db.test'],
          resolver: { hosts: { 'db.test': ['127.0.0.2'] } },
          limits,
        })
        expect(stdout).toBe('hello\n')
      }),
    )
  })

  it('is refused without, and the result says which one and what would allow it', async () => {
    await onGround(({ inside }) =>
      served(async (port) => {
        const args = ['-e', code, String(port), '127.0.0.2']
        const none = await sandboxedSpawn(programOf('node'), args, { cwd: inside, limits })
        expect(none.stdout).toBe('EACCES\n')
        const permissions = [`--allow-net=127.0.0.3:${port}`]
        const options = { cwd: inside, permissions, limits }
        const other = await sandboxedSpawn(programOf('node'), args, options)
        expect(other.stdout).toBe('EACCES\n')
        expect(other.denials).toMatchObject([
          {
            kind: 'net',
            target: `127.0.0.2:${port}`,
            reason: 'no-rule',
            allowWith: `--allow-net=127.0.0.2:${port}`,
          },
        ])
      }),
    )
  })
})

describe('the report', () => {
  it('says what was enforced, and what was granted without being asked for', async () => {
    await onGround(async ({ inside }) => {
      const { enforcement } = await sandboxedSpawn('true', [], {
        cwd: inside,
        permissions: { read: ['.'] },
      })
      expect([enforcement.mode, enforcement.level]).toEqual(['require', 'full'])
      const [asked] = enforcement.permissions
      expect(asked).toEqual({ permission: '--allow-read=.', status: 'enforced', why: 'kernel' })
      const implicit = enforcement.permissions.filter((entry) => entry.implicit)
      expect(implicit.map(({ permission }) => permission)).toContain('--allow-read=/dev/null')
      expect(implicit.map(({ permission }) => permission)).not.toContain('--allow-read=/etc')
    })
  })

  it('says what was not, where the best effort was enough', async () => {
    await onGround(async ({ inside }) => {
      writeFileSync(join(inside, 'kept'), '')
      const permissions = ['--allow-read=.', '--allow-write=.', '--deny-write=./kept']
      const { exitCode, enforcement } = await sandboxedSpawn('true', [], {
        cwd: inside,
        permissions,
        enforcement: 'best-effort',
      })
      expect([exitCode, enforcement.level]).toEqual([0, 'partial'])
      const open = enforcement.permissions.filter(({ status }) => status === 'not-enforced')
      expect(open.map(({ permission }) => permission)).toEqual(['--deny-write=./kept'])
    })
  })
})

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from '@jest/globals'
import type { RunletError, Runtime } from 'runlet'
import { refusal } from '../workspace/support'
import { describeEngine, IMAGE, inContainer, PATIENCE_MS, plain } from './support'

const ODD = ['new\nline', 'tab\tbed', ' blank ', '-dash', 'quo\'te"', 'é\u{1f600}', '$(x)`y`', '*']

const SETUP = [
  'mkdir -p d/e; printf "a\\nb\\nc" > d/e/f.txt; echo needle > d/n.txt; chmod 750 d/n.txt',
  'ln -s /etc/passwd out; ln -s d in; ln -s nowhere dangling; mkfifo fifo',
  'head -c 2000000 /dev/zero > large',
].join('; ')

/** Everything about the files of that ground, results and errors alike. */
async function all(runtime: Runtime): Promise<unknown[]> {
  const seen: unknown[] = []
  const note = async (what: string, work: Promise<unknown> | undefined) => {
    const told = await work?.catch(({ code, message, details }: RunletError) => ({
      code,
      message,
      details,
    }))
    seen.push([what, told])
  }
  const paths = [
    'd/e/f.txt',
    '/workspace/d/e/f.txt',
    'in/e/f.txt',
    'out',
    '../x',
    'none',
    'd',
    'fifo',
  ]
  for (const path of [...paths, 'large', 'd\0e', 'dangling', 'none/x', 'd/n.txt/x']) {
    await note(`read ${path}`, runtime.read?.({ path }))
    await note(`ls ${path}`, runtime.ls?.({ path }))
    await note(`find ${path}`, runtime.find?.({ path }))
    await note(`grep ${path}`, runtime.grep?.({ path, query: 'b' }))
  }
  await note('lines', runtime.read?.({ path: 'd/e/f.txt', offset: 2, limit: 1 }))
  await note('base64', runtime.read?.({ path: 'd/n.txt', encoding: 'base64' }))
  for (const path of ['n/e/w.txt', 'out', 'in/x', '../x', 'd', 'fifo', 'dangling']) {
    await note(`write ${path}`, runtime.write?.({ path, content: 'new é\n' }))
  }
  for (const [oldText, newText] of [
    ['needle', '$& $1'],
    ['absent', 'x'],
    ['', 'x'],
  ] as const) {
    await note('edit', runtime.edit?.({ path: 'd/n.txt', oldText, newText }))
  }
  await note('ls', runtime.ls?.({}))
  await note('find', runtime.find?.({}))
  await note('find', runtime.find?.({ pattern: '**/*.txt' }))
  await note('grep', runtime.grep?.({ query: '\\$. \\$1', regex: true }))
  await note('after', runtime.bash?.({ command: 'cat n/e/w.txt d/n.txt in/x; stat -c %a d/n.txt' }))
  return JSON.parse(JSON.stringify(seen).replaceAll(/"ms":\d+/g, '"ms":0')) as unknown[]
}

describeEngine('files', () => {
  it(
    'are searched by scripts inside while commands end beside them',
    async () => {
      await inContainer({ files: 'guest' }, async ({ runtime, bash }) => {
        const make = 'mkdir t; i=0; while [ $i -lt 3000 ]; do echo x > t/$i; i=$((i + 1)); done'
        expect((await bash(make)).code).toBe(0)
        let isOver = false
        const searching = (async () => {
          for (let at = 0; !isOver; at++) {
            const input = { query: 'x', path: 't', maxResults: 5_000, chat: 's' }
            expect((await runtime.grep?.(input))?.hits).toHaveLength(3_000)
            // So that it begins at any time of what the commands do.
            await sleep((at * 37) % 200)
          }
        })()
        // Each of them ends all that it may have left, if nobody else is at work then.
        for (let at = 0; at < 40; at++) await bash('sleep 9 & true', { chat: 'c' })
        isOver = true
        await searching
        expect((await bash('echo here')).out).toBe('here\n')
      })
    },
    2 * PATIENCE_MS,
  )

  it('that a command made are told, and given with their bytes', async () => {
    await inContainer({}, async ({ runtime, bash }) => {
      await bash('printf old > old.csv')
      const since = (await runtime.mark?.()) ?? ''
      await bash('mkdir -p out && printf abc > out/a.csv && ln -s /etc/passwd out/link')
      const files = await runtime.generated?.({ since, path: '/workspace' })
      expect(files).toMatchObject([{ path: 'out/a.csv', size: 3 }])
      const opened = await runtime.openGenerated?.({ path: '/workspace/out/a.csv' })
      expect(Buffer.from(opened?.bytes ?? []).toString()).toBe('abc')
      const link = await refusal(() => runtime.openGenerated?.({ path: 'out/link' }))
      expect(link.message).toBe('path is a symbolic link that is not followed: out/link')
    })
    await inContainer({ files: 'guest' }, async ({ runtime, bash }) => {
      await bash('printf abc > a.csv')
      const opened = await runtime.openGenerated?.({ path: '/workspace/a.csv' })
      expect(Buffer.from(opened?.bytes ?? []).toString()).toBe('abc')
      const error = await refusal(() => runtime.mark?.())
      expect([error.code, error.message]).toEqual([
        'RUNTIME_ERROR',
        expect.stringMatching(/only where the folder of the container is on this machine$/),
      ])
    })
  })

  it(
    'mean the same by the host and by scripts inside',
    async () => {
      const [host, guest] = (await Promise.all(
        (['host', 'guest'] as const).map((files) =>
          inContainer({ files }, async ({ bash, runtime }) => {
            expect((await bash(SETUP)).err).toBe('')
            return all(runtime)
          }),
        ),
      )) as [unknown[], unknown[]]
      expect(guest).toEqual(host)
      expect(JSON.stringify(host)).not.toMatch(/\/tmp\//)
    },
    PATIENCE_MS,
  )

  it(
    'have any name, also one with line ends, in every operation',
    async () => {
      for (const files of ['auto', 'guest'] as const) {
        await inContainer({ files }, async ({ bash, runtime }) => {
          for (const name of ODD)
            await runtime.write?.({ path: `d/${name}`, content: `in ${name}` })
          expect((await runtime.ls?.({ path: 'd' }))?.entries.map(({ name }) => name)).toEqual(
            [...ODD].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
          )
          expect((await runtime.find?.({ type: 'file' }))?.paths).toHaveLength(ODD.length)
          const { hits = [] } = (await runtime.grep?.({ query: 'in' })) ?? {}
          expect(new Set(hits.map(({ path }) => path))).toEqual(
            new Set(ODD.map((one) => `d/${one}`)),
          )
          for (const name of ODD) {
            expect((await runtime.read?.({ path: `d/${name}` }))?.text).toBe(`in ${name}`)
          }
          const { out } = await bash('for f in d/*; do cat "$f"; done | wc -c')
          expect(Number(out)).toBe(Buffer.byteLength(ODD.map((name) => `in ${name}`).join('')))
        })
      }
    },
    PATIENCE_MS,
  )

  it('beside the plain client: a name with a line end is two in its list', () => {
    const name = `runlet-test-names-${process.pid}`
    const start = ['run', '-d', '--pull', 'never', '--name', name, '--network', 'none', IMAGE]
    plain(...start, 'sleep', '600')
    try {
      plain('exec', name, 'sh', '-c', 'mkdir /d; touch "/d/new\nline"')
      expect(plain('exec', name, 'find', '/d', '-type', 'f').out.trim().split('\n')).toHaveLength(2)
    } finally {
      plain('rm', '-f', name)
    }
  })

  it(
    'are the same file inside and outside, and the look for that leaves none',
    async () => {
      await inContainer({}, async ({ bash, root, runtime }) => {
        await bash('echo inside > a')
        expect(readFileSync(join(root, 'a'), 'utf8')).toBe('inside\n')
        await runtime.write?.({ path: 'b', content: 'outside\n' })
        expect((await bash('cat b; ls -A .runlet')).out).toBe('outside\n')
        expect((await runtime.find?.({}))?.paths).toEqual(['a', 'b'])
        // Somebody who makes something else of that folder keeps nothing from being started.
        await bash('rm -rf .runlet; ln -s /etc .runlet')
        await runtime.restart()
        expect((await bash('cat a')).out).toBe('inside\n')
        expect(existsSync(join(root, '.runlet-probe'))).toBe(false)
        expect((await refusal(() => runtime.read?.({ path: '.runlet/passwd' }))).message).toMatch(
          /escapes runtime root/,
        )
      })
    },
    PATIENCE_MS,
  )
})

describeEngine('what a command prints', () => {
  it(
    'is shown from both ends, all of it in a file, and heard line by line',
    async () => {
      await inContainer({}, async ({ bash, root }) => {
        const heard: string[] = []
        const onOutput = ({ text }: { text: string }) => heard.push(text)
        const result = await bash('seq 100000; echo "é\u{1f600}" >&2', { onOutput })
        expect(result).toMatchObject({ code: 0, err: 'é\u{1f600}\n', truncated: true })
        expect(result.out).toMatch(/^1\n2\n[\s\S]*\n\.\.\.\[truncated\]\n[\s\S]*99999\n100000\n$/)
        const whole = readFileSync(join(root, result.spool?.path ?? ''), 'utf8')
        expect(whole.split('\n')).toHaveLength(100_002)
        expect(heard.join('').length).toBe(whole.length)
      })
    },
    PATIENCE_MS,
  )

  it('is capped, as the plain client does not', async () => {
    await inContainer({}, async ({ bash }) => {
      const result = await bash('yes')
      expect([result.code, result.error?.code]).toEqual([125, 'OUTPUT_LIMIT'])
      expect((await bash('echo alive')).out).toBe('alive\n')
    })
    const name = `runlet-test-output-${process.pid}`
    const start = ['run', '-d', '--pull', 'never', '--name', name, '--network', 'none', IMAGE]
    plain(...start, 'sleep', '600')
    try {
      const { out } = plain('exec', name, 'sh', '-c', 'yes | head -c 600000')
      expect(out.length).toBe(600_000)
    } finally {
      plain('rm', '-f', name)
    }
  }, 120_000)
})

describeEngine('a command', () => {
  it('may be as long as a MiB', async () => {
    await inContainer({}, async ({ bash }) => {
      const text = 'é'.repeat(250_000)
      const { code, out } = await bash(`printf %s '${text}' | wc -c; echo $# "$0"`)
      expect([code, out.trim().split(/\s+/)]).toEqual([0, ['500000', '0', 'bash']])
    })
  })

  it(
    'runs in sh where the image has no bash',
    async () => {
      const name = `runlet-test-sh-${process.pid}`
      const image = `runlet-test:sh-${process.pid}`
      plain('run', '--pull', 'never', '--name', name, '--network', 'none', IMAGE, 'rm', '/bin/bash')
      plain('commit', name, image)
      plain('rm', '-f', name)
      try {
        await inContainer({ image }, async ({ bash }) => {
          expect(await bash('echo "$0" $((1 + 1)); exit 3')).toMatchObject({
            code: 3,
            out: 'sh 2\n',
          })
          const late = await bash('sleep 100 & sleep 100', { timeoutMs: 500 })
          expect(late.code).toBe(124)
          const { out } = await bash(`printf %s '${'x'.repeat(300_000)}' | wc -c`)
          expect(out.trim()).toBe('300000')
        })
      } finally {
        plain('image', 'rm', '-f', image)
      }
    },
    PATIENCE_MS,
  )

  it('has nothing on its standard input', async () => {
    await inContainer({}, async ({ bash }) => {
      expect(await bash('cat; read x; echo $?')).toMatchObject({ code: 0, out: '1\n' })
    })
  })
})

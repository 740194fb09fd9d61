import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { createRuntime } from 'runlet'
import { gondolinOn, LocalPackage, scopeOf } from './gondolin-support'
import { freshFolder, Listener, refusal } from './support'

interface Folder {
  readdir(path: string): Promise<{ name: string }[]>
}

const names = (entries: { name: string }[]) => entries.map(({ name }) => name).sort()

it('files that a command made are told, and given with their bytes', async () => {
  const made = new LocalPackage()
  const provider = gondolinOn(made.computer(), {})
  const runtime = createRuntime({ root: freshFolder(), provider, logger: new Listener() })
  const since = (await runtime.mark?.()) ?? ''
  await runtime.bash?.({ command: 'mkdir -p out && printf abc > out/a.csv' })
  const files = await runtime.generated?.({ since, path: '/workspace/out' })
  expect(files).toMatchObject([{ path: 'out/a.csv', size: 3 }])
  for (const path of ['out/a.csv', '/workspace/out/a.csv']) {
    const opened = await runtime.openGenerated?.({ path })
    expect([path, opened?.mimeType]).toEqual([path, 'text/csv'])
    expect(Buffer.from(opened?.bytes ?? []).toString()).toBe('abc')
  }
  const outside = await refusal(() => runtime.openGenerated?.({ path: '../a' }))
  expect(outside.message).toBe('path escapes runtime scope')
  await runtime.close()
  await provider.close?.()
})

it('the lists of folders that a package keeps are true before each command', async () => {
  const made = new LocalPackage()
  const provider = gondolinOn(made.computer(), {})
  const scope = scopeOf()
  const runtime = provider.get(scope)
  await runtime.write?.({ path: 'folder/a', content: '' })
  await runtime.bash?.({ command: 'true' })
  const folder = made.created[0]?.vfs?.mounts['/workspace'] as Folder
  // The package hands out the same list again, as long as it likes.
  const [top, below] = [await folder.readdir('/'), await folder.readdir('/folder')]
  expect([names(top), names(below)]).toEqual([['folder'], ['a']])
  await runtime.write?.({ path: 'folder/b', content: '' })
  writeFileSync(join(scope.root, 'by-another'), '')
  expect([names(top), names(below)]).toEqual([['folder'], ['a']])
  await runtime.bash?.({ command: 'true' })
  expect([names(top), names(below)]).toEqual([
    ['by-another', 'folder'],
    ['a', 'b'],
  ])
  rmSync(join(scope.root, 'folder'), { recursive: true })
  await runtime.bash?.({ command: 'true' })
  expect([names(top), names(below)]).toEqual([['by-another'], []])
  for (let at = 0; at < 300; at++) mkdirSync(join(scope.root, `d${at}`))
  const lists = []
  for (let at = 0; at < 300; at++) lists.push(await folder.readdir(`/d${at}`))
  writeFileSync(join(scope.root, 'd0', 'x'), '')
  writeFileSync(join(scope.root, 'd299', 'x'), '')
  await runtime.bash?.({ command: 'true' })
  // Of more folders than the package keeps, the latest.
  expect([names(lists[0] ?? []), names(lists[299] ?? [])]).toEqual([[], ['x']])
  await provider.close?.()
})
